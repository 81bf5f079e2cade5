"""A thin client of ARI on aiohttp: one websocket, one pool of HTTP connections.

Events come over the websocket, and requests that cannot block go back over it: at half the
processor time of HTTP, and a fraction of its tail latency (measured). Asterisk carries out the
requests of one websocket one after the other, so those that may wait for a prompt to end go over
HTTP, each on a connection of its own.

docs.asterisk.org, "ARI REST over WebSocket".
"""

import asyncio
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
import orjson

from router.ari.messages import Request
from router.errors import AriError, AriGone, AriRejected, AriUnauthorized, AriUnreachable

Receive = Callable[[Mapping[str, Any]], None]

#: How long a silence before a ping; no pong within half as long is a disconnection, so a dead
#: peer is noticed within 6 s. (With 20 s, another client left a silent drop unnoticed for 40 s.)
HEARTBEAT_S = 4.0

#: Below Asterisk's session_keep_alive (15 s), lest a POST meet a connection just closed.
_KEEP_ALIVE_S = 10.0

_CONNECT_TIMEOUT_S = 3.0

_GOODBYE_TIMEOUT_S = 1.0

#: How long an answer may take over HTTP: it may wait for the longest prompt to end.
_BLOCKED_TIMEOUT_S = 180.0

#: On a longer frame Asterisk closes the websocket (AST_WEBSOCKET_MAX_RX_PAYLOAD_SIZE).
_FRAME_BYTES = 65_535

#: Not found, not in the application, in a bad state, not addable: the caller has left.
_GONE = frozenset({404, 409, 412, 422})


