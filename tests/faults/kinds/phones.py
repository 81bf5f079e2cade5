"""An informateur's phone vanishes."""

import random

from tests.faults.fault import Fault
from tests.faults.town import Town


async def _gone(town: Town, chance: random.Random) -> None:
    """It loses the network, in a call if there is one."""
    busy = [one for one in town.informateurs if one.telephone.in_a_call]
    await chance.choice(busy or town.informateurs).lose_the_network(6.0)


FAULTS = (Fault("phone: gone for 6 s", _gone, 2),)
