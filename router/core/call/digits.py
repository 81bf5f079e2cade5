"""What the keys typed so far are: an answer, the beginning of one, or neither.

Keys are those of RFC 4733, section 3.2: `0`-`9`, `*`, `#` and, from odd devices, `A`-`D`.
"""

from collections.abc import Iterable
from enum import Enum, auto

#: Asks for help while a code is being typed.
HELP_KEY = "*"
#: Ends an entry early.
END_KEY = "#"


class Reading(Enum):
    """What the keys typed so far are."""

    MORE = auto()  # the beginning of an answer
    COMPLETE = auto()  # an answer
    WRONG = auto()  # not the beginning of any answer
    NONE = auto()  # of a code: there is none
    HELP = auto()  # of a code: what is it?
    INCOMPLETE = auto()  # of a code: ended early


def read_choice(typed: str, answers: Iterable[str]) -> Reading:
    """Read keys typed in a menu with these `answers`, none of which is a prefix of another."""
    more = False
    for answer in answers:
        if answer == typed:
            return Reading.COMPLETE
        more = more or answer.startswith(typed)
    return Reading.MORE if more else Reading.WRONG


def read_code(typed: str, length: int) -> Reading:
    """Read keys typed as a code of `length` digits; `#` ends it, `*` asks for help."""
    if typed.endswith(HELP_KEY):
        return Reading.HELP
    if typed == END_KEY:
        return Reading.NONE
    if typed.endswith(END_KEY):
        return Reading.INCOMPLETE
    return Reading.COMPLETE if len(typed) == length else Reading.MORE


def are_ambiguous(one: str, other: str) -> bool:
    """Return whether two answers cannot be told apart while they are typed ("1" and "10")."""
    return one != other and (one.startswith(other) or other.startswith(one))
