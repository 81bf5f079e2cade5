"""What is counted. Nothing here leads back to a caller or a call: no id, and no exact time.

A call's fact has only its half-hour, a vote only its day; both are written in batches. A vote is
held back until there are others; that somebody was asked is not.
"""

import datetime
from enum import StrEnum

from router.core.ids import AgentId, EntryId, FicheId, QuestionId, SectorId
from router.core.requests import Result, Watching
from router.core.values import value

PERIOD_S = 1800


class Outcome(StrEnum):
    """How a call ended. Every call ends with exactly one."""

    ANSWERED = "answered"  # an informateur and the caller talked
    ABANDONED = "abandoned"  # the caller hung up while waiting
    LEFT = "left"  # the caller hung up before choosing a sector
    INFORMED = "informed"  # heard recorded information, to the end or not
    CLOSED = "closed"  # came outside opening hours
    REFUSED_FULL = "refused: queue full"
    REFUSED_NO_AGENT = "refused: nobody on duty"
    REFUSED_CLOSING = "refused: closing"
    REFUSED_LONG = "refused: longest wait reached"
    REFUSED_DRAIN = "refused: out of service"  # taken out of service on purpose (drain.py)
    SILENT = "silent"  # never pressed a key
    LOST = "lost"  # the informateur's phone died and the caller was not served again
    CALLED_BACK = "called back"  # left the queue for a callback
    # Callbacks that led to no conversation.
    NOT_REACHED = "not reached"  # busy, no answer or voicemail
    FAILED = "failed"  # for reasons of the service's own (tickets.OURS)
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    LOST_REBOOT = "lost in a reboot"
    NUMBER_LOST = "number lost"  # in any other way


class Door(StrEnum):
    """How a call came in."""

    NONE = "none"  # ended before any of the others
    CODE = "code"
    MENU = "menu"
    NO_KEY = "no-key"  # pressed nothing: the general queue
    CALLBACK = "callback"


@value
class CallFact:
    """One call, from its arrival to its end."""

    #: Start of the half-hour in which it arrived, UTC epoch seconds.
    period_at: int
    door: Door
    #: The sector it was last in, if it reached one.
    sector: SectorId | None
    outcome: Outcome
    #: Whole seconds from joining the queue to the first conversation, or until the caller stopped
    #: waiting; None if the caller never waited.
    waited_s: int | None
    #: Whole seconds of conversation with informateurs, in total; None if there was none.
    talked_s: int | None
    #: How often a phone was rung: an informateur's or, for a callback, that of whoever asked.
    attempts: int
    #: Whether the first conversation began by the instant promised. None if nothing was promised,
    #: if the caller hung up before that instant, or if a callback was not reached by then. A
    #: callback that failed for reasons of the service's own is a broken promise at once.
    kept: bool | None
    #: How often the caller was passed on to another informateur or sector.
    transfers: int = 0
    #: The entry of the directory to which the caller was referred.
    referral: EntryId | None = None


@value
class SubjectFact:
    """What an informateur noted after a call."""

    day: datetime.date
    sector: SectorId
    subject: FicheId | SectorId
    result: Result
    referral: EntryId | None
    improve: bool


@value
class VoteFact:
    """A question put to a caller, and the score given; None if there was no answer."""

    day: datetime.date
    question: QuestionId
    score: int | None


@value
class BallotFact:
    """A caller was asked to vote, beginning with `question`.

    It says neither whether there was an answer nor which, so it need not be held back as votes are.
    """

    day: datetime.date
    question: QuestionId


@value
class DutyFact:
    """An informateur was ready for calls at some time of that day."""

    day: datetime.date
    agent: AgentId


@value
class WatchFact:
    """A supervisor began to take part in an informateur's call; kept for audits."""

    #: UTC epoch seconds.
    at: float
    supervisor: str
    agent: AgentId
    watching: Watching


@value
class DirectiveFact:
    """A supervisor changed something; kept for audits."""

    #: UTC epoch seconds.
    at: float
    supervisor: str
    #: The name of the directive: "send on pause", "close early", …
    what: str
    #: The informateur whom it concerns; None: everybody.
    agent: AgentId | None
    #: The reason of a pause, the skills, the time: from the plan and the clock.
    detail: str
    #: In the supervisor's words.
    why: str


Fact = CallFact | SubjectFact | VoteFact | BallotFact | DutyFact | WatchFact | DirectiveFact
