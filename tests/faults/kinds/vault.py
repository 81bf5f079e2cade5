"""The numbers of open callbacks are gone, or out of reach."""

import asyncio
import random
import shutil

from tests.faults.fault import Fault
from tests.faults.town import Town


async def _removed(town: Town, chance: random.Random) -> None:
    shutil.rmtree(town.stage.vault_dir)


async def _away(town: Town, chance: random.Random) -> None:
    """Another folder is at its place, as when its memory is unmounted; then it comes back."""
    vault = town.stage.vault_dir
    away = vault.with_name(f"{vault.name}-away")
    vault.rename(away)
    vault.mkdir(mode=0o700)
    try:
        await asyncio.sleep(chance.uniform(2.0, 6.0))
    finally:
        shutil.rmtree(vault, ignore_errors=True)
        away.rename(vault)


FAULTS = (
    Fault("vault: removed", _removed),
    Fault("vault: away for a while", _away),
)
