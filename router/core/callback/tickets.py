"""Tickets: accepted requests to be called back. Values only, and nothing here knows a number.

    WAITING    in the queue, or between two attempts
    RINGING    an informateur is being rung
    DIALLING   the informateur is hearing the whisper while the number is dialled
    ASKING     picked up: "tapez 1" tells a person from a voicemail
    TALKING    in conversation

and the ends, of which each ticket has exactly one: DONE, FAILED, CANCELLED, EXPIRED, LOST_REBOOT.
"""

import hashlib
from enum import StrEnum

from router.core.ids import CallId, FicheId, SectorId, TicketId
from router.core.values import value


class TicketState(StrEnum):
    """Where a callback is in its life; see above."""

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


#: The states in which a ticket is over.
ENDS = frozenset(
    {TicketState.DONE, TicketState.FAILED, TicketState.CANCELLED, TicketState.EXPIRED}
    | {TicketState.LOST_REBOOT}
)


class Failure(StrEnum):
    """Why an attempt failed; if it was the last, why the ticket did."""

    BUSY = "busy"
    DECLINED = "declined"
    NO_ANSWER = "no answer"
    VOICEMAIL = "voicemail"  # picked up, no key pressed
    HUNG_UP = "hung up"  # picked up, hung up without a key
    UNASSIGNED = "unassigned"  # no such number
    NUMBER_LOST = "number lost"  # our fault: the vault no longer has it
    TRUNK = "trunk"  # the carrier refuses our calls, fails, or does not respond
    INTERRUPTED = "interrupted"  # our fault: the informateur or the router was gone

    @classmethod
    def _missing_(cls, value: object) -> "Failure | None":
        return cls.NUMBER_LOST if value == "unreachable" else None  # its former name


#: Failures of the service: the person was never called, or was let down. In all other cases they
#: were called as often as promised, so the promise counts neither as kept nor as broken.
OURS = frozenset({Failure.NUMBER_LOST, Failure.TRUNK, Failure.INTERRUPTED})


class TicketDue(StrEnum):
    """A deadline of a ticket that has come."""

    DIAL = "dial"  # the number has rung for long enough
    STEP = "step"  # the question, or the silence after it, lasts too long
    RETRY = "retry"  # time for the next attempt
    EXPIRE = "expire"  # the promise and its period of grace are over


class TicketEvent(StrEnum):
    """What else happens to a ticket."""

    TALKED = "conversation over"
    UNFOUND = "not found again"  # after a restart, the attempt's channel does not exist
    WITHDRAWN = "withdrawn"  # it could not be written, so it was never promised


class Refusal(StrEnum):
    """Why no callback is accepted now."""

    CLOSED = "closed"  # outside opening hours
    CLOSING = "closing"  # it would not be kept before closing time
    FULL = "full"  # it would not be kept in the time promised
    NO_AGENT = "no_agent"  # nobody on duty in that sector
    TRUNK = "trunk"  # no calls can go out
    UNAVAILABLE = "unavailable"  # Asterisk is away, or nothing can be written


@value
class Admission:
    """Whether a callback may be promised now. Times are UTC epoch seconds."""

    #: None: it may.
    refusal: Refusal | None
    #: By when it is promised.
    due_at: float
    #: By when it will be kept according to the forecast, with 95 % confidence.
    expected_at: float


@value
class TicketRecord:
    """What is stored of a ticket, and shown to whoever holds it. Times are UTC epoch seconds."""

    ticket: TicketId
    sector: SectorId
    fiche: FicheId | None
    asked_at: float
    #: The instant promised.
    due_at: float
    state: TicketState = TicketState.WAITING
    #: How often the number was dialled, or is about to be: stored before dialling.
    attempts: int = 0
    #: Why the latest attempt failed.
    failure: Failure | None = None
    #: Between two attempts, when the next one may be made.
    retry_at: float | None = None
    ended_at: float | None = None
    #: The code for calling in instead of being called back; "" once the ticket has ended. It is
    #: not stored, since it follows from the ticket.
    code: str = ""


def channel_of(ticket: TicketId, attempt: int) -> CallId:
    """Return the id of an attempt's channel.

    It is the same after any restart, so no attempt is dialled twice; and the ticket cannot be
    derived from it.
    """
    digest = hashlib.sha256(f"{ticket}/{attempt}".encode()).hexdigest()
    return CallId(f"callback-{digest[:24]}")
