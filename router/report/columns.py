"""What is counted of calls, notes and votes, and which counts add up to which.

A call has one outcome, an outcome one class, and the classes add up: of live calls alone, of
callbacks alone (`MODE`), and of both together:

    total = offered + closed + self-service
    offered = answered + abandoned + refused + called back + not reached + withdrawn + broken
"""

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum

from router.core.facts import Door, Outcome

#: A caller who hangs up after fewer seconds in the queue than this did not wait for an answer.
SHORT_ABANDON_S = 10


class Column(StrEnum):
    """What is counted of calls, notes and votes; counts of any groups of them can be added up."""

    TOTAL = "total"
    SELF_SERVICE = "self-service"
    OFFERED = "offered"
    ANSWERED = "answered"
    ABANDONED = "abandoned"
    REFUSED = "refused"
    CLOSED = "closed"
    CALLED_BACK = "called back"
    NOT_REACHED = "not reached"
    WITHDRAWN = "withdrawn"
    BROKEN = "broken"
    #: OFFERED and ABANDONED, of live calls alone.
    LIVE_OFFERED = "live offered"
    LIVE_ABANDONED = "live abandoned"
    #: Answered calls: live ones, within the target or later; and those with no wait to time.
    WITHIN = "within"
    LATE = "late"
    UNTIMED = "untimed"
    #: Answered calls that we dialled ourselves.
    ANSWERED_CALLBACK = "answered callback"
    #: Callers who abandoned at once (`SHORT_ABANDON_S`).
    SHORT = "short"
    #: Live callers who abandoned later.
    LASTING = "lasting"
    #: Promises that have fallen due: kept, or not.
    PROMISED = "promised"
    KEPT = "kept"
    LATER = "later"
    #: PROMISED and KEPT, of callbacks alone.
    CALLBACK_PROMISED = "callback promised"
    CALLBACK_KEPT = "callback kept"
    #: In seconds: the waits of WITHIN and LATE, the conversations of ANSWERED.
    WAITED_S = "waited"
    TALKED_S = "talked"
    #: Calls sent on to an entry of the directory.
    SENT = "sent"
    #: Informateurs who were ready for calls at least once.
    MOBILISED = "mobilised"
    #: Notes: all; those that ask for a clearer page, and the others; those that name an entry of
    #: the directory.
    NOTED = "noted"
    IMPROVE = "improve"
    FINE = "fine"
    ADVISED = "advised"
    #: Votes on one question: put, answered, answered favourably or not, with one given score.
    ASKED = "asked"
    ANSWERS = "answers"
    SATISFIED = "satisfied"
    UNSATISFIED = "unsatisfied"
    SCORE = "score"
    #: The sum of the scores, of questions that have scores.
    POINTS = "points"
    #: Callers who were asked to vote: all; those whose votes are published, wait, or were lost.
    INVITED = "invited"
    PUBLISHED = "published"
    WAITING = "waiting"
    VOTES_LOST = "votes lost"


Counts = Counter[Column]

#: The class of every outcome. A caller is lost (LOST) from a conversation with an informateur.
CLASS: Mapping[Outcome, Column] = {
    Outcome.ANSWERED: Column.ANSWERED,
    Outcome.LOST: Column.ANSWERED,
    Outcome.ABANDONED: Column.ABANDONED,
    Outcome.REFUSED_FULL: Column.REFUSED,
    Outcome.REFUSED_NO_AGENT: Column.REFUSED,
    Outcome.REFUSED_CLOSING: Column.REFUSED,
    Outcome.REFUSED_LONG: Column.REFUSED,
    Outcome.REFUSED_DRAIN: Column.REFUSED,
    Outcome.CLOSED: Column.CLOSED,
    Outcome.CALLED_BACK: Column.CALLED_BACK,
    # Callback requests that never led to a conversation.
    Outcome.NOT_REACHED: Column.NOT_REACHED,
    Outcome.FAILED: Column.BROKEN,
    Outcome.CANCELLED: Column.WITHDRAWN,
    Outcome.EXPIRED: Column.BROKEN,
    Outcome.LOST_REBOOT: Column.BROKEN,
    Outcome.NUMBER_LOST: Column.BROKEN,
    Outcome.INFORMED: Column.SELF_SERVICE,
    Outcome.LEFT: Column.SELF_SERVICE,
    Outcome.SILENT: Column.SELF_SERVICE,
}
#: What becomes of those who ask for an informateur while the service is open.
OFFERED_CLASSES = (
    Column.ANSWERED,
    Column.ABANDONED,
    Column.REFUSED,
    Column.CALLED_BACK,
    Column.NOT_REACHED,
    Column.WITHDRAWN,
    Column.BROKEN,
)
TOTAL_CLASSES = (Column.OFFERED, Column.CLOSED, Column.SELF_SERVICE)
ANSWERED_CLASSES = (Column.WITHIN, Column.LATE, Column.UNTIMED)
#: Which columns add up to which, in any group of calls.
SUMS: Mapping[Column, tuple[Column, ...]] = {
    Column.TOTAL: TOTAL_CLASSES,
    Column.OFFERED: OFFERED_CLASSES,
    Column.ANSWERED: ANSWERED_CLASSES,
    Column.PROMISED: (Column.KEPT, Column.LATER),
    Column.INVITED: (Column.PUBLISHED, Column.WAITING, Column.VOTES_LOST),
}


class Mode(StrEnum):
    """Who dialled: the caller (live), or we (callback)."""

    LIVE = "live"
    CALLBACK = "callback"


#: The mode of every door.
MODE: Mapping[Door, Mode] = {
    Door.NONE: Mode.LIVE,
    Door.CODE: Mode.LIVE,
    Door.MENU: Mode.LIVE,
    Door.NO_KEY: Mode.LIVE,
    Door.CALLBACK: Mode.CALLBACK,
}
#: In French, for people.
MODE_NAMES: Mapping[Mode, str] = {Mode.LIVE: "Appels directs", Mode.CALLBACK: "Rappels"}
DOOR_NAMES: Mapping[Door, str] = {
    Door.CODE: "Code d’accès",
    Door.MENU: "Menu vocal",
    Door.NO_KEY: "Sans appuyer sur une touche",
    Door.NONE: "Avant tout choix",
    Door.CALLBACK: "Demande de rappel",
}
