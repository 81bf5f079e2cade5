"""What an informateur or a supervisor may ask of the service, and the answers.

The same values come from a desk phone's keys and from HTTP. Each gets exactly one `Reply`.
"""

from dataclasses import dataclass
from enum import StrEnum

from router.core.ids import EntryId, FicheId, PhoneId, ReasonId, SectorId


@dataclass(frozen=True, slots=True)
class LogIn:
    """Begin work at `phone`; None is the informateur's own."""

    phone: PhoneId | None = None


@dataclass(frozen=True, slots=True)
class LogOut:
    """End work; a call under way is finished first."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Take no calls for a `reason` of the plan; after the call, if there is one."""

    reason: ReasonId


@dataclass(frozen=True, slots=True)
class Ready:
    """End the pause or the wrap-up."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Let the caller hear music."""


@dataclass(frozen=True, slots=True)
class Retrieve:
    """Take the caller back from hold."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """Give the caller to another sector, at the front of its queue."""

    sector: SectorId


@dataclass(frozen=True, slots=True)
class Consult:
    """Ask an informateur of `sector` while the caller is on hold."""

    sector: SectorId


@dataclass(frozen=True, slots=True)
class Complete:
    """Give the caller to the informateur who was consulted."""


@dataclass(frozen=True, slots=True)
class Cancel:
    """Give up the consultation or the referral; back to the caller."""


@dataclass(frozen=True, slots=True)
class Refer:
    """Send the caller to an entry of the directory: by transfer, or by saying its number."""

    entry: EntryId
    spoken: bool


class Result(StrEnum):
    """What came of a call, as the informateur sees it."""

    ANSWERED = "answered"
    PARTLY = "partly"
    REFERRED = "referred"
    OUT_OF_SCOPE = "out of scope"


@dataclass(frozen=True, slots=True)
class Note:
    """What the last call was about, told within the wrap-up time. None: as the call came in."""

    subject: FicheId | SectorId | None = None
    result: Result = Result.ANSWERED
    referral: EntryId | None = None
    #: The page should be made clearer.
    improve: bool = False


class Watching(StrEnum):
    """How a supervisor takes part: hears both; is heard by the informateur; is heard by both."""

    LISTEN = "listen"
    WHISPER = "whisper"
    JOIN = "join"


InCall = Hold | Retrieve | Transfer | Consult | Complete | Cancel | Refer
Request = LogIn | LogOut | Pause | Ready | Note | InCall


class Reply(StrEnum):
    """The answer; said on the phone as the prompt `desk-<value>`, told by HTTP in French."""

    # It is done, or under way.
    LOGGED_IN = "logged-in"
    LOGGED_OUT = "logged-out"
    PAUSED = "paused"
    READY = "ready"
    READY_AFTER_MISSES = "ready-after-misses"  # what the pause was for is told with it
    NOTED = "noted"
    HELD = "held"
    RETRIEVED = "retrieved"
    TRANSFERRED = "transferred"
    CONSULTING = "consulting"
    CANCELLED = "cancelled"
    REFERRED = "referred"
    WATCHING = "watching"
    AFTER_CALL = "after-call"  # log-out and pause: when the call is over
    # Refused: who asks.
    NOT_LOGGED_IN = "not-logged-in"
    ALREADY_LOGGED_IN = "already-logged-in"
    LOGGED_IN_ELSEWHERE = "logged-in-elsewhere"  # second_log_in = "refuse"
    WRONG_PIN = "wrong-pin"  # or no such informateur: not told apart
    LOCKED = "locked"
    PHONE_TAKEN = "phone-taken"  # another informateur is logged in there
    PHONE_UNKNOWN = "phone-unknown"
    PHONE_ABSENT = "phone-absent"  # not registered
    # Refused: what is asked.
    UNKNOWN_CODE = "unknown-code"
    UNKNOWN_REASON = "unknown-reason"
    UNKNOWN_SECTOR = "unknown-sector"
    UNKNOWN_ENTRY = "unknown-entry"
    UNKNOWN_SUBJECT = "unknown-subject"
    SAME_SECTOR = "same-sector"
    SECTOR_CLOSED = "sector-closed"  # nobody on duty there
    NOBODY_FREE = "nobody-free"  # for a consultation
    NO_NUMBER = "no-number"  # the entry has none to be dialled
    NOTHING_TO_NOTE = "nothing-to-note"  # no call, or its wrap-up is over
    NOT_IN_CALL = "not-in-call"
    NOT_NOW = "not-now"  # not in this state of the call
    BUSY = "busy"  # a supervisor is there already, or the supervisor's phone is in use


#: Replies that say yes.
GRANTED = frozenset(
    {Reply.LOGGED_IN, Reply.LOGGED_OUT, Reply.PAUSED, Reply.READY, Reply.READY_AFTER_MISSES}
    | {Reply.NOTED, Reply.HELD, Reply.RETRIEVED, Reply.TRANSFERRED, Reply.CONSULTING}
    | {Reply.CANCELLED, Reply.REFERRED, Reply.WATCHING, Reply.AFTER_CALL}
)
