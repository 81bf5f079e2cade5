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


class Event:
    """Whatever the engine is given."""

    __slots__ = ()


@value
class OfCall(Event):
    """What happened on a channel of its own life: a caller's, an informateur's at the desk, or
    that of somebody who is called back."""

    call: CallId


@value
class OfLeg(OfCall):
    """What happened on a leg that we dialled for `call`."""

    leg: ChannelId


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
class CallArrived(OfCall):
    """A caller's channel entered the application, already answered."""


@value
class CallLeft(OfCall):
    """The caller's channel is gone: hung up, timed out, or unknown to Asterisk."""


@value
class KeyPressed(OfCall):
    """One key of the caller, or of an informateur who dialled the desk: `0`-`9`, `*`, `#`, `A`-`D`.

    A caller's keys in a conversation are told too.
    """

    key: str


@value
class DeskCalled(OfCall):
    """An informateur's phone dialled one of the desk's short codes; already answered.

    `call` is that phone's channel; its keys, prompts and end are told as a caller's.
    """

    phone: PhoneId
    code: str


@value
class LegKeyPressed(OfLeg):
    """One key of an informateur in a call, on the leg that we dialled."""

    key: str


@value
class LegRang(OfLeg):
    """The phone that we dialled rings."""


@value
class SnoopStarted(OfCall):
    """The channel of a `Snoop` is there."""

    snoop: ChannelId


@value
class AgentAsked(Event):
    """An informateur asks something, by HTTP; answered by `Told` with the same number."""

    ask: int
    agent: AgentId
    request: Request


@value
class SupervisorAsked(Event):
    """A supervisor, at `phone`, wants to take part in the call of `agent`; answered by `Told`."""

    ask: int
    supervisor: str
    phone: PhoneId
    agent: AgentId
    watching: Watching


@value
class CallerSpoke(OfCall):
    """A caller who is listened to (`Listen`) spoke for so many seconds, and paused."""

    seconds: float


@value
class PromptEnded(OfCall):
    """A playback is over: all said, or stopped by us."""

    playback: PlaybackId


@value
class PromptFailed(OfCall):
    """A playback broke off: nobody is known to have heard it.

    As a rule its channel is gone, and that end is told within the same millisecond; else a file
    cannot be played.
    """

    playback: PlaybackId


@value
class PhoneAppeared(Event):
    """An informateur's phone is registered."""

    phone: PhoneId


@value
class PhoneVanished(Event):
    """An informateur's phone is no longer registered."""

    phone: PhoneId


@value
class LegAnswered(OfLeg):
    """The informateur picked up the leg that we dialled for this call."""


@value
class LegEnded(OfLeg):
    """The informateur's leg is gone, answered or not."""

    reason: LegEnd


@value
class CallbackAsked(Event):
    """Somebody asks to be called back under `ticket`; answered by `Admitted`."""

    ask: int
    ticket: TicketId
    sector: SectorId
    fiche: FicheId | None = None


@value
class CallbackCancelled(Event):
    """Who holds the ticket does not want to be called any more."""

    ticket: TicketId


@value
class CalledAnswered(OfCall):
    """The number of a ticket was picked up, by a person or a machine. Keys and the end of it
    come as a caller's."""


@value
class CalledEnded(OfCall):
    """The number of a ticket was not picked up."""

    reason: CalledEnd


@value
class DialFailed(OfCall):
    """The call of a ticket could not be begun."""

    failure: Failure


@value
class NumberTaken(OfCall):
    """A caller has typed a number to be called back: promised under `ticket`, or not.

    `refused`: there was a number, but no promise can be made now.
    """

    ticket: TicketId | None
    refused: bool = False


@value
class TrunkChanged(Event):
    """Calls to the public network can go out, or not."""

    up: bool


@value
class TicketUnkept(Event):
    """What was last told of the ticket could not be written, so what hung on it was not done:
    attempt number `attempt` is not dialled or, at 0, the callback is not promised."""

    ticket: TicketId
    attempt: int


@value
class NumberLost(Event):
    """The vault has the ticket's number no more: nobody can be called."""

    ticket: TicketId


@value
class StoreChanged(Event):
    """Tickets can be written, or not."""

    up: bool


@value
class Resynced(Event):
    """Everything that Asterisk holds has been told: after each (re)connection."""


@value
class CommandFailed(OfCall):
    """Asterisk would not do what was asked of `channel`: it has left (404, 409, 412, 422)."""

    channel: ChannelId


@value
class CallFound(OfCall):
    """After a restart of the router: a caller's channel that Asterisk still holds.

    With `leg` and `bridge` the two are talking, the leg being the informateur's `agent` or,
    without one, a referral's; with `sector` the caller was waiting since `joined_at`, about
    `fiche`; with neither the call starts again from the welcome.
    """

    sector: SectorId | None = None
    joined_at: float | None = None
    agent: AgentId | None = None
    leg: ChannelId | None = None
    bridge: BridgeId | None = None
    fiche: FicheId | None = None


@value
class TimePassed(Event):
    """Nothing but time: whatever is due at `now` happens."""
