"""What happened: each event is a fact in the past tense, and none says who is calling.

The engine accepts any event at any time; those that are late, repeated or unknown are counted and
ignored.
"""

from enum import StrEnum

from router.core.callback.tickets import Failure, TicketRecord
from router.core.codes import CodeBook
from router.core.desk.pins import Pins
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
from router.core.plan import Plan
from router.core.requests import Directive, Request, Watching
from router.core.values import value


class Event:
    """Anything that the engine is given."""

    __slots__ = ()


@value
class OfCall(Event):
    """What happened on the own channel of a call, of a callback, or of a call to the desk."""

    call: CallId


@value
class OfLeg(OfCall):
    """What happened on a leg that we dialled for `call`."""

    leg: ChannelId


class LegEnd(StrEnum):
    """Why an informateur's leg ended, from its cause (ITU-T Q.850, table 1)."""

    HUNG_UP = "hung up"  # 16: normal clearing
    NO_ANSWER = "no answer"  # 18, 19
    BUSY = "busy"  # 17
    REJECTED = "rejected"  # 21
    UNREACHABLE = "unreachable"  # 3, 20, 27, 34, 38...: no phone there
    LOST = "lost"  # anything else: the phone died in the middle of the call


class CalledEnd(StrEnum):
    """Why a call to the public network was not picked up (see ari/causes.py)."""

    # The person's doing.
    BUSY = "busy"
    DECLINED = "declined"
    NO_ANSWER = "no answer"
    # The number's fault, or the carrier's if it says so of every number.
    UNASSIGNED = "unassigned"
    # The carrier's fault.
    REFUSED = "refused by the carrier"
    FAILED = "failed at the carrier"
    SILENT = "no answer of the carrier"
    HUNG_UP = "hung up"  # by us


#: The carrier is in trouble, whoever is called.
OF_CARRIER = frozenset({CalledEnd.REFUSED, CalledEnd.FAILED, CalledEnd.SILENT})


@value
class CallArrived(OfCall):
    """A caller's channel has entered the application, already answered."""


@value
class ProbeArrived(OfCall):
    """The service called itself, to see that it answers; already answered.

    The call hears what a caller would, ends by itself or at a key, and is counted nowhere. Also how
    such a call is taken up after a restart of the router.
    """


@value
class CallLeft(OfCall):
    """A caller's channel is gone: hung up, timed out, or unknown to Asterisk."""


@value
class KeyPressed(OfCall):
    """A key pressed by a caller, or by an informateur who called the desk.

    `0`-`9`, `*`, `#` or `A`-`D` (RFC 4733, section 3.2). A caller's keys are reported during the
    conversation too.
    """

    key: str


@value
class DeskCalled(OfCall):
    """An informateur's phone has dialled one of the desk's short codes; already answered.

    `call` is that phone's channel; its keys, prompts and end are reported as a caller's are.
    """

    phone: PhoneId
    code: str


@value
class LegKeyPressed(OfLeg):
    """A key pressed by an informateur during a call, on the leg that we dialled."""

    key: str


@value
class LegRang(OfLeg):
    """The phone that we dialled has begun to ring."""


@value
class SnoopStarted(OfCall):
    """The channel of a `Snoop` has entered the application."""

    snoop: ChannelId


@value
class AgentAsked(Event):
    """A request of an informateur, by HTTP; answered by `Told` with the same number."""

    ask: int
    agent: AgentId
    request: Request


@value
class SupervisorAsked(Event):
    """A supervisor at `phone` wants to take part in the call of `agent`; answered by `Told`."""

    ask: int
    supervisor: str
    phone: PhoneId
    agent: AgentId
    watching: Watching


@value
class Directed(Event):
    """A supervisor directs something, and says why; answered by `Told` with the same number."""

    ask: int
    supervisor: str
    #: In the supervisor's own words; no number of anybody's is in them.
    why: str
    directive: Directive


@value
class CallerSpoke(OfCall):
    """A caller who is being listened to (`Listen`) spoke for `seconds`, then paused."""

    seconds: float


@value
class PromptEnded(OfCall):
    """A playback is over: it was played to the end, or we stopped it."""

    playback: PlaybackId


@value
class PromptFailed(OfCall):
    """A playback broke off: it is not known to have been heard.

    Usually its channel is gone, which is reported within the same millisecond; otherwise a file
    cannot be played.
    """

    playback: PlaybackId


@value
class PhoneAppeared(Event):
    """An informateur's phone has registered."""

    phone: PhoneId


@value
class PhoneVanished(Event):
    """An informateur's phone has lost its registration."""

    phone: PhoneId


