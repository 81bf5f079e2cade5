"""What router and fallback tell each other, and the dialplan, by Asterisk's global variables.

They outlive both processes, and end with Asterisk, as calls do (asterisk-conf/extensions.conf).
"""

from collections.abc import Mapping
from enum import StrEnum

#: Callers who found the router away, counted by the dialplan.
FALLBACKS = "FALLBACKS"

#: Until when the fallback can be asked: the machine's time, epoch seconds. It renews this.
LEASE = "ALLO_FALLBACK_UNTIL"
LEASE_S = 5
#: How long it may have run out before the fallback counts as away.
LATE_S = 5.0

#: How many callers the fallback has looked after since its start, by their end (`served_text`).
SERVED = "ALLO_FALLBACK_SERVED"

#: "1" from when a router takes no new calls until one takes them again (core/drain.py), else "0".
DRAINED = "ALLO_DRAINED"


class End(StrEnum):
    """How a caller left the fallback."""

    HANDED_OVER = "handed over"
    #: All has been said: closed, information, or that nobody has answered for too long.
    TOLD = "told"
    HUNG_UP = "hung up"


def served_text(served: Mapping[End, int]) -> str:
    """Return the variable's value: a number for each `End`, in their order."""
    return " ".join(str(served.get(end, 0)) for end in End)


def read_served(text: str) -> dict[End, int] | None:
    """Read it back; None: it says nothing, as with an Asterisk that has just started."""
    numbers = text.split()
    if len(numbers) != len(End) or not all(one.isdecimal() for one in numbers):
        return None
    return dict(zip(End, map(int, numbers), strict=True))


def is_renewed(lease: str, now: float) -> bool:
    """Return whether the fallback can be asked, by `LEASE` and the machine's time.

    It may have been busy for a while, and the machine's clock may differ from Asterisk's.
    """
    return lease.isdecimal() and float(lease) >= now - LATE_S
