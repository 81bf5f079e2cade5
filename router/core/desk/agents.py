"""Informateurs: the table of their states, and who gets the next call.

    LOGGED_OUT   takes no calls: not logged in, or the phone is not registered
    READY        waiting for a call
    RESERVED     chosen for a call; the phone is not ringing yet
    RINGING      the phone is ringing
    TALKING      with a caller, from the whisper on; also during hold and consultation
    WRAPPING_UP  noting the call
    PAUSED       takes no calls, either by choice or after a missed call

A pair that is not in the table changes nothing. Every state but LOGGED_OUT and READY has a lease
(duty.py), so nobody is stuck in it for want of an event. A phone that loses its registration during
a conversation may still carry it; its informateur is logged out when the conversation is over.
"""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum, auto

from router.core.events import Absence
from router.core.facts import Door
from router.core.ids import (
    AgentId,
    CallId,
    ChannelId,
    FicheId,
    PhoneId,
    ReasonId,
    SectorId,
    is_browser,
)
from router.core.plan import Agent
from router.core.requests import Result
from router.core.values import value


class AgentState(StrEnum):
    """What an informateur is doing; see above."""

    LOGGED_OUT = "logged out"
    READY = "ready"
    RESERVED = "reserved"
    RINGING = "ringing"
    TALKING = "talking"
    WRAPPING_UP = "wrapping up"
    PAUSED = "paused"


class AgentEvent(StrEnum):
    """What happens to an informateur."""

    CAME = auto()  # logged in, and the phone is registered
    WENT = auto()  # logged out, or the phone lost its registration
    CHOSEN = auto()
    RANG = auto()
    ANSWERED = auto()
    MISSED = auto()
    RELEASED = auto()  # the caller hung up before the phone was picked up
    DONE = auto()
    PAUSED = auto()
    RESTED = auto()
    FOUND = auto()  # in a conversation, after a restart of the router


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
#: The phone is ringing, or about to.
RUNG = frozenset({_S.RESERVED, _S.RINGING})
#: States with a call at the informateur's phone.
IN_CALL = RUNG | {_S.TALKING}
#: Looked up once: on Python 3.11 naming a member of an enumeration takes as long as a call.
_OUT, _READY = _S.LOGGED_OUT, _S.READY
_OCCUPIED = IN_CALL | {_S.WRAPPING_UP}

#: The reasons for which the service itself pauses an informateur.
MISSED, REJECTED, BUSY, UNREACHABLE, TOO_MANY = map(
    ReasonId, ("missed", "rejected", "busy", "unreachable", "too many missed")
)


@value
class Choice:
    """Why a call went to this informateur."""

    #: The informateur's level of skill; nobody at a better one was ready.
    level: int
    #: How many levels were open to the call.
    widened: int
    #: How many at that level were ready; none of them had been idle for longer.
    ready: int
    idle_s: float
    #: How long the call had waited.
    waited_s: float
    #: How many calls this informateur could have served; none was due earlier.
    open_items: int

    def __str__(self) -> str:
        return (
            f"level {self.level} of {self.widened} open after {round(self.waited_s)} s, "
            f"idle {round(self.idle_s)} s, longest of {self.ready} ready there, "
            f"call due first of {self.open_items} open"
        )


@value
class LastCall:
    """The last call, which can still be noted."""

    sector: SectorId
    fiche: FicheId | None
    #: Until when, in UTC epoch seconds.
    until_at: float


@dataclass(slots=True)
class PastCall:
    """A conversation of today, for the screen of the informateur who had it, and no other's."""

    #: UTC epoch seconds.
    ended_at: float
    talked_s: float
    sector: SectorId
    fiche: FicheId | None
    door: Door
    #: What was noted of it.
    result: Result | None = None