class AriClient:
    """One connection to one application of one Asterisk.

    Call `open`, then `read` in a task of its own; `ask` works from then until `read` returns,
    after which `open` may be called again. `receive` gets every event, decoded, and must not
    block. Nothing that passes through here is logged.
    """

    def __init__(
        self,
        base_url: str,
        user: str,
        password: str,
        app: str,
        receive: Receive,
        heartbeat_s: float = HEARTBEAT_S,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._user = user
        self._app = app
        self._presence = presence(app)
        self._receive = receive
        self._heartbeat_s = heartbeat_s
        token = b64encode(f"{user}:{password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {token}"}
        self._session: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._waiting: dict[str, tuple[Request, asyncio.Future[Any]]] = {}
        self._last_id = 0
        self._goodbyes: set[asyncio.Task[None]] = set()

    async def is_in_use(self) -> bool:
        """Ask whether a router is connected to the application.

        Raises:
            AriUnreachable: If there is no answer.
            AriUnauthorized: If Asterisk does not know this user with this password.
            AriRejected: If Asterisk refuses otherwise.
        """
        self._begun()
        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                await self.ask_http(Request("connect", "GET", f"applications/{self._presence}"))
        except AriGone:
            return False
        except AriRejected as error:
            if error.status == 401:
                raise AriUnauthorized("connect", self._user) from None
            raise
        except TimeoutError as error:
            raise self._unreachable(error) from None
        return True

    async def open(self) -> None:
        """Connect the websocket: from here on Asterisk sends this application's calls to us.

        Raises:
            AriUnreachable: If there is no answer.
            AriUnauthorized: If Asterisk does not know this user with this password.
            AriRejected: If Asterisk refuses otherwise.
        """
        session = self._begun()
        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                self._socket = await session.ws_connect(
                    f"{self.base_url}/events",
                    params={"app": f"{self._app},{self._presence}"},
                    heartbeat=self._heartbeat_s,
                    max_msg_size=0,
                    timeout=aiohttp.ClientWSTimeout(ws_close=_GOODBYE_TIMEOUT_S),
                )
        except aiohttp.WSServerHandshakeError as error:
            if error.status == 401:
                raise AriUnauthorized("connect", self._user) from None
            raise AriRejected(error.status, "connect", error.message) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._unreachable(error) from None

    async def read(self) -> AriUnreachable:
        """Read until the connection ends, politely or not; return why it did.

        Every request that still waits on the websocket then fails with AriUnreachable.
        """
        socket = self._socket
        assert socket is not None, "open() first"
        try:
            async for message in socket:
                if message.type is not aiohttp.WSMsgType.TEXT:
                    continue
                data = _decoded(message.data)
                if data.get("type") == "RESTResponse":
                    self._answered(data)
                else:
                    self._receive(data)
            return self._unreachable(socket.exception() or f"closed ({socket.close_code})")
        finally:
            self.drop()

    def drop(self) -> None:
        """Give the websocket up: `read` returns, and requests that wait on it fail."""
        socket, self._socket = self._socket, None
        if socket is not None and not socket.closed:
            # Not awaited: a peer that is gone does not answer the goodbye.
            task = asyncio.create_task(_say_goodbye(socket))
            self._goodbyes.add(task)
            task.add_done_callback(self._goodbyes.discard)
        waiting, self._waiting = self._waiting, {}
        for _, answer in waiting.values():
            if not answer.done():
                answer.set_exception(self._unreachable("disconnected"))

    def _begun(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE_S)
            self._session = aiohttp.ClientSession(connector=connector, headers=self._headers)
        return self._session

    async def close(self) -> None:
        """Give up every connection."""
        self.drop()
        await asyncio.gather(*self._goodbyes)
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def ask(self, request: Request) -> Any:
        """Carry out a request; return the decoded answer to a GET, None to any other.

        Raises:
            AriUnreachable: If there is no connection or no answer.
            AriGone: If what the request is about is not there any more.
            AriRejected: If Asterisk refuses for another reason.
        """
        if request.may_block:
            return await self.ask_http(request)
        return await (await self.send(request))

    async def send(self, request: Request) -> asyncio.Future[Any]:
        """Send a request that cannot block; return the future of what `ask` would return.

        Asterisk carries requests out in the order in which they are sent, so the next one need
        not wait for this one's answer. The caller's duty: await every future, or cancel it.
        """
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._last_id += 1
        number = str(self._last_id)
        frame = _frame(number, request)
        if len(frame) >= _FRAME_BYTES:
            answer.set_exception(AriRejected(413, request.operation, "longer than a frame"))
        elif self._socket is None:
            answer.set_exception(self._unreachable("disconnected"))
        else:
            self._waiting[number] = request, answer
            try:
                # No time-out: the thread of Asterisk that answers requests answers pings too, so
                # a request that hangs ends with the heartbeat.
                await self._socket.send_frame(frame, aiohttp.WSMsgType.TEXT)
            except (aiohttp.ClientError, OSError) as error:
                del self._waiting[number]
                answer.set_exception(self._unreachable(error))
        return answer

    async def ask_http(self, request: Request) -> Any:
        """Carry out a request over HTTP; it is never sent twice. Otherwise as `ask`."""
        if self._session is None:
            raise self._unreachable("disconnected")
        timeout = aiohttp.ClientTimeout(_BLOCKED_TIMEOUT_S, sock_connect=_CONNECT_TIMEOUT_S)
        try:
            async with self._session.request(
                request.method,
                f"{self.base_url}/{request.path}",
                params=request.query,
                json=request.body,
                timeout=timeout,
            ) as response:
                return _result(request, response.status, await response.text())
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._unreachable(error) from None

    def _answered(self, data: Mapping[str, Any]) -> None:
        request, answer = self._waiting.pop(data.get("request_id", ""), (None, None))
        if request is None or answer is None or answer.done():
            return
        try:
            answer.set_result(
                _result(request, data.get("status_code", 0), data.get("message_body", ""))
            )
        except AriError as error:
            answer.set_exception(error)

    def _unreachable(self, reason: BaseException | str) -> AriUnreachable:
        text = reason if isinstance(reason, str) else (str(reason) or type(reason).__name__)
        return AriUnreachable(self.base_url, text)


def presence(app: str) -> str:
    """Return the application whose only purpose is to show whether a router is connected.

    Asterisk keeps an application that has lost its router for as long as anything is subscribed
    for it, as phones are for ours. For this one nothing is: it exists exactly as long as the
    connection, and is gone 5 ms after a kill -9 (measured).
    """
    return f"{app}-router"


async def _say_goodbye(socket: aiohttp.ClientWebSocketResponse) -> None:
    await socket.close()


def _frame(number: str, request: Request) -> bytes:
    message: dict[str, Any] = {
        "type": "RESTRequest",
        "transaction_id": number,
        "request_id": number,
        "method": request.method,
        "uri": request.path,
    }
    if request.query:
        message["query_strings"] = [
            {"name": name, "value": value} for name, value in request.query.items()
        ]
    if request.body is not None:
        message["content_type"] = "application/json"
        message["message_body"] = orjson.dumps(request.body).decode()
    return orjson.dumps(message)


def _result(request: Request, status: int, text: str) -> Any:
    if 200 <= status < 300:
        return orjson.loads(text) if request.method == "GET" else None
    raise refusal(status, request.operation, _reason(text))


def refusal(status: int, operation: str, reason: str) -> AriError:
    """Return the error that an HTTP status of ARI means.

    Where others say 404, addChannel, removeChannel and originate say 400 with "… not found"
    (measured).
    """
    if status in _GONE or (status == 400 and reason.endswith("not found")):
        return AriGone(status, operation, reason)
    return AriRejected(status, operation, reason)


def _reason(text: str) -> str:
    data = _decoded(text)
    return str(data.get("message") or data.get("error") or "")


def _decoded(text: str) -> Mapping[str, Any]:
    """Return the JSON object in `text`; an empty one if there is none."""
    try:
        data = orjson.loads(text)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}
