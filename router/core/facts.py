"""What is counted. Nothing here leads back to a caller or a call: no id, no exact time.

A call's fact carries its half-hour, a vote its day only; both are written in batches. Votes wait
for others before they are; that somebody was asked does not.
"""

import datetime
from enum import StrEnum

from router.core.ids import AgentId, EntryId, FicheId, QuestionId, SectorId
from router.core.requests import Result, Watching
from router.core.values import value

PERIOD_S = 1800


class Outcome(StrEnum):
    """How a call ended. Every call ends with exactly one."""

    ANSWERED = "answered"  # an informateur and the caller were joined
    ABANDONED = "abandoned"  # the caller left while waiting
    LEFT = "left"  # the caller left before choosing a sector
    INFORMED = "informed"  # heard the recorded information, to its end or not
    CLOSED = "closed"  # came outside opening hours
    REFUSED_FULL = "refused: queue full"
    REFUSED_NO_AGENT = "refused: nobody on duty"
    REFUSED_CLOSING = "refused: closing"
    REFUSED_LONG = "refused: longest wait reached"
    SILENT = "silent"  # no key ever came
    LOST = "lost"  # the informateur's phone died and the caller was not served again
    CALLED_BACK = "called back"  # left the queue for a callback
    # Of requests to be called back that came to no conversation.
    NOT_REACHED = "not reached"  # called in vain: busy, no answer, voicemail
    FAILED = "failed"  # for the service's own reasons (tickets.OURS)
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    LOST_REBOOT = "lost in a reboot"
    NUMBER_LOST = "number lost"  # otherwise, so that nobody could be called


class Door(StrEnum):
    """The way in."""

    NONE = "none"  # left, or was refused, before either
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
    #: The sector it was for at its end, if it got that far.
    sector: SectorId | None
    outcome: Outcome
    #: Whole seconds from joining the queue until the first conversation, or until the caller
    #: stopped waiting; None without waiting.
    waited_s: int | None
    #: Whole seconds with informateurs, all conversations together; None without one.
    talked_s: int | None
    #: How many phones were rung.
    attempts: int
    #: Whether the first conversation began by the instant promised; None without a promise,
    #: for a caller who left before that instant, and for who was called back in vain by then.
    #: A callback that failed for the service's own reasons is a broken promise at once.
    kept: bool | None
    transfers: int = 0
    #: The directory's entry that the caller was sent to.
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
    """A question put to a caller: the score given, None if there was no answer."""

    day: datetime.date
    question: QuestionId
    score: int | None


@value
class BallotFact:
    """A caller was asked to vote: `question` was the first one put. It says neither whether it was
    answered nor how, so that it may be told before the vote is.
    """

    day: datetime.date
    question: QuestionId


@value
class DutyFact:
    """An informateur was ready for calls on that day."""

    day: datetime.date
    agent: AgentId


@value
class WatchFact:
    """A supervisor began to take part in an informateur's call: kept for the audit."""

    at: float
    supervisor: str
    agent: AgentId
    watching: Watching


Fact = CallFact | SubjectFact | VoteFact | BallotFact | DutyFact | WatchFact
