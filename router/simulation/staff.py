"""Simulated informateurs: they come and go, take breaks, and pick up or do not.

Each has random numbers of his or her own, so that nobody's day depends on how often others were
rung.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from random import Random

from router.core.events import (
    AgentAsked,
    Event,
    LegAnswered,
    LegEnd,
    LegEnded,
    LegRang,
    PhoneAppeared,
    PhoneVanished,
)
from router.core.ids import AgentId, CallId, ChannelId, PhoneId, ReasonId, SectorId
from router.core.plan import Plan
from router.core.requests import LogOut, Pause, Ready
from router.simulation.agenda import Agenda
from router.simulation.roster import Stint
from router.simulation.workload import Workload

#: How often an informateur who stays for those still waiting at closing time checks the queue.
_LOOKS_EVERY_S = 60.0


@dataclass(slots=True, eq=False)
class Informateur:
    """An informateur's phone and state of mind."""

    id: AgentId
    chance: Random
    #: Whether the phone is registered.
    present: bool = False
    #: Whether the shift is over; only callers who still wait keep the informateur.
    going: bool = False
    #: The leg that rings or talks at the phone, and its call.
    leg: ChannelId | None = None
    call: CallId | None = None
    #: How many calls there were: an intention from an earlier one is dropped.
    calls: int = 0


class Staff:
    """All informateurs. `waiting()` returns how many callers wait, as a wallboard shows it."""

    def __init__(
        self, plan: Plan, workload: Workload, agenda: Agenda, waiting: Callable[[], int]
    ) -> None:
        self._habits = workload.informateurs
        self._ring_delay_s = workload.ring_delay_s
        self._hours = plan.hours
        self._wrap_up_s = plan.targets.wrap_up_s
        self._agenda = agenda
        self._waiting = waiting
        self._all = {id_: Informateur(id_, Random(0)) for id_ in plan.agents}
        self._agents = plan.agents

    def __getitem__(self, agent: AgentId) -> Informateur:
        return self._all[agent]

    def serves(self, one: Informateur, sector: SectorId) -> bool:
        """Whether `one` serves that sector, at any level."""
        return sector in self._agents[one.id].skills

    def plan_day(self, seed: int, day: date, stints: list[Stint]) -> None:
        """Plan the day's stints."""
        for stint in stints:
            one = self._all[stint.agent]
            one.chance.seed(f"{seed}/{day}/{one.id}")
            self._agenda.at(stint.begins_at, self._comes, one)
            for begins_at, ends_at, reason in stint.pauses:
                self._agenda.at(begins_at, self._pauses, (one, reason))
                self._agenda.at(ends_at, self._is_back, one)
            for begins_at, ends_at in stint.outages:
                self._agenda.at(begins_at, self._loses_phone, one)
                self._agenda.at(ends_at, self._finds_phone, one)
            self._agenda.at(stint.ends_at, self._goes, one)

    # The day.

    def _comes(self, one: Informateur) -> Event | None:
        one.present, one.going = True, False
        return PhoneAppeared(PhoneId(one.id))

    def _goes(self, one: Informateur) -> Event | None:
        """Log out; after closing time only once nobody waits."""
        one.going = True
        if not self._hours.is_open(self._agenda.now) and self._waiting():
            self._agenda.after(_LOOKS_EVERY_S, self._goes, one)
            return None
        self._agenda.after(_LOOKS_EVERY_S, self._unplugs, one)
        return AgentAsked(0, one.id, LogOut())

    def _unplugs(self, one: Informateur) -> Event | None:
        """Switch the phone off once the last call is over."""
        if one.leg is not None:
            self._agenda.after(_LOOKS_EVERY_S, self._unplugs, one)
            return None
        one.present = False
        return PhoneVanished(PhoneId(one.id))

    def _pauses(self, of: tuple[Informateur, ReasonId]) -> Event | None:
        one, reason = of
        return AgentAsked(0, one.id, Pause(reason)) if one.present and not one.going else None

    def _is_back(self, one: Informateur) -> Event | None:
        return AgentAsked(0, one.id, Ready()) if one.present and not one.going else None

    def _loses_phone(self, one: Informateur) -> Event | None:
        if not one.present:
            return None
        one.present = False
        if one.leg is not None and one.call is not None:
            self._agenda.after(0.0, self._is_cut_off, (one, one.leg, one.call))
        return PhoneVanished(PhoneId(one.id))

    def _is_cut_off(self, of: tuple[Informateur, ChannelId, CallId]) -> Event | None:
        one, leg, call = of
        return self.leg_over(one, leg, LegEnded(call, leg, LegEnd.LOST))

    def _finds_phone(self, one: Informateur) -> Event | None:
        if one.going:
            return None
        one.present = True
        return PhoneAppeared(PhoneId(one.id))

    def is_paused_for_misses(self, agent: AgentId) -> None:
        """Plan to be ready again, after a pause that the router imposed for missed calls."""
        self._agenda.after(self._habits.back_s, self._is_back, self._all[agent])

    # Calls.

    def is_rung(self, agent: AgentId, leg: ChannelId, call: CallId) -> Event | None:
        """Dial the informateur's phone; return how the leg ended if it cannot ring."""
        one = self._all[agent]
        if not one.present:
            return LegEnded(call, leg, LegEnd.UNREACHABLE)
        if one.leg is not None:
            return LegEnded(call, leg, LegEnd.BUSY)
        one.leg, one.call = leg, call
        one.calls += 1
        ring_s = self._ring_delay_s
        luck = one.chance.random()
        quickness = one.chance.random()
        self._agenda.after(ring_s, self._rings, (one, leg, call))
        if luck >= self._habits.misses:
            picks_up_s = ring_s + self._habits.picks_up.at(quickness)
            rejects = luck < self._habits.misses + self._habits.rejects
            act = self._rejects if rejects else self._picks_up
            self._agenda.after(picks_up_s, act, (one, leg, call))
        return None

    def _rings(self, of: tuple[Informateur, ChannelId, CallId]) -> Event | None:
        one, leg, call = of
        return LegRang(call, leg) if one.leg == leg else None

    def _picks_up(self, of: tuple[Informateur, ChannelId, CallId]) -> Event | None:
        one, leg, call = of
        return LegAnswered(call, leg) if one.leg == leg else None

    def _rejects(self, of: tuple[Informateur, ChannelId, CallId]) -> Event | None:
        one, leg, call = of
        return self.leg_over(one, leg, LegEnded(call, leg, LegEnd.REJECTED))

    def leg_over(self, one: Informateur, leg: ChannelId, ended: LegEnded) -> Event | None:
        """Free the phone, and return `ended`; None if the leg was over already."""
        if one.leg != leg:
            return None
        one.leg = one.call = None
        return ended

    def has_talked(self, one: Informateur) -> None:
        """Plan the end of the notes for those who end the wrap-up themselves."""
        if one.chance.random() < self._habits.ends_wrap_up:
            after_s = self._habits.wrap_up.at(one.chance.random())
            if after_s < self._wrap_up_s:
                self._agenda.after(after_s, self._has_noted, (one, one.calls))

    def _has_noted(self, of: tuple[Informateur, int]) -> Event | None:
        one, calls = of
        return AgentAsked(0, one.id, Ready()) if one.calls == calls and one.leg is None else None
