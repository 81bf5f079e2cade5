"""How an application is served: no answer gives away what it is made of."""

import re
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from router.web.served import Runner
from tests.web.raw import answer_to, get

_NUMBER_OF_A_VERSION = re.compile(r"[0-9]+\.[0-9]+")
_MADE_OF = ("aiohttp", "python", "llhttp", "traceback")


async def _fine(request: web.Request) -> web.Response:
    return web.Response(text="fine")


async def _stream(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    await answer.write(b"streamed")
    return answer


async def _broken(request: web.Request) -> web.Response:
    raise RuntimeError("aiohttp 1.2")


@pytest.fixture
async def port() -> AsyncIterator[int]:
    app = web.Application()
    app.add_routes(
        [web.get("/fine", _fine), web.get("/stream", _stream), web.get("/broken", _broken)]
    )
    runner = Runner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield site.port
    await runner.cleanup()


@pytest.mark.parametrize(
    ("request_", "status", "says"),
    [
        (get("/fine"), 200, "fine"),
        (get("/stream"), 200, "streamed"),
        (get("/nothing"), 404, ""),
        (get("/broken"), 500, '"defect"'),
        (b"\x16\x03\x01\x00\xa5\x01\x00 TLS to a plain port\r\n\r\n", 400, '"unreadable"'),
        (b"GET / HTTP/9.9\r\n\r\n", 400, '"unreadable"'),
        (b"GET /fine HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400, '"unreadable"'),
        (b"GET /" + b"x" * 10_000 + b" HTTP/1.1\r\n\r\n", 400, '"unreadable"'),
    ],
)
async def test_no_answer_tells_what_serves_it(
    port: int, request_: bytes, status: int, says: str
) -> None:
    answer = await answer_to(request_, "127.0.0.1", port)

    assert answer.startswith(f"HTTP/1.1 {status} ") or answer.startswith(f"HTTP/1.0 {status} ")
    assert says in answer
    head, _, body = answer.partition("\r\n\r\n")
    assert re.findall(r"(?mi)^Server: *(.*)\r$", head + "\r") == ["allo"]
    for line in head.splitlines()[1:]:
        assert not _NUMBER_OF_A_VERSION.search(line), line
    assert not any(word in (head + body).lower() for word in _MADE_OF)


async def test_connections_are_kept_as_ever(port: int) -> None:
    async with aiohttp.ClientSession() as session:
        for _ in range(2):
            async with session.get(f"http://127.0.0.1:{port}/fine") as answer:
                assert await answer.text() == "fine"
                assert "close" not in answer.headers.get("Connection", "")


@pytest.mark.parametrize(
    ("request_", "logged"),
    [
        (b"GET / HTTP/9.9\r\n\r\n", 0),
        (b"GET /fine HTTP/1.1\r\nContent-Length: x\r\n\r\n", 0),
        (b"GET /fine HTTP/1.1\r\nX: " + b"x" * 10_000 + b"\r\n\r\n", 0),
        (get("/broken"), 1),
    ],
)
async def test_only_what_fails_through_us_is_logged(
    port: int, request_: bytes, logged: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever can reach the port could fill the log otherwise, and hide what matters in it."""
    await answer_to(request_, "127.0.0.1", port)

    assert len([one for one in caplog.records if one.name == "aiohttp.server"]) == logged
