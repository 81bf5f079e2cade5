"""A connection passes from one process's hands to another's, and nothing else does."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request

from router.intake.handing_over import SOCKET_NAME, Giver, Taker, head_of
from router.intake.sockets import listen_in
from router.web.replies import Refused, errors_in_french
from router.web.served import Runner
from router.web.softphone.handlers import PATH
from tests.patience import PATIENCE_S

HANDSHAKE = {
    "Host": "poste.example.org",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol": "sip, ticket.x_-1",
    "Origin": "https://poste.example.org",
}


@dataclass
class Scene:
    """Whoever takes connections answers in the name of the second process."""

    front: TestClient[web.Request, web.Application]
    close: Callable[[], Awaitable[None]]
    seen: list[web.Request] = field(default_factory=list)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    seen: list[web.Request] = []

    async def echo(request: web.Request) -> web.StreamResponse:
        seen.append(request)
        socket = web.WebSocketResponse(protocols=("sip",))
        if not socket.can_prepare(request):
            return web.Response(status=426)
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(f"echo {message.data}")
        return socket

    back = web.Application()
    back.add_routes([web.get(PATH, echo)])
    runner = Runner(back)
    await runner.setup()
    listening = listen_in(tmp_path, SOCKET_NAME, socket.SOCK_SEQPACKET)
    close = await Taker(runner).serve(listening)
    giver = Giver(tmp_path)
    front = web.Application(middlewares=[errors_in_french])
    front.add_routes([web.get(PATH, giver.hand_over)])
    async with TestClient(TestServer(front)) as client:
        yield Scene(client, close, seen)
    giver.close()
    if listening.fileno() >= 0:
        await close()
    await runner.cleanup()


async def echoed(socket: aiohttp.ClientWebSocketResponse, text: str) -> str:
    await socket.send_str(text)
    async with asyncio.timeout(PATIENCE_S):
        return str((await socket.receive()).data)


async def test_the_other_process_answers_on_the_same_connection(scene: Scene) -> None:
    socket = await scene.front.ws_connect(PATH, protocols=("sip",))
    assert socket.protocol == "sip"
    assert await echoed(socket, "un") == "echo un"


async def test_it_outlives_the_process_that_took_it(scene: Scene) -> None:
    socket = await scene.front.ws_connect(PATH)
    await scene.front.server.close()  # an intake retires
    assert await echoed(socket, "deux") == "echo deux"


async def test_only_what_a_handshake_needs_is_passed(scene: Scene) -> None:
    headers = {"Cookie": "a=b", "X-Phone": "0639981234", "Authorization": "Bearer x"}
    await scene.front.ws_connect(PATH, headers=headers, origin="http://here")
    [request] = scene.seen
    assert request.raw_path == PATH
    assert headers.keys().isdisjoint(request.headers)
    assert request.headers["Origin"] == "http://here"
    assert request.headers["Host"] == f"{scene.front.host}:{scene.front.port}"


async def test_a_router_that_is_away_is_said(scene: Scene) -> None:
    await scene.close()
    async with scene.front.get(PATH, headers=HANDSHAKE) as answer:
        assert answer.status == 503
        assert (await answer.json())["error"]["code"] == "away"


async def test_a_browser_that_leaves_at_once_leaves_nothing_open(scene: Scene) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        reader, writer = await asyncio.open_connection(scene.front.host, scene.front.port)
        lines = "".join(f"{name}: {value}\r\n" for name, value in HANDSHAKE.items())
        writer.write(f"GET {PATH} HTTP/1.1\r\n{lines}\r\n".encode())
        await writer.drain()
        writer.close()
        await reader.read()
    async with asyncio.timeout(PATIENCE_S):
        while len(os.listdir("/proc/self/fd")) > before:
            await asyncio.sleep(0.01)


async def test_what_follows_the_request_is_not_read_by_anybody(scene: Scene) -> None:
    """A second request in the same bytes reaches neither process."""
    reader, writer = await asyncio.open_connection(scene.front.host, scene.front.port)
    lines = "".join(f"{name}: {value}\r\n" for name, value in HANDSHAKE.items())
    smuggled = f"GET {PATH} HTTP/1.1\r\nHost: x\r\nX-Smuggled: yes\r\n\r\n"
    writer.write(f"GET {PATH} HTTP/1.1\r\n{lines}\r\n{smuggled}".encode())
    async with asyncio.timeout(PATIENCE_S):
        assert (await reader.readline()).startswith(b"HTTP/1.1 101")
    writer.close()
    assert ["X-Smuggled" in request.headers for request in scene.seen] == [False]


@pytest.mark.parametrize(
    "changes",
    [
        {"Upgrade": "h2c"},
        {"Upgrade": None},
        {"Origin": "https://a.example\r\nX: y"},
        {"Origin": "https://é.example"},
        {"Host": ""},
        {"Sec-WebSocket-Protocol": "x" * 5000},
        {"Content-Length": "5"},
    ],
)
def test_anything_but_a_handshake_is_refused(changes: dict[str, str | None]) -> None:
    headers = {name: value for name, value in {**HANDSHAKE, **changes}.items() if value is not None}
    with pytest.raises(Refused) as caught:
        head_of(make_mocked_request("GET", PATH, headers=headers))
    assert caught.value.code == "no_websocket"


def test_a_query_is_refused_unread() -> None:
    with pytest.raises(Refused):
        head_of(make_mocked_request("GET", f"{PATH}?phone=0639981234", headers=HANDSHAKE))


def test_the_request_is_written_anew() -> None:
    head = head_of(make_mocked_request("GET", PATH, headers={**HANDSHAKE, "Via": "x"}))
    assert head.decode() == (
        "GET /sip HTTP/1.1\r\n"
        + "".join(f"{name}: {value}\r\n" for name, value in HANDSHAKE.items())
        + "\r\n"
    )
