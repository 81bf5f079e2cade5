"""Every fault, and which one is made next.

Each file in `kinds/` has those of one thing that breaks. A new one is added to the `FAULTS` of its
file; what a fault may cost people is said in `checker.py`, by how its name begins.
"""

import random
from collections.abc import Sequence

from router.errors import SetupError
from tests.faults.fault import Fault
from tests.faults.kinds import clock, events, phones, processes, store, vault, wire

FAULTS: tuple[Fault, ...] = (
    *processes.FAULTS,
    *wire.FAULTS,
    *phones.FAULTS,
    *store.FAULTS,
    *vault.FAULTS,
    *clock.FAULTS,
    *events.FAULTS,
)


def named(name: str) -> Fault:
    """Return the fault of that name.

    Raises:
        SetupError: If there is none.
    """
    known = {one.name: one for one in FAULTS}
    if name not in known:
        raise SetupError(f"there is no fault {name}", f"There are: {', '.join(known)}.")
    return known[name]


def drawn(chance: random.Random, only: Sequence[str] = ()) -> Fault:
    """Draw one; of those named, if any are."""
    if only:
        return named(chance.choice(only))
    return chance.choices(FAULTS, [one.weight for one in FAULTS])[0]
