"""An Asterisk that never was: its side of the websocket and of HTTP, under ARI.

What the requests do is for whoever derives from `Wire`.
"""

import asyncio
import base64
import json
from collections.abc import Mapping
from typing import Any

from aiohttp import WSMsgType, web

from tests.ari.ari_people import APP

USER, PASSWORD = "allo", "secret-of-the-tests"

_FRAME_BYTES = 65_535

#: A status and the body of an answer, None without one.
Answer = tuple[int, Any]


class Wire:
    """Listens after `open`; `url` is then ARI's address."""

    def __init__(self) -> None:
        #: The kinds of events that are sent; None: all.
        self.allowed: set[str] | None = None
        #: A peer that is not there any more answers no ping.
        self.answers_pings = True
        self.connections = 0
        self.port = 0
        self._socket: web.WebSocketResponse | None = None
        self._sockets: dict[web.WebSocketResponse, asyncio.Transport] = {}
        self._outbox: asyncio.Queue[tuple[web.WebSocketResponse, str]] = asyncio.Queue()
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._sender: asyncio.Task[None] | None = None

    # For whoever derives from it.

    async def carry_out(
        self, method: str, path: str, query: Mapping[str, str], body: Mapping[str, Any]
    ) -> Answer | None:
        """Do what is asked and return the answer; None breaks the connection instead."""
        raise NotImplementedError

    def listened_to(self) -> None:
        """Somebody listens from now on, or a caller has come."""

    @property
    def is_listened_to(self) -> bool:
        return self._socket is not None

    # Life.

    async def open(self) -> None:
        """Listen, at any port."""
        app = web.Application(client_max_size=1 << 20)
        app.router.add_get("/ari/events", self._events)
        app.router.add_route("*", "/ari/{path:.*}", self._http)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        self._sender = asyncio.create_task(self._send_all())
        await self.accept()

    async def close(self) -> None:
        assert self._runner is not None
        assert self._sender is not None
        self._sender.cancel()
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/ari"

    async def accept(self) -> None:
        """Listen (again), on the same port as before."""
        assert self._runner is not None
        self._site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await self._site.start()
        self.port = self._runner.addresses[0][1]

    async def refuse(self) -> None:
        """Stop listening and drop the websocket: Asterisk is away."""
        await self.drop()
        if self._site is not None:
            await self._site.stop()
            self._site = None

    async def drop(self) -> None:
        """Drop every websocket without a goodbye. Channels stay as they are."""
        self._socket = None
        for transport in self._sockets.values():
            transport.abort()

    async def say_goodbye(self) -> None:
        """Close every websocket politely."""
        for socket in list(self._sockets):
            await socket.close()

    # Events.

    def send(self, kind: str, /, **fields: Any) -> None:
        """Send an event, if the filter lets it pass and somebody listens."""
        if self._socket is not None and (self.allowed is None or kind in self.allowed):
            self._post(self._socket, {"type": kind, "application": APP, **fields})

    def send_text(self, text: str) -> None:
        """Send any text as a frame."""
        assert self._socket is not None
        self._outbox.put_nowait((self._socket, text))

    # Requests.

    async def _events(self, request: web.Request) -> web.StreamResponse:
        if (refusal := _authorised(request)) is not None:
            return refusal
        socket = web.WebSocketResponse(max_msg_size=_FRAME_BYTES, autoping=self.answers_pings)
        await socket.prepare(request)
        if self._socket is not None:
            self.send("ApplicationReplaced")
        self._socket = socket
        assert isinstance(request.transport, asyncio.Transport)
        self._sockets[socket] = request.transport
        self.connections += 1
        self.listened_to()
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    await self._rest(socket, json.loads(message.data))
        finally:
            self._sockets.pop(socket, None)
            if self._socket is socket:
                self._socket = None
        return socket

    async def _rest(self, socket: web.WebSocketResponse, data: Mapping[str, Any]) -> None:
        """One request over the websocket. The next one is read after its answer only."""
        query = {item["name"]: item["value"] for item in data.get("query_strings", ())}
        body = json.loads(data.get("message_body") or "{}")
        result = await self.carry_out(data["method"], data["uri"], query, body)
        if result is None:
            self._sockets[socket].abort()
            return
        status, answer = result
        if self.allowed is not None and "RESTResponse" not in self.allowed:
            return
        response = {
            "type": "RESTResponse",
            "transaction_id": data["transaction_id"],
            "request_id": data["request_id"],
            "status_code": status,
            "reason_phrase": "-",
            "uri": data["uri"],
        }
        if answer is not None:
            response |= {"content_type": "application/json", "message_body": json.dumps(answer)}
        self._post(socket, response)

    async def _http(self, request: web.Request) -> web.StreamResponse:
        if (refusal := _authorised(request)) is not None:
            return refusal
        body = await request.json() if request.can_read_body else {}
        result = await self.carry_out(
            request.method, request.match_info["path"], request.query, body
        )
        if result is None:
            assert isinstance(request.transport, asyncio.Transport)
            request.transport.abort()
            return web.Response()
        status, answer = result
        if answer is None:
            return web.Response(status=status)
        return web.json_response(answer, status=status)

    def _post(self, socket: web.WebSocketResponse, data: Mapping[str, Any]) -> None:
        self._outbox.put_nowait((socket, json.dumps(data)))

    async def _send_all(self) -> None:
        while True:
            socket, text = await self._outbox.get()
            if not socket.closed:
                try:
                    await socket.send_str(text)
                except ConnectionError:
                    continue


def _authorised(request: web.Request) -> web.Response | None:
    expected = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    if request.headers.get("Authorization") == f"Basic {expected}":
        return None
    return web.json_response({"error": "Authentication required"}, status=401)
