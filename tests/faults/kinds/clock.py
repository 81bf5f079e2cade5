"""The machine's clock is set while the service runs."""

import asyncio
import random

from tests.faults.fault import Fault, Make
from tests.faults.kinds.processes import start_router
from tests.faults.town import Town

_HOUR_S = 3600.0


def _set(ahead_s: float) -> Make:
    async def set_(town: Town, chance: random.Random) -> None:
        town.clock.set(ahead_s)
        try:
            await asyncio.sleep(chance.uniform(5.0, 10.0))
        finally:
            town.clock.set(0.0)

    return set_


async def _set_and_killed(town: Town, chance: random.Random) -> None:
    """The next router starts with a clock that the last one never saw."""
    town.clock.set(chance.choice([_HOUR_S, -_HOUR_S]))
    try:
        await town.stage.kill_router()
        await start_router(town)
        await asyncio.sleep(5.0)
    finally:
        town.clock.set(0.0)


FAULTS = (
    Fault("clock: an hour ahead for a while", _set(_HOUR_S)),
    Fault("clock: an hour behind for a while", _set(-_HOUR_S)),
    Fault("clock: set, and the router killed", _set_and_killed),
)
