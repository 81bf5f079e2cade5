"""Tickets: accepted requests to be called back. Values only; who is called, nobody here knows.

WAITING    accepted: due later, or between two attempts
RINGING    an informateur is reserved and rung
DIALLING   the informateur is there and hears the whisper; the number is dialled
ASKING     picked up: "tapez 1" tells a person from a voicemail
TALKING    joined
and the ends, of which each ticket has exactly one: DONE, FAILED, CANCELLED, EXPIRED,
LOST_REBOOT
"""

import hashlib
from enum import StrEnum

from router.core.ids import CallId, FicheId, SectorId, TicketId
from router.core.values import value


class TicketState(StrEnum):
    WAITING = "waiting"
    RINGING = "ringing"
    DIALLING = "dialling"
    ASKING = "asking"
    TALKING = "talking"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    LOST_REBOOT = "lost_reboot"


ENDS = frozenset(
    {TicketState.DONE, TicketState.FAILED, TicketState.CANCELLED, TicketState.EXPIRED}
    | {TicketState.LOST_REBOOT}
)


class Failure(StrEnum):
    """Why an attempt came to nothing; the last one is why the ticket failed."""

    BUSY = "busy"
    DECLINED = "declined"
    NO_ANSWER = "no answer"
    VOICEMAIL = "voicemail"  # picked up, no key pressed
    HUNG_UP = "hung up"  # picked up, left without a key
    UNASSIGNED = "unassigned"  # no such number
    NUMBER_LOST = "number lost"  # ours: the vault has it no more
    TRUNK = "trunk"  # the carrier refuses our calls, fails, or does not answer
    INTERRUPTED = "interrupted"  # ours: the informateur or the router was gone

    @classmethod
    def _missing_(cls, value: object) -> "Failure | None":
        return cls.NUMBER_LOST if value == "unreachable" else None  # its name of before


#: The service's own reasons: the person was never called, or was let down. All others are the
#: person's, who was called as often as promised: such a promise is neither kept nor broken.
OURS = frozenset({Failure.NUMBER_LOST, Failure.TRUNK, Failure.INTERRUPTED})


class TicketDue(StrEnum):
    """A deadline of a ticket that has come."""

    DIAL = "dial"  # the number has rung for long enough
    STEP = "step"  # the question, or the silence after it, lasts too long
    RETRY = "retry"  # time for the next attempt
    EXPIRE = "expire"  # the promise and its grace are over


class TicketEvent(StrEnum):
    """What else happens to a ticket."""

    TALKED = "conversation over"
    UNFOUND = "not found again"  # of an attempt of before a restart
    WITHDRAWN = "withdrawn"  # could not be written, so was never promised


class Refusal(StrEnum):
    """Why no callback is accepted now."""

    CLOSED = "closed"  # outside opening hours
    CLOSING = "closing"  # would not be kept before closing time
    FULL = "full"  # would not be kept in the time promised
    NO_AGENT = "no_agent"  # nobody on duty in that sector
    TRUNK = "trunk"  # no calls go out
    UNAVAILABLE = "unavailable"  # Asterisk is away, or nothing can be written


@value
class Admission:
    """Whether a callback may be promised now. Times are UTC epoch seconds."""

    refusal: Refusal | None
    #: By when it would be kept.
    due_at: float
    #: By when the forecast says that it will be, with 95 % confidence.
    expected_at: float


@value
class TicketRecord:
    """What is kept on disk of a ticket, and shown to who holds it."""

    ticket: TicketId
    sector: SectorId
    fiche: FicheId | None
    asked_at: float
    #: The instant promised.
    due_at: float
    state: TicketState = TicketState.WAITING
    #: Calls dialled, or about to be: written before the dialling.
    attempts: int = 0
    failure: Failure | None = None
    #: Not before this: between two attempts.
    retry_at: float | None = None
    ended_at: float | None = None
    #: Who calls in with it need not be called back; "" once the ticket has ended. Not kept: it
    #: follows from the ticket.
    code: str = ""


def channel_of(ticket: TicketId, attempt: int) -> CallId:
    """Return the channel's id of an attempt. It is chosen before the attempt and is the same
    after any restart, so one attempt is never dialled twice; nobody finds the ticket from it.
    """
    digest = hashlib.sha256(f"{ticket}/{attempt}".encode()).hexdigest()
    return CallId(f"callback-{digest[:24]}")
