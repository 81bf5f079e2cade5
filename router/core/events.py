"""What happened. Each is a fact in the past tense, without identity of any caller.

The engine accepts any event at any time: late, repeated or unknown ones are counted
and ignored.
"""

from dataclasses import dataclass
from enum import StrEnum

from router.core.ids import AgentId, BridgeId, CallId, ChannelId, PlaybackId, SectorId


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
    """One key of the caller: `0`-`9`, `*`, `#`, `A`-`D`."""

    call: CallId
    key: str


@dataclass(frozen=True, slots=True)
class PromptEnded:
    """A playback is over: all said, stopped, or failed."""

    call: CallId
    playback: PlaybackId


@dataclass(frozen=True, slots=True)
class AgentAppeared:
    """An informateur's phone is registered."""

    agent: AgentId


@dataclass(frozen=True, slots=True)
class AgentVanished:
    """An informateur's phone is no longer registered."""

    agent: AgentId


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

    With `leg` and `bridge` the two are talking; with `sector` the caller was waiting
    since `joined_at`; with neither the call starts again from the welcome.
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
    | AgentAppeared
    | AgentVanished
    | LegAnswered
    | LegEnded
    | CommandFailed
    | CallFound
    | TimePassed
)
