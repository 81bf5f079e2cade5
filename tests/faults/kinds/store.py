"""What is kept on disk cannot be written or read, is damaged, or gone."""

import asyncio
import random
import resource
import shutil
import sqlite3
from contextlib import closing, suppress

from router.store import FILE_NAME as FACTS
from router.store.database_file import files_aside
from router.store.tickets import FILE_NAME as TICKETS
from tests.faults.fault import Fault, Make
from tests.faults.town import Town
from tests.patience import PATIENCE_S

_HEADER_BYTES = 100
_PAGE_BYTES = 4096


def _locked(name: str, seconds: float) -> Make:
    async def locked(town: Town, chance: random.Random) -> None:
        with closing(sqlite3.connect(town.state / name, timeout=5.0)) as database:
            with suppress(sqlite3.OperationalError):
                database.execute("BEGIN IMMEDIATE")
            await asyncio.sleep(seconds)
            database.rollback()

    return locked


def _damaged(name: str) -> Make:
    async def damaged(town: Town, chance: random.Random) -> None:
        """Spoil its header and what comes after, or what is not in it yet."""
        path = town.state / name
        before = len(files_aside(path))
        spoilt = chance.choice([path, path, path.with_name(f"{name}-wal")])
        with suppress(FileNotFoundError), spoilt.open("r+b") as file:
            file.write(b"\xff" * chance.choice([_HEADER_BYTES, 3 * _PAGE_BYTES]))
        if spoilt == path:
            with suppress(TimeoutError):  # nothing may have been written meanwhile
                async with asyncio.timeout(PATIENCE_S / 3):
                    while len(files_aside(path)) == before:
                        await asyncio.sleep(0.1)

    return damaged


def _removed(name: str) -> Make:
    async def removed(town: Town, chance: random.Random) -> None:
        for one in town.state.glob(f"{name}*"):
            one.unlink(missing_ok=True)

    return removed


async def _folder_away(town: Town, chance: random.Random) -> None:
    """As when its disk is unmounted and comes back: what it held then is what it held before."""
    away = town.state.with_name("away")
    town.state.rename(away)
    try:
        await asyncio.sleep(chance.uniform(3.0, 8.0))
    finally:
        shutil.rmtree(town.state, ignore_errors=True)
        away.rename(town.state)


async def _nothing_written(town: Town, chance: random.Random) -> None:
    """No file can grow (setrlimit(2), RLIMIT_FSIZE), nor be written: as on a broken disk."""
    assert town.stage.router is not None
    pid = town.stage.router.pid
    _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, most))
    try:
        await asyncio.sleep(8.0)
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, most))


FAULTS = (
    Fault("store: locked for 3 s", _locked(TICKETS, 3.0)),
    Fault("store: locked for 30 s", _locked(TICKETS, 30.0), 0),
    Fault("store: facts locked for 8 s", _locked(FACTS, 8.0)),
    Fault("store: tickets damaged", _damaged(TICKETS)),
    Fault("store: facts damaged", _damaged(FACTS)),
    Fault("store: tickets removed", _removed(TICKETS)),
    Fault("store: folder away for a while", _folder_away),
    Fault("store: nothing can be written for 8 s", _nothing_written),
)
