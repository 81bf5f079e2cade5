"""The router's sockets are in the state folder, whatever folder that is."""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import structlog
from structlog.testing import capture_logs

from router.errors import InUse
from router.locks import Lock
from router.service.doors import Close, Doors
from tests.patience import PATIENCE_S

NAMES = ("pages.sock", "control.sock")


class House:
    """Doors behind which somebody says a word."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.recycled = 0
        self.lock = Lock(folder, "./allo run", "Stop it first.")
        log = structlog.get_logger()
        self.doors = Doors(folder, self.lock, self, log, look_every_s=0.01)

    def recycle(self) -> None:
        self.recycled += 1

    async def serve(self, listening: socket.socket) -> Close:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"here")
            writer.close()

        server = await asyncio.start_unix_server(answer, sock=listening)

        async def close() -> None:
            server.close()

        return close

    async def answers(self, name: str) -> bool:
        with suppress(OSError):
            reader, writer = await asyncio.open_unix_connection(str(self.folder / name))
            said = await reader.read()
            writer.close()
            return said == b"here"
        return False

    async def until_open(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not all([await self.answers(name) for name in NAMES]):
                await asyncio.sleep(0.01)


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    house = House(tmp_path / "state")
    for name in NAMES:
        await house.doors.open(name, house.serve)
    watching = asyncio.create_task(house.doors.watch())
    yield house
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    await house.doors.close()
    house.lock.release()


async def test_a_folder_that_is_removed_is_made_anew_with_its_doors(house: House) -> None:
    await house.until_open()
    assert house.recycled == 0
    with capture_logs() as lines:
        shutil.rmtree(house.folder)
        await house.until_open()
        async with asyncio.timeout(PATIENCE_S):
            while not house.recycled:
                await asyncio.sleep(0.01)
    assert [line["event"] for line in lines] == ["doors opened again"]
    assert str(house.folder) in lines[0]["reason"]
    assert house.recycled == 1
    with pytest.raises(InUse):
        Lock(house.folder, "./allo run", "Stop it first.")


async def test_another_folder_in_its_place_has_the_doors_too(house: House) -> None:
    away = house.folder.with_name("away")
    house.folder.rename(away)
    house.folder.mkdir()
    await house.until_open()
    shutil.rmtree(house.folder)
    away.rename(house.folder)  # it comes back, with its old sockets
    await house.until_open()


async def test_a_folder_that_another_router_has_is_left_to_it(house: House, tmp_path: Path) -> None:
    theirs = Lock(tmp_path / "theirs", "./allo run", "Stop it first.")
    lines: list[Any]
    with capture_logs() as lines:
        house.folder.rename(tmp_path / "away")
        os.rename(tmp_path / "theirs", house.folder)
        async with asyncio.timeout(PATIENCE_S):
            while not lines:
                await asyncio.sleep(0.01)
        for _ in range(10):
            await asyncio.sleep(0.01)
    [line] = lines
    assert line["event"] == "doors cannot be opened"
    assert "is in use by" in line["reason"]
    assert house.recycled == 0
    theirs.release()
