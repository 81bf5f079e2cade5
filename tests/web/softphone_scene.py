"""A stub of Asterisk's websocket, browsers, and what stands between."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from router.access import Keyring, Scope, Token, digest
from router.core.events import Event
from router.core.ids import AgentId, browser_of
from router.web.api import Api
from router.web.metrics import Metrics
from router.web.snapshot import Snapshot
from router.web.softphone.gate import PING, PONG
from router.web.softphone.handlers import ACCOUNT, PATH, Account, Softphones
from tests.patience import PATIENCE_S
from tests.service_plan import MONDAY_10H, code_book, small_plan

ME, OTHER, WITHOUT = AgentId("101"), AgentId("102"), AgentId("103")
WEB = browser_of(ME)
TOKENS = {ME: "jeton-101", OTHER: "jeton-102", WITHOUT: "jeton-103"}
ACCOUNTS = {
    agent: Account(browser_of(agent), f"agent-{agent}.web", f"password-of-{agent}")
    for agent in (ME, OTHER)
}
PING_S, SILENT_S = 0.05, 0.4


def token_of(agent: AgentId) -> Token:
    return Token(agent, Scope.AGENTS, digest(TOKENS[agent]), agent)


def sip(method: str = "REGISTER", user: str = "agent-101.web", body: str = "") -> str:
    """A request of the browser's."""
    lines = [
        f"{method} sip:allo.invalid SIP/2.0",
        "Via: SIP/2.0/WSS abc.invalid;branch=z9hG4bK1",
        f"From: <sip:{user}@allo.invalid>;tag=a",
        f"To: <sip:{user}@allo.invalid>",
        "Call-ID: c1",
        f"CSeq: 1 {method}",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, "", body])


REGISTERED = "SIP/2.0 200 OK\r\nVia: v\r\nCSeq: 1 REGISTER\r\nContent-Length: 0\r\n\r\n"


class Switch:
    """Asterisk's HTTP server, as far as it has a websocket: it registers whoever asks."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.heard: asyncio.Queue[str] = asyncio.Queue()
        self.sockets: list[web.WebSocketResponse] = []
        self.server: TestServer

    def application(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._any)
        return app

    async def _any(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.raw_path, dict(request.headers)))
        socket = web.WebSocketResponse(protocols=("sip",))
        await socket.prepare(request)
        self.sockets.append(socket)
        async for message in socket:
            self.heard.put_nowait(message.data)
            if message.data.startswith("REGISTER"):
                await socket.send_str(REGISTERED)
        return socket


class Scene:
    """Browsers at the left, Asterisk at the right; `told` is what the engine hears."""

    def __init__(self) -> None:
        self.switch = Switch()
        self.told: list[Event] = []
        self.keyring = Keyring(map(token_of, TOKENS), lambda: MONDAY_10H)
        self.softphones: Softphones
        self.api: TestClient[web.Request, web.Application]
        self.door: TestClient[web.Request, web.Application]

    async def account(self, agent: AgentId = ME, *, in_call: bool = False) -> dict[str, Any]:
        """What a page of the informateur is given."""
        headers = {"Authorization": f"Bearer {TOKENS[agent]}"}
        async with self.api.post(ACCOUNT, headers=headers, json={"in_call": in_call}) as answer:
            told: dict[str, Any] = await answer.json()
            return {**told, "status": answer.status}

    async def connect(
        self, account: Mapping[str, Any] | None = None, **options: Any
    ) -> aiohttp.ClientWebSocketResponse:
        given = account or await self.account()
        socket: aiohttp.ClientWebSocketResponse = await self.door.ws_connect(
            PATH, protocols=given["protocols"], **options
        )
        return socket

    async def page(self, agent: AgentId = ME, *, in_call: bool = False) -> "Page":
        """A page that answers, and registers."""
        page = Page(await self.connect(await self.account(agent, in_call=in_call)))
        await page.register(ACCOUNTS[agent].user)
        return page

    async def hears(self, *events: Event) -> None:
        """Wait until the engine has heard these, in this order, and no other."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.told) < len(events):
                await asyncio.sleep(0.005)
        assert self.told == [*events]


class Page:
    """A page that is open: it answers pings until told not to."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.answers = True
        self.heard: asyncio.Queue[str] = asyncio.Queue()
        self.reading = asyncio.create_task(self._read())

    async def register(self, user: str = "agent-101.web") -> None:
        await self.socket.send_str(sip("REGISTER", user))
        async with asyncio.timeout(PATIENCE_S):
            assert await self.heard.get() == REGISTERED

    async def closed(self) -> int | None:
        """Wait until the other side has closed; return the code."""
        async with asyncio.timeout(PATIENCE_S):
            await self.reading
        return self.socket.close_code

    async def _read(self) -> None:
        async for message in self.socket:
            if message.data == PING:
                if self.answers:
                    with suppress(ConnectionError):
                        await self.socket.send_str(PONG)
            else:
                self.heard.put_nowait(message.data)


@asynccontextmanager
async def opened(**options: Any) -> AsyncIterator[Scene]:
    scene, plan = Scene(), small_plan()
    scene.switch.server = TestServer(scene.switch.application())
    async with scene.switch.server:
        scene.softphones = Softphones(
            plan,
            ACCOUNTS,
            str(scene.switch.server.make_url("/ws")).replace("http", "ws"),
            lambda presented: scene.keyring.holder(presented) is not None,
            scene.told.append,
            **{"ping_s": PING_S, "silent_s": SILENT_S, **options},
        )
        api = Api(
            plan,
            code_book(plan),
            scene.keyring,
            lambda: Snapshot(True, MONDAY_10H, [], {}, {}, {}, defects=0),
            Metrics(plan.sectors),
            softphones=scene.softphones,
        )
        async with (
            TestClient(TestServer(api.application())) as scene.api,
            TestClient(TestServer(scene.softphones.door())) as scene.door,
        ):
            yield scene
