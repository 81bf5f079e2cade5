"""Histories for the tests of the checker: an uneventful one, to plant breaches in."""

from collections.abc import Iterable

from tests.faults.history import ASTERISK, FAULT, Did, History, Noted

CALLER, OTHER, INFORMATEUR, USAGER = "caller-1", "caller-2", "informateur-101", "usager-1"
#: The calls at the informateur's phone.
FIRST, SECOND, THIRD = "call 1", "call 2", "call 3"


def told(who: str, *steps: tuple[float, Did] | tuple[float, Did, str]) -> list[Noted]:
    """Return what was noted of one of them."""
    return [Noted(step[0], who, step[1], *step[2:]) for step in steps]


def fault(what: str, begin: float, end: float) -> list[Noted]:
    return told(FAULT, (begin, Did.BEGINS, what), (end, Did.ENDS, what))


def quiet_day() -> list[Noted]:
    """Two callers are served one after the other, then somebody is called back."""
    return [
        *told(
            CALLER,
            (1.0, Did.DIALLED),
            (1.1, Did.ANSWERED),
            (1.3, Did.HEARS, "welcome"),
            (2.0, Did.PRESSED, "#41"),
            (2.5, Did.HEARS, "queue-joined"),
            (3.0, Did.HEARS, "music"),
            (6.0, Did.HEARS, INFORMATEUR),
            (12.0, Did.HEARS, "vote-intro"),
            (13.0, Did.HUNG_UP),
        ),
        *told(
            OTHER,
            (4.0, Did.DIALLED),
            (4.1, Did.ANSWERED),
            (4.2, Did.HEARS, "welcome"),
            (5.0, Did.PRESSED, "#41"),
            (5.5, Did.HEARS, "queue-joined"),
            (6.0, Did.HEARS, ""),
            (7.0, Did.HEARS, "music"),
            (15.0, Did.HEARS, INFORMATEUR),
            (20.0, Did.HUNG_UP),
        ),
        *told(
            INFORMATEUR,
            (5.0, Did.RANG, FIRST),
            (5.4, Did.PICKED_UP, FIRST),
            (5.5, Did.HEARS, "whisper-call"),
            (6.0, Did.HEARS, CALLER),
            (12.0, Did.HUNG_UP, FIRST),
            (14.0, Did.RANG, SECOND),
            (14.4, Did.PICKED_UP, SECOND),
            (15.0, Did.HEARS, OTHER),
            (20.1, Did.WAS_HUNG_UP, SECOND),
            (21.0, Did.RANG, THIRD),
            (21.4, Did.PICKED_UP, THIRD),
            (25.0, Did.HEARS, "somebody"),
            (29.1, Did.WAS_HUNG_UP, THIRD),
        ),
        *told(
            USAGER,
            (15.0, Did.ASKED),
            (15.1, Did.PROMISED),
            (22.0, Did.RANG, "line 1"),
            (22.5, Did.PICKED_UP, "line 1"),
            (24.0, Did.PRESSED, "1"),
            (25.0, Did.HEARS, INFORMATEUR),
            (29.0, Did.HUNG_UP, "line 1"),
            (30.0, Did.ENDED, "done"),
        ),
        Noted(40.0, ASTERISK, Did.HOLDS),
    ]


def day(
    *more: Iterable[Noted],
    without: Iterable[Noted] = (),
    instead_of: dict[Noted, Noted] | None = None,
) -> History:
    """Return the quiet day with something more, something missing, something else."""
    gone, other = set(without), instead_of or {}
    kept = [other.get(one, one) for one in quiet_day() if one not in gone]
    assert len(kept) + len(gone) == len(quiet_day()), "without: not of that day"
    assert other.keys() <= set(quiet_day()), "instead of: not of that day"
    return History([*kept, *(one for some in more for one in some)])
