"""An informateur's phone vanishes, as when a cable is pulled, and comes back."""

import asyncio
import random
from collections.abc import Callable

from tests.faults.fault import Fault, Make
from tests.faults.people import Informateur
from tests.faults.town import Town

_GONE_S = 6.0
#: How long one that rings, or has a caller, is waited for.
_WAITS_S = 15.0
_GLANCE_S = 0.02


def _gone(when: Callable[[Informateur], bool]) -> Make:
    async def gone(town: Town, chance: random.Random) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + _WAITS_S
        while not (those := [one for one in town.informateurs if when(one)]):
            if loop.time() > until:
                those = town.informateurs
                break
            await asyncio.sleep(_GLANCE_S)
        await chance.choice(those).lose_the_network(_GONE_S)

    return gone


FAULTS = (
    Fault("phone: gone while idle", _gone(lambda one: not one.telephone.in_a_call)),
    Fault("phone: gone while it rings", _gone(lambda one: one.rings)),
    Fault("phone: gone in a talk", _gone(lambda one: one.talks)),
)
