"""What to do. Decisions are values: the engine returns them, others carry them out.

Commands of one call are carried out in order; those of different calls side by side.
"""

from enum import StrEnum

from router.core.callback.tickets import Admission, TicketRecord
from router.core.facts import Fact, Outcome
from router.core.ids import (
    AgentId,
    BridgeId,
    CallId,
    ChannelId,
    EntryId,
    FicheId,
    PhoneId,
    PlaybackId,
    PromptId,
    ReasonId,
    SectorId,
    TicketId,
)
from router.core.requests import Reply
from router.core.values import value


class Step(StrEnum):
    """The steps of a call that are worth telling."""

    ARRIVED = "arrived"
    FOUND = "found again after a restart"
    CLOSED = "told that the service is closed"
    ASKED = "asked for a code or a domain"
    CODE_ACCEPTED = "access code accepted"
    CODE_REFUSED = "access code refused"
    SPOKE = "caller was heard to speak"
    MENU = "menu"
    PAGE = "information"
    QUEUED = "waiting"
    ANNOUNCED = "told how long"
    RINGING = "ringing an informateur"
    MISSED = "informateur did not answer"
    WHISPERED = "informateur answered"
    TALKING = "talking"
    REQUEUED = "back to the front of the queue"
    AGENT_DONE = "informateur hung up"
    HELD = "on hold"
    RETRIEVED = "back from hold"
    TRANSFERRED = "transferred"
    CONSULTING = "informateur consults another"
    CONSULTED = "two informateurs talk"
    COMPLETED = "given to the informateur consulted"
    CANCELLED = "back to the caller"
    REFERRING = "referral is dialled"
    REFERRED = "talking with the referral"
    REFERRAL_SPOKEN = "referral is spoken"
    TICKET_ACCEPTED = "callback promised"
    DIALLED = "number dialled"
    PICKED_UP = "picked up"
    NOT_REACHED = "not reached"
    NUMBER_LOST = "number lost"
    TICKET_ENDED = "callback over"
    VOTE_ASKED = "asked to vote"
    WATCHED = "supervisor takes part"
    UNWATCHED = "supervisor has left"
    UNPLAYED = "prompt could not be played"
    REFUSED = "refused"
    ENDED = "ended"


@value
class Play:
    """Play `prompts` one after the other on `channel`, under the id `playback`."""

    call: CallId
    channel: ChannelId
    playback: PlaybackId
    prompts: tuple[PromptId, ...]


@value
class StopPlaying:
    """Cut a playback short (barge-in). It may have ended already."""

    call: CallId
    playback: PlaybackId


@value
class StartMusic:
    call: CallId
    channel: ChannelId


@value
class StopMusic:
    call: CallId
    channel: ChannelId


@value
class Remember:
    """Write on the channel itself where the caller waits, for a router that starts anew."""

    call: CallId
    channel: ChannelId
    sector: SectorId
    joined_at: float
    #: Whether `Listen` was asked for, and has told enough.
    stop_listening: bool = False
    #: The page whose code was typed.
    fiche: FicheId | None = None


@value
class Listen:
    """Tell from now on when the caller has spoken (`CallerSpoke`)."""

    call: CallId
    channel: ChannelId


@value
class Ring:
    """Dial the phone where `agent` works as channel `leg`; give up after `timeout_s`."""

    call: CallId
    agent: AgentId
    leg: ChannelId
    timeout_s: int
    #: None: the informateur's own.
    phone: PhoneId | None = None


@value
class DialOut:
    """Dial an entry of the directory through the trunk as channel `leg`."""

    call: CallId
    entry: EntryId
    leg: ChannelId
    timeout_s: int


@value
class DialTicket:
    """Dial whoever asked for `ticket` as channel `call`; give up after `timeout_s`.

    Carried out once the attempt is on disk, by the intake, which alone knows the number. Sector
    and time are written on the channel, as `Remember` does on a caller's.
    """

    call: CallId
    ticket: TicketId
    sector: SectorId
    joined_at: float
    timeout_s: int
    #: The ticket's first, or a later one.
    attempt: int = 1


@value
class Snoop:
    """Open `snoop`, a channel that hears both sides of `leg`; heard by `leg` when `whisper`."""

    call: CallId
    leg: ChannelId
    snoop: ChannelId
    whisper: bool


@value
class TakeOut:
    """Take one channel out of the bridge, which stays."""

    call: CallId
    bridge: BridgeId
    channel: ChannelId


@value
class PutIn:
    """Put one more channel into the bridge."""

    call: CallId
    bridge: BridgeId
    channel: ChannelId


@value
class Verify:
    """See whether `leg` is still there; CommandFailed if it is not, nothing if it is."""

    call: CallId
    leg: ChannelId


@value
class Join:
    """Put the channels in a new bridge so that they hear each other."""

    call: CallId
    bridge: BridgeId
    channels: tuple[ChannelId, ...]


@value
class Part:
    """Remove the bridge; its channels stay."""

    call: CallId
    bridge: BridgeId


@value
class HangUp:
    call: CallId
    channel: ChannelId


@value
class Noted:
    """One step of a call, for the log, the figures and the demo's timeline. Not for Asterisk."""

    call: CallId
    step: Step
    sector: SectorId | None = None
    agent: AgentId | None = None
    fiche: FicheId | None = None
    outcome: Outcome | None = None
    #: How long it took until this step, in seconds: waited, talked, or the whole call.
    seconds: float | None = None
    #: A word more, from a fixed vocabulary (menu, page, reason), never from the caller.
    detail: str = ""


@value
class Told:
    """The answer to AgentAsked or SupervisorAsked number `ask`. Not for Asterisk."""

    ask: int
    reply: Reply


@value
class DeskChanged:
    """An informateur's session, to be kept over a restart. Not for Asterisk."""

    agent: AgentId
    #: Where the informateur is logged in; None: logged out.
    phone: PhoneId | None
    #: Why paused, and until when (UTC epoch seconds).
    reason: ReasonId | None = None
    until_at: float | None = None


@value
class TicketChanged:
    """A ticket's state, to be on disk before any `Admitted` or `DialTicket` of that ticket that
    follows; if it cannot be written those are not carried out, and `TicketUnkept` is told. Not
    for Asterisk."""

    record: TicketRecord


@value
class Admitted:
    """The answer to CallbackAsked number `ask`: once the ticket is on disk. Not for Asterisk."""

    ask: int
    admission: Admission


@value
class TakeNumber:
    """Let the intake take the caller's number by keys; NumberTaken follows. Not for Asterisk."""

    call: CallId
    sector: SectorId
    fiche: FicheId | None = None


@value
class NumberOver:
    """No number is wanted of the caller any more. Not for Asterisk."""

    call: CallId


@value
class Counted:
    """Something to count. Not for Asterisk."""

    fact: Fact


#: What Asterisk is asked to do.
ForAsterisk = (
    Play
    | StopPlaying
    | StartMusic
    | StopMusic
    | Remember
    | Listen
    | Ring
    | DialOut
    | Snoop
    | Join
    | TakeOut
    | PutIn
    | Part
    | Verify
    | HangUp
)
#: What is for the service itself.
ForService = (
    Noted
    | Told
    | DeskChanged
    | Counted
    | TicketChanged
    | Admitted
    | DialTicket
    | TakeNumber
    | NumberOver
)
Command = ForAsterisk | ForService
