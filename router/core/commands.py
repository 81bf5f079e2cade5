"""What to do: decisions are values, which the engine returns and others carry out.

The commands of one call are carried out in order, those of different calls side by side.
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
from router.core.today import Today
from router.core.values import value


class Step(StrEnum):
    """The steps of a call, or of a callback, that are logged."""

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
    NEXT_CARRIER = "given to the next carrier"
    PICKED_UP = "picked up"
    NOT_REACHED = "not reached"
    NUMBER_LOST = "number lost"
    TICKET_ENDED = "callback over"
    VOTE_ASKED = "asked to vote"
    WATCHED = "supervisor takes part"
    UNWATCHED = "supervisor has left"
    UNPLAYED = "prompt could not be played"
    MOVED = "moved: a new plan has its sector no more"
    REFUSED = "refused"
    ENDED = "ended"


@value
class Play:
    """Play `prompts` one after another on `channel`, with the id `playback`."""

    call: CallId
    channel: ChannelId
    playback: PlaybackId
    prompts: tuple[PromptId, ...]


@value
class StopPlaying:
    """Cut a playback short (barge-in), if it has not ended already."""

    call: CallId
    playback: PlaybackId


@value
class StartMusic:
    """Play music on hold to the channel."""

    call: CallId
    channel: ChannelId


@value
class StopMusic:
    """Stop the channel's music on hold."""

    call: CallId
    channel: ChannelId


@value
class Remember:
    """Note on the channel itself where the caller is waiting, for a router that restarts."""

    call: CallId
    channel: ChannelId
    #: None: the caller has been served, and waits for nobody any more.
    sector: SectorId | None
    #: UTC epoch seconds.
    joined_at: float
    #: Whether to end a `Listen`, which has served its purpose.
    stop_listening: bool = False
    #: The page whose code was typed.
    fiche: FicheId | None = None


@value
class Listen:
    """Report from now on when the caller has spoken (`CallerSpoke`)."""

    call: CallId
    channel: ChannelId


@value
class Ring:
    """Dial the phone at which `agent` works, as channel `leg`; give up after `timeout_s`."""

    call: CallId
    agent: AgentId
    leg: ChannelId
    timeout_s: int
    #: None: the informateur's own.
    phone: PhoneId | None = None


@value
class DialOut:
    """Dial an entry of the directory through the trunk, as channel `leg`."""

    call: CallId
    entry: EntryId
    leg: ChannelId
    #: After this it is given up.
    timeout_s: int


@value
class DialTicket:
    """Dial whoever asked for `ticket`, as channel `call`; give up after `timeout_s`.

    Carried out by the intake, which alone knows the number, once the attempt is on disk. Sector and
    time are noted on the channel, as `Remember` does on a caller's.
    """

    call: CallId
    ticket: TicketId
    sector: SectorId
    joined_at: float
    timeout_s: int
    #: Which attempt for this ticket, from 1.
    attempt: int = 1


@value
class Snoop:
    """Open the channel `snoop`, which hears both sides of `leg`; `whisper`: and is heard by it."""

    call: CallId
    leg: ChannelId
    snoop: ChannelId
    whisper: bool


@value
class TakeOut:
    """Take one channel out of the bridge, which remains."""

    call: CallId
    bridge: BridgeId
    channel: ChannelId


@value
class PutIn:
    """Add a channel to the bridge."""

    call: CallId
    bridge: BridgeId
    channel: ChannelId


@value
class Verify:
    """Check that `leg` still exists: `CommandFailed` follows if it does not, otherwise nothing."""

    call: CallId
    leg: ChannelId


@value
class Join:
    """Put the channels in a new bridge, where they hear each other."""

    call: CallId
    bridge: BridgeId
    channels: tuple[ChannelId, ...]


@value
class Part:
    """Remove the bridge; its channels remain."""

    call: CallId
    bridge: BridgeId


@value
class HangUp:
    """Hang up the channel, if it is still there."""

    call: CallId
    channel: ChannelId


@value
class Noted:
    """One step of a call, for the log, the figures and the demo's timeline."""

    call: CallId
    step: Step
    sector: SectorId | None = None
    agent: AgentId | None = None
    fiche: FicheId | None = None
    outcome: Outcome | None = None
    #: How long something took that ends with this step: the wait, the talk, or the whole call.
    seconds: float | None = None
    #: A detail from a fixed vocabulary (menu, page, reason), never from the caller.
    detail: str = ""


@value
class Told:
    """The answer to `AgentAsked`, `SupervisorAsked` or `Directed` number `ask`."""

    ask: int
    reply: Reply


@value
class DeskChanged:
    """An informateur's session, to be stored so that it survives a restart."""

    agent: AgentId
    #: Where the informateur is logged in; None: logged out.
    phone: PhoneId | None
    #: Why paused, and until when (UTC epoch seconds).
    reason: ReasonId | None = None
    until_at: float | None = None


@value
class TodayChanged:
    """What supervisors have changed for the day, to be stored so that it survives a restart.

    From now on the service is the plan with it (`Engine.plan`).
    """

    today: Today


@value
class TicketChanged:
    """A ticket's state, to be on disk before any later `Admitted` or `DialTicket` of that ticket.

    If it cannot be written, those are not carried out and `TicketUnkept` is reported.
    """

    record: TicketRecord


@value
class Admitted:
    """The answer to `CallbackAsked` number `ask`, to be given once the ticket is on disk."""

    ask: int
    admission: Admission


@value
class TakeNumber:
    """Have the intake ask the caller to type a number; `NumberTaken` follows."""

    call: CallId
    sector: SectorId
    fiche: FicheId | None = None


@value
class NumberOver:
    """Stop asking the caller for a number."""

    call: CallId


@value
class Counted:
    """A fact to be counted."""

    fact: Fact


#: Commands for Asterisk.
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
#: Commands for the service itself.
ForService = (
    Noted
    | Told
    | DeskChanged
    | TodayChanged
    | Counted
    | TicketChanged
    | Admitted
    | DialTicket
    | TakeNumber
    | NumberOver
)
Command = ForAsterisk | ForService
