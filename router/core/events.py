"""What happened. Each is a fact in the past tense, without identity of any caller.

The engine accepts any event at any time: late, repeated or unknown ones are counted
and ignored.
"""

from enum import StrEnum

from router.core.callback.tickets import Failure
from router.core.ids import (
    AgentId,
    BridgeId,
    CallId,
    ChannelId,
    FicheId,
    PhoneId,
    PlaybackId,
    SectorId,
    TicketId,
)
from router.core.requests import Request, Watching
from router.core.values import value


class LegEnd(StrEnum):
    """Why an informateur's leg ended (from the Q.850 cause, ITU-T Q.850 table 1)."""

    HUNG_UP = "hung up"  # 16: normal clearing
    NO_ANSWER = "no answer"  # 18, 19
    BUSY = "busy"  # 17
    REJECTED = "rejected"  # 21
    UNREACHABLE = "unreachable"  # 3, 20, 27, 34, 38...: no phone there
    LOST = "lost"  # anything else: the phone died in mid-call


class CalledEnd(StrEnum):
    """Why a call to the public network was not picked up (ari/causes.py)."""

    # The person's own.
    BUSY = "busy"
    DECLINED = "declined"
    NO_ANSWER = "no answer"
    # The number's; or, when it is said of all, the carrier's.
    UNASSIGNED = "unassigned"
    # The carrier's.
    REFUSED = "refused by the carrier"
    FAILED = "failed at the carrier"
    SILENT = "no answer of the carrier"
    HUNG_UP = "hung up"  # ours


#: These are the carrier's trouble, whoever is called.
OF_CARRIER = frozenset({CalledEnd.REFUSED, CalledEnd.FAILED, CalledEnd.SILENT})


@value
class CallArrived:
    """A caller's channel entered the application, already answered."""

    call: CallId


@value
class CallLeft:
    """The caller's channel is gone: hung up, timed out, or unknown to Asterisk."""

    call: CallId


@value
class KeyPressed:
    """One key of the caller, or of an informateur who dialled the desk: `0`-`9`, `*`, `#`, `A`-`D`.

    A caller's keys in a conversation are told too.
    """

    call: CallId
    key: str


@value
class DeskCalled:
    """An informateur's phone dialled one of the desk's short codes; already answered.

    `call` is that phone's channel; its keys, prompts and end are told as a caller's.
    """

    call: CallId
    phone: PhoneId
    code: str


@value
class LegKeyPressed:
    """One key of an informateur in a call, on the leg that we dialled."""

    call: CallId
    leg: ChannelId
    key: str


@value
class LegRang:
    """The phone that we dialled rings."""

    call: CallId
    leg: ChannelId


@value
class SnoopStarted:
    """The channel of a `Snoop` is there."""

    call: CallId
    snoop: ChannelId


@value
class AgentAsked:
    """An informateur asks something, by HTTP; answered by `Told` with the same number."""

    ask: int
    agent: AgentId
    request: Request


@value
class SupervisorAsked:
    """A supervisor, at `phone`, wants to take part in the call of `agent`; answered by `Told`."""

    ask: int
    supervisor: str
    phone: PhoneId
    agent: AgentId
    watching: Watching


@value
class CallerSpoke:
    """A caller who is listened to (`Listen`) spoke for so many seconds, and paused."""

    call: CallId
    seconds: float


@value
class PromptEnded:
    """A playback is over: all said, or stopped by us."""

    call: CallId
    playback: PlaybackId


@value
class PromptFailed:
    """A playback broke off: nobody is known to have heard it.

    As a rule its channel is gone, and that end is told within the same millisecond; else a file
    cannot be played.
    """

    call: CallId
    playback: PlaybackId


@value
class PhoneAppeared:
    """An informateur's phone is registered."""

    phone: PhoneId


@value
class PhoneVanished:
    """An informateur's phone is no longer registered."""

    phone: PhoneId


@value
class LegAnswered:
    """The informateur picked up the leg that we dialled for this call."""

    call: CallId
    leg: ChannelId


@value
class LegEnded:
    """The informateur's leg is gone, answered or not."""

    call: CallId
    leg: ChannelId
    reason: LegEnd


@value
class CallbackAsked:
    """Somebody asks to be called back under `ticket`; answered by `Admitted`."""

    ask: int
    ticket: TicketId
    sector: SectorId
    fiche: FicheId | None = None


@value
class CallbackCancelled:
    """Who holds the ticket does not want to be called any more."""

    ticket: TicketId


@value
class CalledAnswered:
    """The number of a ticket was picked up, by a person or a machine. Keys and the end of it
    come as a caller's."""

    call: CallId


@value
class CalledEnded:
    """The number of a ticket was not picked up."""

    call: CallId
    reason: CalledEnd


@value
class DialFailed:
    """The call of a ticket could not be begun."""

    call: CallId
    failure: Failure


@value
class NumberTaken:
    """A caller has typed a number to be called back: promised under `ticket`, or not.

    `refused`: there was a number, but no promise can be made now.
    """

    call: CallId
    ticket: TicketId | None
    refused: bool = False


@value
class TrunkChanged:
    """Calls to the public network can go out, or not."""

    up: bool


@value
class TicketUnkept:
    """What was last told of the ticket could not be written, so what hung on it was not done:
    attempt number `attempt` is not dialled or, at 0, the callback is not promised."""

    ticket: TicketId
    attempt: int


@value
class NumberLost:
    """The vault has the ticket's number no more: nobody can be called."""

    ticket: TicketId


@value
class StoreChanged:
    """Tickets can be written, or not."""

    up: bool


@value
class Resynced:
    """Everything that Asterisk holds has been told: after each (re)connection."""


@value
class CommandFailed:
    """Asterisk would not do what was asked of `channel`: it has left (404, 409, 412, 422)."""

    call: CallId
    channel: ChannelId


@value
class CallFound:
    """After a restart of the router: a caller's channel that Asterisk still holds.

    With `leg` and `bridge` the two are talking, the leg being the informateur's `agent` or,
    without one, a referral's; with `sector` the caller was waiting since `joined_at`, about
    `fiche`; with neither the call starts again from the welcome.
    """

    call: CallId
    sector: SectorId | None = None
    joined_at: float | None = None
    agent: AgentId | None = None
    leg: ChannelId | None = None
    bridge: BridgeId | None = None
    fiche: FicheId | None = None


@value
class TimePassed:
    """Nothing but time: whatever is due at `now` happens."""


Event = (
    CallArrived
    | CallLeft
    | KeyPressed
    | CallerSpoke
    | PromptEnded
    | PromptFailed
    | PhoneAppeared
    | PhoneVanished
    | DeskCalled
    | LegKeyPressed
    | LegRang
    | LegAnswered
    | LegEnded
    | SnoopStarted
    | AgentAsked
    | SupervisorAsked
    | CallbackAsked
    | CallbackCancelled
    | CalledAnswered
    | CalledEnded
    | DialFailed
    | NumberTaken
    | TrunkChanged
    | TicketUnkept
    | NumberLost
    | StoreChanged
    | Resynced
    | CommandFailed
    | CallFound
    | TimePassed
)
