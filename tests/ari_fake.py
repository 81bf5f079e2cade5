"""An Asterisk that never was: ARI in this process, with a control plane for tests.

It does what Asterisk 22.10 was measured to do with the requests and events that the router
uses; tests/contract runs the same tests on both. Prompts end by themselves at once, except
`hour`, which lasts until it is stopped or `end_prompt`.
"""

import asyncio
import base64
import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

USER, PASSWORD, APP = "allo", "secret-of-the-tests", "allo"

#: A phone's final SIP answer -> the Q.850 cause of its leg (measured).
CAUSES = {404: 1, 480: 19, 486: 17, 488: 58, 503: 34, 603: 21}
NO_ANSWER = 19
NORMAL = 16

_FRAME_BYTES = 65_535

Answer = tuple[int, Any]
_NOT_FOUND: Answer = (404, {"message": "not found"})
_DONE: Answer = (204, None)


@dataclass(eq=False)
class Playback:
    id: str
    channel: "Channel"
    media: list[str]
    over: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(eq=False)
class Channel:
    """One channel; `args` are those of Stasis() once it is there."""

    id: str
    endpoint: str
    state: str = "Up"
    args: list[str] | None = None
    variables: dict[str, str] = field(default_factory=dict)
    playbacks: list[Playback] = field(default_factory=list)
    music: bool = False
    bridge: str | None = None

    def describe(self) -> dict[str, Any]:
        stasis = self.args is not None
        data = ",".join([APP, *self.args]) if self.args is not None else "(Outgoing Line)"
        return {
            "id": self.id,
            "name": f"PJSIP/{self.endpoint}-{abs(hash(self.id)) % 0xFFFFFFFF:08x}",
            "state": self.state,
            "caller": {"name": "Anonyme", "number": "anonymous"},
            "connected": {"name": "", "number": ""},
            "dialplan": {"app_name": "Stasis" if stasis else "AppDial2", "app_data": data},
        }


class FakeCaller:
    """Somebody who dialled the service; without a channel while the router is away."""

    def __init__(self, fake: "FakeAsterisk") -> None:
        self._fake = fake
        self.channel: Channel | None = None

    async def hang_up(self) -> None:
        self._fake.destroy(self._served(), NORMAL)

    def press(self, keys: str) -> None:
        channel = self._served()
        if channel.bridge is not None:
            return  # handed on inside the RTP, unseen
        for key in keys:
            self._fake.send(
                "ChannelDtmfReceived", channel=channel.describe(), digit=key, duration_ms=80
            )

    def _served(self) -> Channel:
        assert self.channel is not None, "no router yet"
        return self.channel


class FakePhone:
    """An informateur's phone. `on_invite` is its SIP answer; 180 lets it ring."""

    def __init__(self, fake: "FakeAsterisk", endpoint: str) -> None:
        self._fake = fake
        self.endpoint = endpoint
        self.online = False
        self.on_invite = 180
        self.ringing = asyncio.Event()
        self.leg: Channel | None = None
        self._args: list[str] = []
        self._give_up: asyncio.TimerHandle | None = None

    async def register(self, expires_s: int = 60) -> int:
        self.online = expires_s > 0
        self._fake.tell_endpoint(self)
        return 200

    def answer(self) -> None:
        leg = self._taken()
        leg.state, leg.args = "Up", self._args
        self._fake.send("StasisStart", channel=leg.describe(), args=self._args)

    def refuse(self, status: int) -> None:
        self._fake.destroy(self._taken(), CAUSES.get(status, NORMAL))

    async def hang_up(self) -> None:
        assert self.leg is not None
        self._fake.destroy(self.leg, NORMAL)

    async def rings(self) -> None:
        """Return when it rings."""
        await self.ringing.wait()

    def invite(self, leg: Channel, args: list[str], timeout_s: float) -> None:
        """Asterisk rings this phone."""
        self.leg, self._args = leg, args
        loop = asyncio.get_running_loop()
        self._give_up = loop.call_later(timeout_s, self._fake.destroy, leg, NO_ANSWER)
        self._fake.tell_endpoint(self)
        self.ringing.set()
        if self.on_invite == 200:
            self.answer()
        elif self.on_invite != 180:
            self.refuse(self.on_invite)

    def left(self) -> None:
        """Asterisk's side of the leg is gone."""
        if self._give_up is not None:
            self._give_up.cancel()
        self.ringing.clear()
        self.leg = None

    def _taken(self) -> Channel:
        assert self.leg is not None, "nothing rings"
        assert self._give_up is not None
        self._give_up.cancel()
        return self.leg


