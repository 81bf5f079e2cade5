"""What happened. Each is a fact in the past tense, without identity of any caller.

The engine accepts any event at any time: late, repeated or unknown ones are counted
and ignored.
"""

from dataclasses import dataclass
from enum import StrEnum

from router.core.ids import AgentId, BridgeId, CallId, ChannelId, PhoneId, PlaybackId, SectorId
from router.core.requests import Request, Watching


class LegEnd(StrEnum):
    """Why an informateur's leg ended (from the Q.850 cause, ITU-T Q.850 table 1)."""

    HUNG_UP = "hung up"  # 16: normal clearing
    NO_ANSWER = "no answer"  # 18, 19
    BUSY = "busy"  # 17
    REJECTED = "rejected"  # 21
    UNREACHABLE = "unreachable"  # 3, 20, 27, 34, 38...: no phone there
    LOST = "lost"  # anything else: the phone died in mid-call


@dataclass(frozen=True, slots=True)
class CallArrived:
    """A caller's channel entered the application, already answered."""

    call: CallId


@dataclass(frozen=True, slots=True)
class CallLeft:
    """The caller's channel is gone: hung up, timed out, or unknown to Asterisk."""

    call: CallId


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """One key of the caller, or of an informateur who dialled the desk: `0`-`9`, `*`, `#`, `A`-`D`.

    A caller's keys in a conversation are told too.
    """

    call: CallId
    key: str


@dataclass(frozen=True, slots=True)
class DeskCalled:
    """An informateur's phone dialled one of the desk's short codes; already answered.

    `call` is that phone's channel; its keys, prompts and end are told as a caller's.
    """

    call: CallId
    phone: PhoneId
    code: str


@dataclass(frozen=True, slots=True)
class LegKeyPressed:
    """One key of an informateur in a call, on the leg that we dialled."""

    call: CallId
    leg: ChannelId
    key: str


@dataclass(frozen=True, slots=True)
class LegRang:
    """The phone that we dialled rings."""

    call: CallId
    leg: ChannelId


@dataclass(frozen=True, slots=True)
class SnoopStarted:
    """The channel of a `Snoop` is there."""

    call: CallId
    snoop: ChannelId


@dataclass(frozen=True, slots=True)
class AgentAsked:
    """An informateur asks something, by HTTP; answered by `Told` with the same number."""

    ask: int
    agent: AgentId
    request: Request


@dataclass(frozen=True, slots=True)
class SupervisorAsked:
    """A supervisor, at `phone`, wants to take part in the call of `agent`; answered by `Told`."""

    ask: int
    supervisor: str
    phone: PhoneId
    agent: AgentId
    watching: Watching


@dataclass(frozen=True, slots=True)
class PromptEnded:
    """A playback is over: all said, stopped, or failed."""

    call: CallId
    playback: PlaybackId


@dataclass(frozen=True, slots=True)
class PhoneAppeared:
    """An informateur's phone is registered."""

    phone: PhoneId


@dataclass(frozen=True, slots=True)
class PhoneVanished:
    """An informateur's phone is no longer registered."""

    phone: PhoneId


@dataclass(frozen=True, slots=True)
class LegAnswered:
    """The informateur picked up the leg that we dialled for this call."""

    call: CallId
    leg: ChannelId


@dataclass(frozen=True, slots=True)
class LegEnded:
    """The informateur's leg is gone, answered or not."""

    call: CallId
    leg: ChannelId
    reason: LegEnd


@dataclass(frozen=True, slots=True)
class CommandFailed:
    """Asterisk would not do what was asked of `channel`: it has left (404, 409, 412, 422)."""

    call: CallId
    channel: ChannelId


@dataclass(frozen=True, slots=True)
class CallFound:
    """After a restart of the router: a caller's channel that Asterisk still holds.

    With `leg` and `bridge` the two are talking, the leg being the informateur's `agent` or,
    without one, a referral's; with `sector` the caller was waiting since `joined_at`; with
    neither the call starts again from the welcome.
    """

    call: CallId
    sector: SectorId | None = None
    joined_at: float | None = None
    agent: AgentId | None = None
    leg: ChannelId | None = None
    bridge: BridgeId | None = None


@dataclass(frozen=True, slots=True)
class TimePassed:
    """Nothing but time: whatever is due at `now` happens."""


Event = (
    CallArrived
    | CallLeft
    | KeyPressed
    | PromptEnded
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
    | CommandFailed
    | CallFound
    | TimePassed
)
