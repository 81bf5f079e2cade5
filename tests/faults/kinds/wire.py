"""The connection between router and Asterisk is cut, clogged, or lies."""

import asyncio
import random

from tests.faults.ari_proxy import Wire
from tests.faults.fault import Fault, Make
from tests.faults.town import Town


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


FAULTS = (
    Fault("wire: reset", _reset, 2),
    Fault("wire: deaf for 15 s", _is(Wire.DEAF, 15.0)),
    Fault("wire: refuses for 5 s", _is(Wire.REFUSES, 5.0)),
    Fault("wire: drips for 5 s", _is(Wire.DRIPS, 5.0)),
    Fault("wire: 500 for 5 s", _is(Wire.ERRS, 5.0)),
    Fault("wire: late for 8 s", _is(Wire.LATE, 8.0)),
)