class FakeAsterisk:
    """Start with `async with`; `url` is then ARI's address."""

    def __init__(self) -> None:
        self.channels: dict[str, Channel] = {}
        self.bridges: dict[str, str] = {}
        self.playbacks: dict[str, Playback] = {}
        self.phones: dict[str, FakePhone] = {}
        self.subscribed: set[str] = set()
        self.allowed: set[str] | None = None
        #: Every request carried out: "POST channels/1/play/2".
        self.requests: list[str] = []
        #: Answers to give instead of the real ones: (method, start of the path) -> answer;
        #: None breaks the connection instead.
        self.refusals: dict[tuple[str, str], Answer | None] = {}
        #: What happens the moment before a request is carried out, once.
        self.on_request: dict[str, Callable[[], None]] = {}
        #: A peer that is not there any more answers no ping.
        self.answers_pings = True
        self.connections = 0
        self.port = 0
        self._callers: list[FakeCaller] = []
        self._socket: web.WebSocketResponse | None = None
        self._sockets: dict[web.WebSocketResponse, asyncio.Transport] = {}
        self._outbox: asyncio.Queue[tuple[web.WebSocketResponse, str]] = asyncio.Queue()
        self._numbers = itertools.count(1)
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._sender: asyncio.Task[None] | None = None

    # --- life -----------------------------------------------------------------------------

    async def __aenter__(self) -> "FakeAsterisk":
        app = web.Application(client_max_size=1 << 20)
        app.router.add_get("/ari/events", self._events)
        app.router.add_route("*", "/ari/{path:.*}", self._http)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        self._sender = asyncio.create_task(self._send_all())
        await self.accept()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.refuse()
        for channel in list(self.channels.values()):
            self.destroy(channel, NORMAL)
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

    # --- what tests make happen ---------------------------------------------------------------

    async def call(self) -> FakeCaller:
        """A call comes in and is answered; it enters the application as soon as that is served."""
        caller = FakeCaller(self)
        self._callers.append(caller)
        self._serve()
        return caller

    def _serve(self) -> None:
        """The dialplan's retry loop: hand over whoever waits for the router."""
        while self._socket is not None and self._callers:
            caller = self._callers.pop(0)
            channel = Channel(f"fake-{next(self._numbers)}", "trunk", args=["caller"])
            self.channels[channel.id] = caller.channel = channel
            self.send("StasisStart", channel=channel.describe(), args=["caller"])

    def phone(self, agent: str) -> FakePhone:
        """The phone of an informateur; known to Asterisk from the first time on."""
        endpoint = f"agent-{agent}"
        return self.phones.setdefault(endpoint, FakePhone(self, endpoint))

    def end_prompt(self, playback_id: str) -> None:
        """The prompt is said to its end."""
        self._end(self.playbacks[playback_id])

    def wipe(self) -> None:
        """Asterisk crashed and came back: no channels, no bridges, nobody registered."""
        self.channels.clear()
        self.bridges.clear()
        self.playbacks.clear()
        self.subscribed.clear()
        self.allowed = None
        for phone in self.phones.values():
            phone.online = False

    def send(self, kind: str, /, **fields: Any) -> None:
        """Send an event, if the filter lets it pass and somebody listens."""
        if self._socket is not None and (self.allowed is None or kind in self.allowed):
            self._post(self._socket, {"type": kind, "application": APP, **fields})

    def send_text(self, text: str) -> None:
        """Send any text as a frame."""
        assert self._socket is not None
        self._outbox.put_nowait((self._socket, text))

    def destroy(self, channel: Channel, cause: int) -> None:
        """The channel's end, whoever wanted it."""
        if self.channels.pop(channel.id, None) is None:
            return
        for playback in list(channel.playbacks):
            self._end(playback)
        if channel.args is not None:
            self.send("StasisEnd", channel=channel.describe())
        phone = self.phones.get(channel.endpoint)
        if phone is not None:
            # Once for the originating application, once for the endpoint's subscription; of a
            # caller's channel, which entered by itself, nothing more is said (measured).
            for _ in range(1 + (channel.endpoint in self.subscribed)):
                self.send(
                    "ChannelDestroyed", channel=channel.describe(), cause=cause, cause_txt="-"
                )
            phone.left()
            self.tell_endpoint(phone)

    def tell_endpoint(self, phone: FakePhone) -> None:
        if phone.endpoint in self.subscribed:
            self.send("EndpointStateChange", endpoint=_describe(phone))

    # --- the wire -----------------------------------------------------------------------------

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
        self._serve()
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
        result = await self._carry_out(data["method"], data["uri"], query, body)
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
        result = await self._carry_out(
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

    # --- the requests -------------------------------------------------------------------------

    async def _carry_out(
        self, method: str, path: str, query: Mapping[str, str], body: Mapping[str, Any]
    ) -> Answer | None:
        self.requests.append(f"{method} {path}")
        self.on_request.pop(f"{method} {path}", lambda: None)()
        for (refused, start), answer in self.refusals.items():
            if refused == method and path.startswith(start):
                return answer
        match [method, *path.split("/")]:
            case ["GET", "channels"]:
                return 200, [channel.describe() for channel in self.channels.values()]
            case ["GET", "bridges"]:
                return 200, [self._describe_bridge(bridge) for bridge in self.bridges]
            case ["GET", "endpoints", "PJSIP"]:
                return 200, [_describe(phone) for phone in self.phones.values()]
            case ["GET", "playbacks", playback]:
                found = self.playbacks.get(playback)
                return (200, {"id": found.id}) if found else _NOT_FOUND
            case ["GET", "applications", name]:
                allowed = [{"type": kind} for kind in sorted(self.allowed or ())]
                return 200, {"name": name, "events_allowed": allowed}
            case ["PUT", "applications", _, "eventFilter"]:
                self.allowed = {item["type"] for item in body["allowed"]}
                return 200, {}
            case ["POST", "applications", _, "subscription"]:
                return self._subscribe(query["eventSource"].split(","))
            case ["DELETE", "playbacks", playback]:
                if playback not in self.playbacks:
                    return _NOT_FOUND
                self._end(self.playbacks[playback])
                return _DONE
            case ["POST", "channels", identity]:
                return self._originate(identity, query)
            case [_, "channels", identity, *rest]:
                return await self._on_channel(method, identity, rest, query, body)
            case ["POST", "bridges", bridge]:
                if bridge in self.bridges:
                    return 409, {"message": f"Bridge with id '{bridge}' already exists"}
                self.bridges[bridge] = query.get("name", "")
                return 200, self._describe_bridge(bridge)
            case ["DELETE", "bridges", bridge]:
                if self.bridges.pop(bridge, None) is None:
                    return _NOT_FOUND
                for channel in self.channels.values():
                    if channel.bridge == bridge:
                        channel.bridge = None
                return _DONE
            case ["POST", "bridges", bridge, "addChannel"]:
                return await self._add_channel(bridge, query["channel"])
            case ["POST", "bridges", bridge, "removeChannel"]:
                return self._remove_channel(bridge, query["channel"])
            case _:
                return 404, {"message": "Resource not found"}

    async def _on_channel(
        self,
        method: str,
        identity: str,
        rest: list[str],
        query: Mapping[str, str],
        body: Mapping[str, Any],
    ) -> Answer:
        channel = self.channels.get(identity)
        if channel is None:
            return 404, {"message": "Channel not found"}
        if not rest and method == "DELETE":
            self.destroy(channel, NORMAL)
            return _DONE
        if channel.args is None:
            return 409, {"message": "Channel not in Stasis application"}
        match [method, *rest]:
            case ["POST", "play", playback]:
                return self._play(channel, playback, body["media"])
            case ["POST", "moh"]:
                channel.music = True
                return _DONE
            case ["DELETE", "moh"]:
                channel.music = False
                return _DONE
            case ["POST", "variables"]:
                await _prompts_over(channel)
                channel.variables |= body["variables"]
                return _DONE
            case ["GET", "variables"]:
                names = query["variables"].split(",")
                if not all(name in channel.variables for name in names):
                    return 404, {"message": "Provided variable was not found"}
                return 200, {"variables": {name: channel.variables[name] for name in names}}
            case _:
                return 404, {"message": "Resource not found"}

    def _originate(self, identity: str, query: Mapping[str, str]) -> Answer:
        endpoint = query["endpoint"].removeprefix("PJSIP/")
        if identity in self.channels:
            return 409, {"message": "Channel with given unique ID already exists"}
        if query["originator"] not in self.channels:
            return 400, {"message": "Provided originator channel was not found"}
        phone = self.phones.get(endpoint)
        if phone is None or not phone.online:
            return 500, {"error": "Allocation failed"}
        leg = Channel(identity, endpoint, state="Down")
        self.channels[identity] = leg
        args = query["appArgs"].split(",")
        asyncio.get_running_loop().call_soon(phone.invite, leg, args, float(query["timeout"]))
        return 200, leg.describe()

    def _play(self, channel: Channel, identity: str, media: list[str]) -> Answer:
        playback = Playback(identity, channel, media)
        self.playbacks[identity] = playback
        channel.playbacks.append(playback)
        if not any(item.endswith("/hour") for item in media):
            asyncio.get_running_loop().call_soon(self._say, playback)
        return 201, {"id": identity, "state": "queued"}

    def _say(self, playback: Playback) -> None:
        """A short prompt: said when the ones before it are, and over at once."""
        queue = playback.channel.playbacks
        if playback in queue and queue[0] is playback:
            self._end(playback)

    def _end(self, playback: Playback) -> None:
        if playback.over.is_set():
            return
        playback.over.set()
        self.playbacks.pop(playback.id, None)
        playback.channel.playbacks.remove(playback)
        self.send(
            "PlaybackFinished",
            playback={
                "id": playback.id,
                "media_uri": playback.media[-1],
                "target_uri": f"channel:{playback.channel.id}",
                "state": "done",
            },
        )
        for following in playback.channel.playbacks[:1]:
            if not any(item.endswith("/hour") for item in following.media):
                asyncio.get_running_loop().call_soon(self._say, following)

    async def _add_channel(self, bridge: str, identity: str) -> Answer:
        channel = self.channels.get(identity)
        if bridge not in self.bridges:
            return 404, {"message": "Bridge not found"}
        if channel is None:
            return 400, {"message": "Channel not found"}
        if channel.args is None:
            return 422, {"message": "Channel not in Stasis application"}
        await _prompts_over(channel)
        if channel.id in self.channels:
            channel.bridge = bridge
        return _DONE

    def _remove_channel(self, bridge: str, identity: str) -> Answer:
        channel = self.channels.get(identity)
        if bridge not in self.bridges:
            return 404, {"message": "Bridge not found"}
        if channel is None:
            return 400, {"message": "Channel not found"}
        if channel.bridge != bridge:
            return 422, {"message": "Channel not in this bridge"}
        channel.bridge = None
        return _DONE

    def _subscribe(self, sources: list[str]) -> Answer:
        for source in sources:
            endpoint = source.removeprefix("endpoint:PJSIP/")
            if endpoint not in self.phones:
                return 422, {"message": "Event source does not exist"}
            self.subscribed.add(endpoint)
        return 200, {"name": APP}

    def _describe_bridge(self, bridge: str) -> dict[str, Any]:
        inside = [channel.id for channel in self.channels.values() if channel.bridge == bridge]
        return {"id": bridge, "name": self.bridges[bridge], "channels": inside}


async def _prompts_over(channel: Channel) -> None:
    """Wait for what is being said and what is queued now; what comes later does not matter."""
    for playback in list(channel.playbacks):
        await playback.over.wait()


def _describe(phone: FakePhone) -> dict[str, str]:
    return {
        "technology": "PJSIP",
        "resource": phone.endpoint,
        "state": "online" if phone.online else "offline",
    }


def _authorised(request: web.Request) -> web.Response | None:
    expected = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    if request.headers.get("Authorization") == f"Basic {expected}":
        return None
    return web.json_response({"error": "Authentication required"}, status=401)
