"""What the wire between router and Asterisk does is what its fault says."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from tests.faults import frames
from tests.faults.ari_proxy import AriProxy, PassOn, Wire
from tests.faults.frames import Frames
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
    wire = AriProxy(server.sockets[0].getsockname()[1], late_s=0.5, slow_s=1.0)
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


async def test_one_that_errs_answers_for_asterisk() -> None:
    async with wired() as wire:
        wire.wire = Wire.ERRS
        reader, writer = await asyncio.open_connection("127.0.0.1", wire.port)
        writer.write(ASKED)
        assert (await reader.readline()).startswith(b"HTTP/1.1 500 ")
        await hang_up(writer)


# The event websocket.


class Listener:
    """A router's end of the websocket; the other end sends everything back."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._coming = Frames()
        self._heard: list[str] = []

    def says(self, **told: str) -> None:
        self._writer.write(frames.text(json.dumps(told).encode(), masked=True))

    async def hears(self) -> str:
        while not self._heard:
            for frame in self._coming.cut(await self._reader.read(4096)):
                told = json.loads(frame.payload)
                self._heard.append(str(told.get("status_code") or told["type"]))
        return self._heard.pop(0)


@asynccontextmanager
async def listening(wire: AriProxy) -> AsyncIterator[Listener]:
    reader, writer = await asyncio.open_connection("127.0.0.1", wire.port)
    writer.write(EVENTS)
    assert await reader.readexactly(len(EVENTS)) == EVENTS
    try:
        yield Listener(reader, writer)
    finally:
        await hang_up(writer)


async def test_events_come_as_they_are() -> None:
    async with wired() as wire, listening(wire) as listener:
        listener.says(type="one", long="x" * 70_000)
        listener.says(type="two")
        assert [await listener.hears(), await listener.hears()] == ["one", "two"]


async def test_one_that_errs_refuses_what_is_asked_over_the_websocket() -> None:
    async with wired() as wire, listening(wire) as listener:
        wire.wire = Wire.ERRS
        listener.says(type="RESTRequest", transaction_id="1", request_id="1", uri="ping")
        assert await listener.hears() == "500"
        wire.wire = Wire.WHOLE
        listener.says(type="one")
        assert await listener.hears() == "one"


async def test_one_that_is_late_is_so_with_answers_alone() -> None:
    async with wired() as wire, listening(wire) as listener:
        wire.wire = Wire.LATE
        listener.says(type="RESTResponse", status_code="200")
        listener.says(type="one")
        assert [await listener.hears(), await listener.hears()] == ["one", "200"]


async def test_one_that_is_slow_keeps_the_order() -> None:
    async with wired() as wire, listening(wire) as listener:
        wire.wire = Wire.SLOW
        listener.says(type="RESTResponse", status_code="first")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await listener.hears()
        wire.wire = Wire.WHOLE
        listener.says(type="second")
        assert [await listener.hears(), await listener.hears()] == ["first", "second"]


async def test_events_are_dealt_with_as_one_likes_but_answers_are_not() -> None:
    def twice(event: bytes, pass_on: PassOn) -> None:
        pass_on(event)
        pass_on(event)

    async with wired() as wire, listening(wire) as listener:
        wire.deal = twice
        listener.says(type="one")
        listener.says(type="RESTResponse", status_code="200")
        listener.says(type="two")
        heard = [await listener.hears() for _ in range(5)]
        assert heard == ["one", "one", "200", "two", "two"]
