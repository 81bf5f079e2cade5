"""How a file fares that is written while calls go on."""

from router.core.values import value


@value
class Keeping:
    """What waits to be written, what never will be, and what is wrong."""

    #: Facts, sessions or tickets that wait.
    pending: int = 0
    #: Batches that could not be written, since the start.
    failures: int = 0
    #: Facts given up for want of room in memory, since the start.
    lost: int = 0
    #: What is wrong: the place, what is wrong there, and what to do; "" if nothing is.
    trouble: str = ""
    #: Damaged files that were set aside, since the start.
    set_aside: int = 0
