"""What the keys typed so far mean: an answer, the start of one, or none.

Keys are those of RFC 4733 section 3.2: `0`-`9`, `*`, `#` and, from odd devices, `A`-`D`.
"""

from collections.abc import Iterable
from enum import Enum, auto

#: Ends the typing of a code and explains what it is.
HELP_KEY = "*"
#: Ends what is typed before its time.
END_KEY = "#"


class Reading(Enum):
    """What was typed, judged."""

    MORE = auto()  # the beginning of an answer
    COMPLETE = auto()  # an answer
    WRONG = auto()  # can become no answer
    NONE = auto()  # code: "I have none"
    HELP = auto()  # code: "explain"
    INCOMPLETE = auto()  # code: ended too early


def read_choice(typed: str, answers: Iterable[str]) -> Reading:
    """Judge keys typed at a menu whose answers are `answers`, none a prefix of another."""
    more = False
    for answer in answers:
        if answer == typed:
            return Reading.COMPLETE
        more = more or answer.startswith(typed)
    return Reading.MORE if more else Reading.WRONG


def read_code(typed: str, length: int) -> Reading:
    """Judge keys typed at the question of the code: `length` digits, `#` ends, `*` helps."""
    if typed.endswith(HELP_KEY):
        return Reading.HELP
    if typed == END_KEY:
        return Reading.NONE
    if typed.endswith(END_KEY):
        return Reading.INCOMPLETE
    return Reading.COMPLETE if len(typed) == length else Reading.MORE


def are_ambiguous(one: str, other: str) -> bool:
    """Say whether two different answers cannot be told apart as they are typed ("1", "10")."""
    return one != other and (one.startswith(other) or other.startswith(one))
