"""What is kept on disk cannot be written, or read."""

import asyncio
import random
import sqlite3
from contextlib import closing, suppress

from router.store.tickets import FILE_NAME
from tests.faults.fault import Fault
from tests.faults.town import Town


async def _locked(town: Town, chance: random.Random) -> None:
    path = town.stage.config.settings.state_dir / FILE_NAME
    with closing(sqlite3.connect(path, timeout=5.0)) as database:
        with suppress(sqlite3.OperationalError):
            database.execute("BEGIN IMMEDIATE")
        await asyncio.sleep(8.0)
        database.rollback()


FAULTS = (Fault("store: locked for 8 s", _locked),)
