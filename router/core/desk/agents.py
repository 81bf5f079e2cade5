"""Informateurs: the table of their states, and who is asked next.

    LOGGED_OUT   takes no calls: not logged in, or the phone is not registered
    READY        waits for a call
    RESERVED     chosen; the phone does not ring yet
    RINGING      the phone rings
    TALKING      with a caller, from the whisper on; on hold and in a consultation too
    WRAPPING_UP  notes the call
    PAUSED       takes no calls for a reason: the informateur's own, or a call missed

A pair that is not in the table changes nothing. Every state but LOGGED_OUT and READY has a
lease (see `duty`), so nobody stays in it for want of an event. A phone that vanishes in a
conversation may still carry it; its informateur is logged out when that is over.
"""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum, auto

from router.core.ids import AgentId, CallId, ChannelId, FicheId, PhoneId, ReasonId, SectorId
from router.core.plan import Agent
from router.core.values import value


class AgentState(StrEnum):
    LOGGED_OUT = "logged out"
    READY = "ready"
    RESERVED = "reserved"
    RINGING = "ringing"
    TALKING = "talking"
    WRAPPING_UP = "wrapping up"
    PAUSED = "paused"


class AgentEvent(StrEnum):
    CAME = auto()  # logged in, and the phone is there
    WENT = auto()  # logged out, or the phone vanished
    CHOSEN = auto()
    RANG = auto()
    ANSWERED = auto()
    MISSED = auto()
    RELEASED = auto()  # the caller left before the phone was picked up
    DONE = auto()
    PAUSED = auto()
    RESTED = auto()
    FOUND = auto()  # talking, after a restart of the router


_S, _E = AgentState, AgentEvent

TABLE: dict[tuple[AgentState, AgentEvent], AgentState] = {
    (_S.LOGGED_OUT, _E.CAME): _S.READY,
    (_S.LOGGED_OUT, _E.PAUSED): _S.PAUSED,
    (_S.READY, _E.WENT): _S.LOGGED_OUT,
    (_S.READY, _E.CHOSEN): _S.RESERVED,
    (_S.READY, _E.PAUSED): _S.PAUSED,
    (_S.RESERVED, _E.RANG): _S.RINGING,
    (_S.RESERVED, _E.ANSWERED): _S.TALKING,
    (_S.RESERVED, _E.MISSED): _S.PAUSED,
    (_S.RESERVED, _E.RELEASED): _S.READY,
    (_S.RESERVED, _E.WENT): _S.LOGGED_OUT,
    (_S.RINGING, _E.ANSWERED): _S.TALKING,
    (_S.RINGING, _E.MISSED): _S.PAUSED,
    (_S.RINGING, _E.RELEASED): _S.READY,
    (_S.RINGING, _E.WENT): _S.LOGGED_OUT,
    (_S.TALKING, _E.MISSED): _S.PAUSED,
    (_S.TALKING, _E.DONE): _S.WRAPPING_UP,
    (_S.WRAPPING_UP, _E.WENT): _S.LOGGED_OUT,
    (_S.WRAPPING_UP, _E.RESTED): _S.READY,
    (_S.WRAPPING_UP, _E.PAUSED): _S.PAUSED,
    (_S.PAUSED, _E.WENT): _S.LOGGED_OUT,
    (_S.PAUSED, _E.RESTED): _S.READY,
    **{
        (state, _E.FOUND): _S.TALKING
        for state in (_S.LOGGED_OUT, _S.READY, _S.WRAPPING_UP, _S.PAUSED)
    },
}

#: States that need a registered phone; without one they become LOGGED_OUT.
_AT_THE_DESK = frozenset({_S.READY, _S.WRAPPING_UP, _S.PAUSED})
#: States in which a call is at the informateur's phone.
IN_CALL = frozenset({_S.RESERVED, _S.RINGING, _S.TALKING})
_OUT = _S.LOGGED_OUT
_BUSY = IN_CALL | {_S.WRAPPING_UP}


@value
class Choice:
    """Why a call went to this informateur.

    `ready` informateurs of this `level` were ready, none of a better one, and nobody of them
    had been idle for longer. `widened` levels were open after `waited_s`. `open_items` calls
    were open to the informateur, and none was due earlier.
    """

    level: int
    widened: int
    ready: int
    idle_s: float
    waited_s: float
    open_items: int

    def __str__(self) -> str:
        return (
            f"level {self.level} of {self.widened} open after {self.waited_s:.0f} s, "
            f"idle {self.idle_s:.0f} s, longest of {self.ready} ready there, "
            f"call due first of {self.open_items} open"
        )


@value
class LastCall:
    """What can still be noted, until `until_at`."""

    sector: SectorId
    fiche: FicheId | None
    until_at: float


@dataclass(slots=True, eq=False)
class AgentDesk:
    """One informateur at work."""

    agent: Agent
    #: Order in the plan; breaks ties.
    sequence: int
    state: AgentState = AgentState.LOGGED_OUT
    since_at: float = 0.0
    #: Where logged in; None: logged out.
    phone: PhoneId | None = None
    #: Whether that phone is registered.
    present: bool = False
    #: Since when idle: kept through a ringing that the caller ended.
    idle_since: float = 0.0
    #: The call that rings or talks here.
    call: CallId | None = None
    #: The phone's latest channel.
    leg: ChannelId | None = None
    #: Why paused, and until when.
    reason: ReasonId | None = None
    until_at: float | None = None
    #: Wanted once the call is over.
    pausing: ReasonId | None = None
    leaving: bool = False
    #: Calls not answered or rejected in a row.
    misses: int = 0
    last: LastCall | None = None
    why: Choice | None = None


