"""What informateurs and supervisors may ask of the service, and the answers.

The keys of a desk phone and HTTP lead to the same values. Each request gets exactly one `Reply`.
"""

from dataclasses import dataclass
from enum import StrEnum

from router.core.ids import AgentId, EntryId, FicheId, PhoneId, ReasonId, SectorId
from router.core.today import Skill


@dataclass(frozen=True, slots=True)
class LogIn:
    """Begin work at `phone`; None: at the informateur's own."""

    phone: PhoneId | None = None


@dataclass(frozen=True, slots=True)
class LogOut:
    """End work, after the call under way if there is one."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Take no calls, for a reason of the plan; after the call under way if there is one."""

    reason: ReasonId


@dataclass(frozen=True, slots=True)
class Ready:
    """End the pause or the wrap-up."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Put the caller on hold, with music."""


@dataclass(frozen=True, slots=True)
class Retrieve:
    """Take the caller back from hold."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """Transfer the caller to the front of another sector's queue."""

    sector: SectorId


@dataclass(frozen=True, slots=True)
class Consult:
    """Consult an informateur of `sector` while the caller is on hold."""

    sector: SectorId


@dataclass(frozen=True, slots=True)
class Complete:
    """Hand the caller over to the informateur who was consulted."""


@dataclass(frozen=True, slots=True)
class Cancel:
    """Give up the consultation or the referral, and return to the caller."""


@dataclass(frozen=True, slots=True)
class Refer:
    """Refer the caller to an entry of the directory."""

    entry: EntryId
    #: Whether the caller is given its number instead of being put through.
    spoken: bool


@dataclass(frozen=True, slots=True)
class End:
    """End the conversation, as hanging up the phone does."""


class Result(StrEnum):
    """What came of a call, as the informateur sees it."""

    ANSWERED = "answered"
    PARTLY = "partly"
    REFERRED = "referred"
    OUT_OF_SCOPE = "out of scope"


@dataclass(frozen=True, slots=True)
class Note:
    """What the last call was about, noted during wrap-up."""

    #: None: the page or sector with which the call came in.
    subject: FicheId | SectorId | None = None
    result: Result = Result.ANSWERED
    #: Where the caller was referred; None: nowhere.
    referral: EntryId | None = None
    #: The page should be made clearer.
    improve: bool = False


@dataclass(frozen=True, slots=True)
class Noting:
    """Take the time to note the last call: the wrap-up goes on a little longer."""


class Watching(StrEnum):
    """How a supervisor takes part in a call."""

    LISTEN = "listen"  # hears both, and is heard by neither
    WHISPER = "whisper"  # hears both, and is heard by the informateur
    JOIN = "join"  # hears both, and is heard by both


@dataclass(frozen=True, slots=True)
class SendOnPause:
    """Have an informateur pause, for a reason of the plan; after the call under way."""

    agent: AgentId
    reason: ReasonId


@dataclass(frozen=True, slots=True)
class MakeReady:
    """End an informateur's pause or wrap-up."""

    agent: AgentId


@dataclass(frozen=True, slots=True)
class Move:
    """Have an informateur serve these sectors until the day's end; None: the plan's again."""

    agent: AgentId
    skills: tuple[Skill, ...] | None


@dataclass(frozen=True, slots=True)
class CloseEarly:
    """Close today before the time that is planned; None: at once."""

    #: UTC epoch seconds.
    closes_at: float | None = None


@dataclass(frozen=True, slots=True)
class Reopen:
    """Have today's hours as planned again."""


@dataclass(frozen=True, slots=True)
class TellAll:
    """Say something on every board and desk until the day's end; None: what was said is over."""

    text: str | None


#: What supervisors direct.
Directive = SendOnPause | MakeReady | Move | CloseEarly | Reopen | TellAll
InCall = Hold | Retrieve | Transfer | Consult | Complete | Cancel | Refer | End
Request = LogIn | LogOut | Pause | Ready | Noting | Note | InCall


class Reply(StrEnum):
    """The answer: on the phone the prompt `desk-<value>`, over HTTP a sentence in French."""

    # Granted: it is done, or under way.
    LOGGED_IN = "logged-in"
    LOGGED_OUT = "logged-out"
    PAUSED = "paused"
    READY = "ready"
    READY_AFTER_MISSES = "ready-after-misses"  # after a pause for missed calls
    NOTING = "noting"
    NOTED = "noted"
    HELD = "held"
    RETRIEVED = "retrieved"
    TRANSFERRED = "transferred"
    CONSULTING = "consulting"
    CANCELLED = "cancelled"
    REFERRED = "referred"
    ENDED = "ended"
    WATCHING = "watching"
    AFTER_CALL = "after-call"  # granted once the call is over
    DIRECTED = "directed"  # what a supervisor directs
    # Refused because of who asks.
    NOT_LOGGED_IN = "not-logged-in"
    ALREADY_LOGGED_IN = "already-logged-in"
    LOGGED_IN_ELSEWHERE = "logged-in-elsewhere"  # second_log_in = "refuse"
    WRONG_PIN = "wrong-pin"  # or no such informateur: the answer is the same
    LOCKED = "locked"
    PHONE_TAKEN = "phone-taken"  # another informateur is logged in there
    PHONE_UNKNOWN = "phone-unknown"
    PHONE_ABSENT = "phone-absent"  # not registered
    # Refused because of what is asked.
    UNKNOWN_CODE = "unknown-code"
    UNKNOWN_REASON = "unknown-reason"
    UNKNOWN_SECTOR = "unknown-sector"
    UNKNOWN_ENTRY = "unknown-entry"
    UNKNOWN_SUBJECT = "unknown-subject"
    SAME_SECTOR = "same-sector"
    SECTOR_CLOSED = "sector-closed"  # nobody on duty there
    NOBODY_FREE = "nobody-free"  # to be consulted
    NO_NUMBER = "no-number"  # the entry has none to dial
    NOTHING_TO_NOTE = "nothing-to-note"  # no call, or the time to note it is over
    NOT_IN_CALL = "not-in-call"
    NOT_NOW = "not-now"  # not in this state of the call
    BUSY = "busy"  # the call has a supervisor already, or the supervisor's phone is in use
    # Refused to a supervisor who directs something.
    UNKNOWN_AGENT = "unknown-agent"
    NOT_EARLIER = "not-earlier"  # the service is closed by then anyway
    NOTHING_TO_UNDO = "nothing-to-undo"


#: The replies that grant a request.
GRANTED = frozenset(
    {Reply.LOGGED_IN, Reply.LOGGED_OUT, Reply.PAUSED, Reply.READY, Reply.READY_AFTER_MISSES}
    | {Reply.NOTING, Reply.NOTED, Reply.HELD, Reply.RETRIEVED, Reply.TRANSFERRED}
    | {Reply.CONSULTING, Reply.CANCELLED, Reply.REFERRED, Reply.ENDED, Reply.WATCHING}
    | {Reply.AFTER_CALL, Reply.DIRECTED}
)
#: The replies that no phone ever hears.
ON_SCREEN = frozenset(
    {Reply.NOTING, Reply.ENDED, Reply.DIRECTED, Reply.UNKNOWN_AGENT, Reply.NOT_EARLIER}
    | {Reply.NOTHING_TO_UNDO}
)
