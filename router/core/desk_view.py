"""What an informateur's own screen may show; without any identity of callers."""

from dataclasses import dataclass

from router.core.agents import AgentState, Choice
from router.core.calls import CallState
from router.core.facts import Door
from router.core.ids import AgentId, FicheId, PhoneId, ReasonId, SectorId


@dataclass(frozen=True, slots=True)
class CallView:
    """The call that rings or is under way at an informateur. Durations in seconds."""

    state: CallState
    sector: SectorId
    door: Door
    fiche: FicheId | None
    waited_s: float
    #: Since the conversation began; None before.
    talked_s: float | None
    #: How many phones were rung for it, this one included.
    attempts: int


@dataclass(frozen=True, slots=True)
class DeskView:
    """Where an informateur stands at the time of the last event; times are UTC epoch seconds."""

    agent: AgentId
    state: AgentState
    since_at: float
    #: Where logged in; None: logged out.
    phone: PhoneId | None
    #: Whether that phone is registered.
    present: bool
    #: Why paused: a reason of the plan, or what the service paused for ("missed", "busy", …).
    reason: ReasonId | None
    #: When the state ends by itself; None: only when the call does, or not at all.
    until_at: float | None
    #: Calls not answered in a row.
    misses: int
    call: CallView | None
    #: The supervisor who takes part in the call.
    watched_by: str | None
    #: Why the latest call came here; None before the first.
    why: Choice | None
