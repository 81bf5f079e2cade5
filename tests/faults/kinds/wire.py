"""The connection between router and Asterisk is cut, clogged, or lies."""

import asyncio
import random

from tests.faults.ari_proxy import Wire
from tests.faults.fault import Fault, Make
from tests.faults.town import Town

#: How soon a wire that says nothing must be noticed.
_NOTICED_S = 10.0
_DEAF_S = 15.0


async def _reset(town: Town, chance: random.Random) -> None:
    town.wire.reset()


def _is(wire: Wire, seconds: float) -> Make:
    async def broken(town: Town, chance: random.Random) -> None:
        town.wire.wire = wire
        try:
            await asyncio.sleep(seconds)
        finally:
            town.wire.wire = Wire.WHOLE

    return broken


async def _deaf(town: Town, chance: random.Random) -> None:
    """Half-open: packets are dropped, and neither end is told."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    town.wire.wire = Wire.DEAF
    try:
        try:
            async with asyncio.timeout(_NOTICED_S):
                await town.cut_off()
        except TimeoutError:
            town.defect(f"a deaf wire was not noticed within {_NOTICED_S:g} s")
        await asyncio.sleep(max(0.0, began + _DEAF_S - loop.time()))
    finally:
        town.wire.wire = Wire.WHOLE


FAULTS = (
    Fault("wire: reset", _reset, 2),
    Fault("wire: deaf for 15 s", _deaf),
    Fault("wire: refuses for 5 s", _is(Wire.REFUSES, 5.0)),
    Fault("wire: drips for 5 s", _is(Wire.DRIPS, 5.0)),
    Fault("wire: 500 for 5 s", _is(Wire.ERRS, 5.0)),
    Fault("wire: answers 5 s late, for 8 s", _is(Wire.LATE, 8.0)),
    Fault("wire: requests 2 s late, for 8 s", _is(Wire.SLOW, 8.0)),
)
