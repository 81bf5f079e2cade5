"""The service is broken for real, a few times, and loses nothing; what the wire does is true."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from tests.faults import run
from tests.faults.ari_proxy import AriProxy, Wire
from tests.faults.report import report
from tests.load.report import as_text
from tests.patience import PATIENCE_S

ASKED, EVENTS = b"GET /ari/ping HTTP/1.1\r\n\r\n", b"GET /ari/events HTTP/1.1\r\n\r\n"


@asynccontextmanager
async def wired() -> AsyncIterator[AriProxy]:
    """A wire to somebody who sends back whatever comes."""

    echoing: set[asyncio.Task[None]] = set()

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        echoing.add(task)
        with suppress(OSError):
            while data := await reader.read(4096):
                writer.write(data)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    wire = AriProxy(server.sockets[0].getsockname()[1])
    await wire.open()
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield wire
    finally:
        await wire.close()
        server.close()
        await asyncio.gather(*echoing)


async def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


async def test_a_whole_wire_passes_everything_on() -> None:
    async with wired() as wire:
        reader, writer = await asyncio.open_connection("127.0.0.1", wire.port)
        writer.write(ASKED)
        assert await reader.readexactly(len(ASKED)) == ASKED
        await hang_up(writer)


async def test_a_reset_one_says_so_at_once() -> None:
    async with wired() as wire:
        reader, writer = await asyncio.open_connection("127.0.0.1", wire.port)
        writer.write(ASKED)
        await reader.readexactly(len(ASKED))
        wire.wire = Wire.REFUSES
        with pytest.raises(ConnectionResetError):
            await reader.readexactly(1)
        await hang_up(writer)


async def test_a_deaf_one_says_nothing_and_keeps_what_it_was_told() -> None:
    async with wired() as wire:
        wire.wire = Wire.DEAF
        reader, writer = await asyncio.open_connection("127.0.0.1", wire.port)
        writer.write(ASKED)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await reader.read(1)
        wire.wire = Wire.WHOLE
        assert await reader.readexactly(len(ASKED)) == ASKED
        await hang_up(writer)


async def test_one_that_errs_answers_for_asterisk_but_not_for_its_events() -> None:
    async with wired() as wire:
        wire.wire = Wire.ERRS
        reader, writer = await asyncio.open_connection("127.0.0.1", wire.port)
        writer.write(ASKED)
        assert (await reader.readline()).startswith(b"HTTP/1.1 500 ")
        await hang_up(writer)
        reader, writer = await asyncio.open_connection("127.0.0.1", wire.port)
        writer.write(EVENTS)
        assert await reader.readexactly(len(EVENTS)) == EVENTS
        await hang_up(writer)


@pytest.mark.load
def test_a_minute_of_faults_loses_nothing() -> None:
    told = run.run(4, 1.0, 5700, lambda _: None)
    assert not told.broken, as_text(report(told))
    assert told.talks
