"""Asterisk's events come twice, late, or in another order."""

import asyncio
import random
from collections.abc import Callable

from tests.faults.ari_proxy import Deal, PassOn, as_they_come
from tests.faults.fault import Fault, Make
from tests.faults.town import Town

_LASTS_S = 10.0
#: An event that was passed on comes again within this.
_AGAIN_S = 1.0
_LATE_S = 1.0
#: Two events closer than this may change places.
_MIXED_S = 0.3


def doubled(chance: random.Random) -> Deal:
    """Return how every event comes twice, the second time somewhat later."""

    def deal(event: bytes, pass_on: PassOn) -> None:
        pass_on(event)
        later_s = chance.choice([0.0, chance.uniform(0.0, _AGAIN_S)])
        asyncio.get_running_loop().call_later(later_s, pass_on, event)

    return deal


def late(chance: random.Random) -> Deal:
    """Return how every event comes late, in order."""

    def deal(event: bytes, pass_on: PassOn) -> None:
        asyncio.get_running_loop().call_later(_LATE_S, pass_on, event)

    return deal


def reordered(chance: random.Random) -> Deal:
    """Return how events overtake each other."""

    def deal(event: bytes, pass_on: PassOn) -> None:
        later_s = chance.choice([0.0, chance.uniform(0.0, _MIXED_S)])
        asyncio.get_running_loop().call_later(later_s, pass_on, event)

    return deal


def _are(dealt: Callable[[random.Random], Deal]) -> Make:
    async def broken(town: Town, chance: random.Random) -> None:
        town.wire.deal = dealt(chance)
        try:
            await asyncio.sleep(_LASTS_S)
        finally:
            town.wire.deal = as_they_come

    return broken


FAULTS = (
    Fault("events: twice for 10 s", _are(doubled)),
    Fault("events: late for 10 s", _are(late)),
    Fault("events: in another order for 10 s", _are(reordered)),
)