@dataclass(slots=True, eq=False)
class AgentDesk:
    """One informateur at work."""

    agent: Agent
    #: Order in the plan, which breaks ties.
    sequence: int
    state: AgentState = AgentState.LOGGED_OUT
    #: When that state began.
    since_at: float = 0.0
    #: Where the informateur is logged in; None: nowhere.
    phone: PhoneId | None = None
    #: Whether that phone can be rung.
    present: bool = False
    #: Whether the page of that phone has lost the call: it was reloaded, for example.
    severed: bool = False
    #: When the idle time began; unchanged by a ringing phone whose caller hung up.
    idle_since: float = 0.0
    #: The call that is ringing or talking here.
    call: CallId | None = None
    #: The phone's latest channel.
    leg: ChannelId | None = None
    #: Since when only the end of that channel, which we hung up, keeps from being ready.
    held_since_at: float | None = None
    #: Why paused, and until when.
    reason: ReasonId | None = None
    until_at: float | None = None
    #: Asked for during a call, and due once it is over: a pause, or the log-out.
    pausing: ReasonId | None = None
    leaving: bool = False
    #: The supervisor who asked for the present pause, the coming one, or the end of one.
    directed_by: str | None = None
    #: Whether a new plan has no such informateur: off for good when the call is over.
    dismissed: bool = False
    #: Calls not answered or rejected in a row.
    misses: int = 0
    #: The last call, if it can still be noted.
    last: LastCall | None = None
    #: Why the latest call came here.
    why: Choice | None = None
    #: The conversations of `day`, the latest last; nobody counts them, and a restart forgets them.
    past: list[PastCall] = field(default_factory=list)
    day: date | None = None


