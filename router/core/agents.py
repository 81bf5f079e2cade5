"""Informateurs: the table of their states, and who is asked next.

    state        | appeared  vanished    chosen  answered  missed  released  done         rested
    LOGGED_OUT   | READY
    READY        |           LOGGED_OUT  RINGING
    RINGING      |           LOGGED_OUT          TALKING   PAUSED  READY
    TALKING      |           (later)                       PAUSED            WRAPPING_UP
    WRAPPING_UP  |           LOGGED_OUT                                                   READY
    PAUSED       |           LOGGED_OUT                                                   READY

A pair that is not in the table changes nothing. A phone that vanishes while talking may
still carry the call; its informateur logs out when the call is done.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from router.core.ids import AgentId, CallId, ChannelId, SectorId
from router.core.plan import Agent


class AgentState(StrEnum):
    LOGGED_OUT = "logged out"
    READY = "ready"
    RINGING = "ringing"
    TALKING = "talking"
    WRAPPING_UP = "wrapping up"
    PAUSED = "paused"


class AgentEvent(Enum):
    APPEARED = auto()
    VANISHED = auto()
    CHOSEN = auto()
    ANSWERED = auto()
    MISSED = auto()
    RELEASED = auto()
    DONE = auto()
    RESTED = auto()


TABLE: dict[tuple[AgentState, AgentEvent], AgentState] = {
    (AgentState.LOGGED_OUT, AgentEvent.APPEARED): AgentState.READY,
    (AgentState.READY, AgentEvent.VANISHED): AgentState.LOGGED_OUT,
    (AgentState.READY, AgentEvent.CHOSEN): AgentState.RINGING,
    (AgentState.RINGING, AgentEvent.VANISHED): AgentState.LOGGED_OUT,
    (AgentState.RINGING, AgentEvent.ANSWERED): AgentState.TALKING,
    (AgentState.RINGING, AgentEvent.MISSED): AgentState.PAUSED,
    (AgentState.RINGING, AgentEvent.RELEASED): AgentState.READY,
    (AgentState.TALKING, AgentEvent.MISSED): AgentState.PAUSED,
    (AgentState.TALKING, AgentEvent.DONE): AgentState.WRAPPING_UP,
    (AgentState.WRAPPING_UP, AgentEvent.VANISHED): AgentState.LOGGED_OUT,
    (AgentState.WRAPPING_UP, AgentEvent.RESTED): AgentState.READY,
    (AgentState.PAUSED, AgentEvent.VANISHED): AgentState.LOGGED_OUT,
    (AgentState.PAUSED, AgentEvent.RESTED): AgentState.READY,
}


#: States that need a registered phone; without one they become LOGGED_OUT.
_AT_THE_DESK = frozenset({AgentState.READY, AgentState.WRAPPING_UP, AgentState.PAUSED})


@dataclass(slots=True, eq=False)
class AgentDesk:
    """One informateur at work."""

    agent: Agent
    #: Order in the plan; breaks ties.
    sequence: int
    state: AgentState = AgentState.LOGGED_OUT
    #: Whether the phone is registered.
    present: bool = False
    #: Since when idle: kept through a ringing that the caller ended.
    idle_since: float = 0.0
    #: The call that rings or talks here.
    call: CallId | None = None
    #: The phone's latest channel.
    leg: ChannelId | None = None


class Roster:
    """All informateurs, with those ready in order of idle time, by sector and level."""

    def __init__(self, agents: Iterable[Agent], sectors: Iterable[SectorId], levels: int) -> None:
        self.desks: dict[AgentId, AgentDesk] = {
            agent.id: AgentDesk(agent, sequence) for sequence, agent in enumerate(agents)
        }
        self._idle: dict[SectorId, list[list[tuple[float, int, AgentDesk]]]] = {}
        self._on_duty: dict[SectorId, int] = {}
        for sector in sectors:
            self._idle[sector] = [[] for _ in range(levels)]
            self._on_duty[sector] = 0

    def __iter__(self) -> Iterator[AgentDesk]:
        return iter(self.desks.values())

    def on_duty(self, sector: SectorId) -> int:
        """Return how many of `sector`, at any level, are not logged out."""
        return self._on_duty[sector]

    def ready(self, sector: SectorId) -> int:
        """Return how many of `sector` could take a call now."""
        return sum(len(level) for level in self._idle[sector])

    def longest_idle(self, sector: SectorId, widened: int) -> AgentDesk | None:
        """Return who is asked next: best level first, up to `widened`, then longest idle."""
        for level in self._idle[sector][:widened]:
            if level:
                return level[0][2]
        return None

    def change(self, desk: AgentDesk, event: AgentEvent, now: float) -> bool:
        """Apply `event` by the table; return whether the state changed."""
        before = desk.state
        after = TABLE.get((before, event), before)
        if not desk.present and after in _AT_THE_DESK:
            after = AgentState.LOGGED_OUT
        if after is before:
            return False
        if before is AgentState.READY:
            self._leave_idle(desk)
        if after is AgentState.READY:
            if event is not AgentEvent.RELEASED:
                desk.idle_since = now
            self._enter_idle(desk)
        if (before is AgentState.LOGGED_OUT) != (after is AgentState.LOGGED_OUT):
            step = -1 if after is AgentState.LOGGED_OUT else 1
            for sector in desk.agent.skills:
                self._on_duty[sector] += step
        desk.state = after
        return True

    def adopt(self, desk: AgentDesk, call: CallId) -> bool:
        """Take an informateur found talking after a restart; False when busy with another."""
        if desk.state in (AgentState.RINGING, AgentState.TALKING):
            return False
        if desk.state is AgentState.READY:
            self._leave_idle(desk)
        if desk.state is AgentState.LOGGED_OUT:
            for sector in desk.agent.skills:
                self._on_duty[sector] += 1
        desk.state = AgentState.TALKING
        desk.call = call
        return True

    def _enter_idle(self, desk: AgentDesk) -> None:
        for sector, level in desk.agent.skills.items():
            insort(self._idle[sector][level - 1], (desk.idle_since, desk.sequence, desk))

    def _leave_idle(self, desk: AgentDesk) -> None:
        key = (desk.idle_since, desk.sequence)
        for sector, level in desk.agent.skills.items():
            entries = self._idle[sector][level - 1]
            del entries[bisect_left(entries, key)]