class Absence(StrEnum):
    """Why a phone cannot be rung."""

    UNREGISTERED = "not registered"
    # Of a phone in a browser alone, whose page is asked every second whether it is there.
    CLOSED = "page closed"  # or reloaded, or cut off from us
    SILENT = "page silent"  # asleep, hung, or cut off without a word


@value
class PageCame(Event):
    """The page that has the phone in an informateur's browser answers, from now on.

    `in_call`: the page has a call. Otherwise a call that we believe there is lost: the page was
    reloaded, or is another one.
    """

    phone: PhoneId
    in_call: bool


@value
class PageWent(Event):
    """The page that has the phone in an informateur's browser answers no more."""

    phone: PhoneId
    why: Absence


@value
class LegAnswered(OfLeg):
    """The leg that we dialled for this call was picked up."""


@value
class LegEnded(OfLeg):
    """A leg that we dialled is gone, answered or not."""

    reason: LegEnd


@value
class CallbackAsked(Event):
    """Somebody asks for a callback, to be known as `ticket`; answered by `Admitted`."""

    ask: int
    ticket: TicketId
    sector: SectorId
    fiche: FicheId | None = None


@value
class CallbackCancelled(Event):
    """Whoever holds the ticket no longer wants to be called."""

    ticket: TicketId


@value
class CalledAnswered(OfCall):
    """A call to a ticket's number was picked up, by a person or a machine.

    Its keys and its end are reported as a caller's are.
    """


@value
class CalledEnded(OfCall):
    """A call to a ticket's number was not picked up."""

    reason: CalledEnd


@value
class CalledAgain(OfCall):
    """A carrier would not take the call to a ticket's number; the next one is given it.

    Nobody has been rung yet.
    """


@value
class DialFailed(OfCall):
    """The call to a ticket's number could not be placed."""

    failure: Failure


@value
class NumberTaken(OfCall):
    """The intake has finished asking a caller for a number."""

    #: The callback that was promised; None: none was.
    ticket: TicketId | None
    #: A number was typed, but no callback can be promised now.
    refused: bool = False


@value
class TrunkChanged(Event):
    """Calls to the public network can go out (`up`), or not."""

    up: bool


@value
class TicketUnkept(Event):
    """The ticket's latest state could not be written, so what depended on it was not done.

    Attempt number `attempt` is not dialled or, at 0, the callback is not promised.
    """

    ticket: TicketId
    attempt: int


@value
class NumberLost(Event):
    """The vault no longer has the ticket's number, so nobody can be called."""

    ticket: TicketId


@value
class StoreChanged(Event):
    """Tickets can be written (`up`), or not."""

    up: bool


@value
class VaultChanged(Event):
    """The numbers of tickets can be read (`up`), or not for now."""

    up: bool


@value
class TicketsFound(Event):
    """Open tickets of before this start, which could not be read until now."""

    records: tuple[TicketRecord, ...]


@value
class Disconnected(Event):
    """Asterisk is out of reach: until `Resynced` nothing is heard of it, and nothing is done."""


@value
class Resynced(Event):
    """Everything that Asterisk holds has been reported: after each (re)connection."""


@value
class PlanChanged(Event):
    """From now on the service is this one; what becomes of those who are there: new_plan.py."""

    plan: Plan
    codes: CodeBook
    pins: Pins


@value
class DrainChanged(Event):
    """No new caller is taken, and whoever is there is served until `until_at`; None: as usual."""

    until_at: float | None


@value
class CommandFailed(OfCall):
    """Asterisk refused a command for `channel`: gone (404, 409, 412, 422) or failing (5xx)."""

    channel: ChannelId


@value
class CallFound(OfCall):
    """After a restart of the router, a caller's channel that Asterisk still holds.

    With `leg` and `bridge` the two are talking: the leg is that of the informateur `agent` or,
    without one, a referral's; `apart`: the caller was on hold. With `leg` alone that informateur
    has picked up, and they have not been joined yet. With `sector` alone the caller has been
    waiting since `joined_at`, about `fiche`. Who has been `served` waits for nobody any more. With
    none of this, the call starts again from the welcome. `phone` is where the informateur talks, if
    it is known.
    """

    sector: SectorId | None = None
    joined_at: float | None = None
    agent: AgentId | None = None
    leg: ChannelId | None = None
    bridge: BridgeId | None = None
    fiche: FicheId | None = None
    apart: bool = False
    phone: PhoneId | None = None
    served: bool = False


@value
class LegFound(OfLeg):
    """After a restart of the router, the channel of a phone that nobody needs any more.

    Until its end, which is reported as any leg's, that phone is busy.
    """

    phone: PhoneId


@value
class TimePassed(Event):
    """Nothing happened but time: whatever is due at `now` is done."""