class Roster:
    """All informateurs, with those ready in order of idle time, by sector and level."""

    def __init__(self, agents: Iterable[Agent], sectors: Iterable[SectorId], levels: int) -> None:
        self.desks: dict[AgentId, AgentDesk] = {
            agent.id: AgentDesk(agent, sequence) for sequence, agent in enumerate(agents)
        }
        #: Phones that are registered, and who is logged in where.
        self.phones: set[PhoneId] = set()
        self.at: dict[PhoneId, AgentDesk] = {}
        self._idle: dict[SectorId, list[list[tuple[float, int, AgentDesk]]]] = {}
        self._on_duty: dict[SectorId, int] = {}
        self._busy: dict[SectorId, int] = {}
        #: On duty by level of the skill.
        self._at_level: dict[SectorId, list[int]] = {}
        #: Known until somebody logs in or out.
        self._shares: dict[SectorId, dict[SectorId, float]] = {}
        #: How many are not logged out.
        self.logged_in = 0
        for sector in sectors:
            self._busy[sector] = 0
            self._idle[sector] = [[] for _ in range(levels)]
            self._on_duty[sector] = 0
            self._at_level[sector] = [0] * levels

    def __iter__(self) -> Iterator[AgentDesk]:
        return iter(self.desks.values())

    def on_duty(self, sector: SectorId, besides: AgentDesk | None = None) -> int:
        """Return how many of `sector`, at any level, are not logged out."""
        count = self._on_duty[sector]
        if besides is not None and besides.state is not AgentState.LOGGED_OUT:
            count -= sector in besides.agent.skills
        return count

    def busy(self, sector: SectorId) -> int:
        """Return how many of `sector` have a call or note one."""
        return self._busy[sector]

    def on_duty_at(self, sector: SectorId, level: int) -> int:
        """Return how many of `sector` at this level are not logged out."""
        return self._at_level[sector][level - 1]

    def shares(self, sector: SectorId) -> dict[SectorId, float]:
        """Return which share of each sector's informateurs on duty have `sector` too.

        What waits for those sectors may come before it, in that proportion.
        """
        known = self._shares.get(sector)
        if known is None:
            both = Counter(
                other
                for one in self.desks.values()
                if one.state is not _OUT and sector in one.agent.skills
                for other in one.agent.skills
            )
            known = self._shares[sector] = {
                other: count / self._on_duty[other] for other, count in both.items()
            }
        return known

    def ready(self, sector: SectorId) -> int:
        """Return how many of `sector` could take a call now."""
        return sum(len(level) for level in self._idle[sector])

    def ready_at(self, sector: SectorId, level: int) -> int:
        """Return how many of `sector` at this level could take a call now."""
        return len(self._idle[sector][level - 1])

    def longest_idle(self, sector: SectorId, widened: int) -> AgentDesk | None:
        """Return who is asked next: best level first, up to `widened`, then longest idle."""
        for level in self._idle[sector][:widened]:
            if level:
                return level[0][2]
        return None

    def sign_in(self, desk: AgentDesk, phone: PhoneId) -> None:
        """Note where an informateur works; the caller's duty is that nobody else does."""
        self.sign_out(desk)
        desk.phone = phone
        desk.present = phone in self.phones
        self.at[phone] = desk

    def sign_out(self, desk: AgentDesk) -> None:
        if desk.phone is not None:
            del self.at[desk.phone]
        desk.phone = None
        desk.present = False

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
        self._enter(desk, after, now)
        return True

    def adopt(self, desk: AgentDesk, call: CallId, now: float) -> bool:
        """Take up an informateur found talking after a restart; False if busy with another."""
        found = self.change(desk, AgentEvent.FOUND, now)
        if found:
            desk.call = call
        return found

    def _enter(self, desk: AgentDesk, state: AgentState, now: float) -> None:
        before = desk.state
        if (before is _OUT) != (state is _OUT):
            step = -1 if state is _OUT else 1
            self.logged_in += step
            self._shares.clear()
            for sector, level in desk.agent.skills.items():
                self._on_duty[sector] += step
                self._at_level[sector][level - 1] += step
        if (before in _BUSY) != (state in _BUSY):
            step = 1 if state in _BUSY else -1
            for sector in desk.agent.skills:
                self._busy[sector] += step
        desk.state = state
        desk.since_at = now

    def _enter_idle(self, desk: AgentDesk) -> None:
        for sector, level in desk.agent.skills.items():
            insort(self._idle[sector][level - 1], (desk.idle_since, desk.sequence, desk))

    def _leave_idle(self, desk: AgentDesk) -> None:
        key = (desk.idle_since, desk.sequence)
        for sector, level in desk.agent.skills.items():
            entries = self._idle[sector][level - 1]
            del entries[bisect_left(entries, key)]