class Roster:
    """All informateurs; those who are ready, by sector and level, longest idle first."""

    def __init__(self, agents: Iterable[Agent], sectors: Iterable[SectorId], levels: int) -> None:
        self.desks: dict[AgentId, AgentDesk] = {
            agent.id: AgentDesk(agent, sequence) for sequence, agent in enumerate(agents)
        }
        #: Phones that can be rung, and who is logged in where.
        self.phones: set[PhoneId] = set()
        self.at: dict[PhoneId, AgentDesk] = {}
        #: Phones that are registered. One in a browser can be rung only if also its page answers.
        self.registered: set[PhoneId] = set()
        self.pages: set[PhoneId] = set()
        #: Of the pages that answer no more: why.
        self.pages_gone: dict[PhoneId, Absence] = {}
        self._open(sectors, levels)

    def _open(self, sectors: Iterable[SectorId], levels: int) -> None:
        """Begin the sectors' lists, with nobody in them."""
        sectors = tuple(sectors)
        self._idle: dict[SectorId, list[list[tuple[float, int, AgentDesk]]]] = {
            sector: [[] for _ in range(levels)] for sector in sectors
        }
        self._on_duty: dict[SectorId, int] = dict.fromkeys(sectors, 0)
        self._busy: dict[SectorId, int] = dict.fromkeys(sectors, 0)
        #: On duty, by level of skill.
        self._at_level: dict[SectorId, list[int]] = {sector: [0] * levels for sector in sectors}
        #: Cached until somebody logs in or out.
        self._shares: dict[SectorId, dict[SectorId, float]] = {}
        #: How many are not logged out.
        self.logged_in = 0

    def change_plan(
        self, agents: Mapping[AgentId, Agent], sectors: Iterable[SectorId], levels: int
    ) -> None:
        """Take the informateurs of a new plan, each in the state in which they are.

        Those who are `dismissed` stay, without any skill, until `remove`. It is the caller's duty
        that nobody else is missing among `agents`.
        """
        before, self.desks = self.desks, {}
        for id_, agent in agents.items():
            desk = self.desks[id_] = before.pop(id_) if id_ in before else AgentDesk(agent, 0)
            desk.agent = agent
        for id_, desk in before.items():
            desk.agent = Agent(id_, {})
            self.desks[id_] = desk
        self._open(sectors, levels)
        for sequence, desk in enumerate(self):
            desk.sequence = sequence
            self._count_in(desk)

    def remove(self, desk: AgentDesk) -> None:
        """Forget an informateur who is logged out."""
        self.desks.pop(desk.agent.id, None)

    def _count_in(self, desk: AgentDesk) -> None:
        """Count somebody who is in this state already."""
        state, desk.state = desk.state, _OUT
        if state is _READY:
            self._enter_idle(desk)
        self._enter(desk, state, desk.since_at)

    def __iter__(self) -> Iterator[AgentDesk]:
        return iter(self.desks.values())

    def on_duty(self, sector: SectorId, apart_from: AgentDesk | None = None) -> int:
        """Return how many informateurs of `sector`, at any level, are not logged out."""
        count = self._on_duty[sector]
        if apart_from is not None and apart_from.state is not _OUT:
            count -= sector in apart_from.agent.skills
        return count

    def busy(self, sector: SectorId) -> int:
        """Return how many informateurs of `sector` have a call, or are noting one."""
        return self._busy[sector]

    def on_duty_at(self, sector: SectorId, level: int) -> int:
        """Return how many informateurs of `sector` at this level are not logged out."""
        return self._at_level[sector][level - 1]

    def shares(self, sector: SectorId) -> dict[SectorId, float]:
        """Return, for each sector, the share of its informateurs on duty who serve `sector` too.

        Calls that wait for that sector may come first, in this proportion. With 4 on duty for
        housing, 3 of whom serve work as well, the share of housing for work is 0.75.
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
        """Return how many informateurs of `sector` could take a call now."""
        return sum(len(level) for level in self._idle[sector])

    def ready_at(self, sector: SectorId, level: int) -> int:
        """Return how many informateurs of `sector` at this level could take a call now."""
        return len(self._idle[sector][level - 1])

    def longest_idle(self, sector: SectorId, widened: int) -> AgentDesk | None:
        """Return who gets the next call: the best level up to `widened`, then the longest idle."""
        for level in self._idle[sector][:widened]:
            if level:
                return level[0][2]
        return None

    def can_be_rung(self, phone: PhoneId) -> bool:
        """Return whether a phone is registered and, in a browser, also its page answers."""
        return phone in self.registered and (not is_browser(phone) or phone in self.pages)

    def absence(self, phone: PhoneId) -> Absence | None:
        """Return why a phone cannot be rung; None if it can."""
        if phone in self.phones:
            return None
        if is_browser(phone) and phone not in self.pages:
            return self.pages_gone.get(phone, Absence.CLOSED)
        return Absence.UNREGISTERED

    def sign_in(self, desk: AgentDesk, phone: PhoneId) -> None:
        """Log an informateur in at `phone`. It is the caller's duty that nobody else is there."""
        self.sign_out(desk)
        desk.phone = phone
        desk.present = phone in self.phones
        self.at[phone] = desk

    def sign_out(self, desk: AgentDesk) -> None:
        """Log an informateur out, if logged in."""
        if desk.phone is not None:
            del self.at[desk.phone]
        desk.phone = None
        desk.present = False

    def change(self, desk: AgentDesk, event: AgentEvent, now: float) -> bool:
        """Apply `event` according to the table; return whether the state changed."""
        before = desk.state
        after = TABLE.get((before, event), before)
        if not desk.present and after in _AT_THE_DESK:
            after = _OUT
        if after is before:
            return False
        if before is _READY:
            self._leave_idle(desk)
        if after is _READY:
            if event is not AgentEvent.RELEASED:
                desk.idle_since = now
            self._enter_idle(desk)
        self._enter(desk, after, now)
        return True

    def adopt(self, desk: AgentDesk, call: CallId, now: float) -> bool:
        """Resume an informateur found talking after a restart; False if busy with another call."""
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
        if (before in _OCCUPIED) != (state in _OCCUPIED):
            step = 1 if state in _OCCUPIED else -1
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
