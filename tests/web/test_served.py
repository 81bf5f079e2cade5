"""How an application is served: no answer gives away what it is made of."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import aiohttp
import pytest
from aiohttp import web

from router.web.served import Patience, Runner
from tests.patience import PATIENCE_S
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


async def _long(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse()
    await answer.prepare(request)
    while True:
        await answer.write(bytes(100_000))


async def _whole(request: web.Request) -> web.Response:
    return web.Response(body=await request.read())


@asynccontextmanager
async def served(patience: Patience | None = None) -> AsyncIterator[int]:
    """Serve at the port that is returned."""
    app = web.Application()
    app.add_routes(
        [
            web.get("/fine", _fine),
            web.get("/stream", _stream),
            web.get("/broken", _broken),
            web.get("/long", _long),
            web.post("/whole", _whole),
        ]
    )
    runner = Runner(app, patience=patience, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield site.port
    finally:
        await runner.cleanup()


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async with served() as port:
        yield port


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


# Nobody is waited for for ever.

_BODY = b"POST /whole HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"


@asynccontextmanager
async def connected(port: int, says: bytes = b"") -> AsyncIterator[asyncio.StreamReader]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(says)
    try:
        yield reader
    finally:
        writer.transport.abort()


async def hung_up_on(reader: asyncio.StreamReader) -> bytes:
    """Return what was said until the connection ended."""
    told = b""
    async with asyncio.timeout(PATIENCE_S):
        with suppress(ConnectionError):
            while piece := await reader.read(1000):
                told += piece
    return told


async def still_connected(reader: asyncio.StreamReader, for_s: float = 0.3) -> bool:
    try:
        async with asyncio.timeout(for_s):
            return await reader.read(1) != b""
    except (TimeoutError, ConnectionError) as error:
        return isinstance(error, TimeoutError)


@pytest.mark.parametrize(
    ("patience", "says"),
    [
        (Patience(head_s=0.1), b"G"),
        (Patience(head_s=0.1), b"GET /fine HTTP/1.1\r\nHost: a\r\n"),
        (Patience(body_s=0.1), _BODY),
        (Patience(body_s=0.1), _BODY + b"1234"),
    ],
)
async def test_whoever_does_not_finish_is_hung_up_on(patience: Patience, says: bytes) -> None:
    async with served(patience) as port, connected(port, says) as reader:
        assert await hung_up_on(reader) == b""


async def test_a_request_after_an_answered_one_has_its_time_too() -> None:
    asked = get("/fine").replace(b"close", b"keep-alive")
    async with served(Patience(head_s=0.1)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(2):
            writer.write(asked)
            assert await reader.readuntil(b"fine")
            assert await still_connected(reader)  # it asks for nothing
        writer.write(asked[:-2])
        assert await hung_up_on(reader) == b""
        writer.close()


async def test_whoever_does_not_take_the_answer_is_hung_up_on() -> None:
    async with served(Patience(answer_s=0.2)) as port, connected(port, get("/long")) as reader:
        await asyncio.sleep(1.0)  # takes nothing: the buffers on the way fill, and then it is over
        with suppress(ConnectionError):
            async with asyncio.timeout(PATIENCE_S):
                while await reader.read(1_000_000):
                    pass


async def test_whoever_goes_on_has_all_the_time() -> None:
    patience = Patience(0.2, 0.2, 0.2)
    async with served(patience) as port, connected(port, _BODY + b"12345") as reader:
        assert (await reader.readuntil(b"12345")).startswith(b"HTTP/1.1 200 ")
        assert await still_connected(reader, 0.5)
    async with served(patience) as port, connected(port, get("/long")) as reader:
        loop = asyncio.get_running_loop()
        until = loop.time() + 0.5
        while loop.time() < until:
            assert await reader.read(1_000_000)


async def test_one_too_many_takes_the_place_of_who_has_asked_for_nothing_longest() -> None:
    async with served(Patience(connections=3)) as port, AsyncExitStack() as held:
        first, second, third = [await held.enter_async_context(connected(port)) for _ in range(3)]
        assert await answer_to(get("/fine"), "127.0.0.1", port)
        assert await hung_up_on(first) == b""
        assert await still_connected(second)
        assert await still_connected(third)


async def test_whoever_is_being_answered_keeps_the_place() -> None:
    async with served(Patience(connections=2)) as port, AsyncExitStack() as held:
        reader = await held.enter_async_context(connected(port, get("/long")))
        assert await reader.read(1)
        for _ in range(5):
            await held.enter_async_context(connected(port))
        assert "fine" in await answer_to(get("/fine"), "127.0.0.1", port)
        assert await reader.read(1)
