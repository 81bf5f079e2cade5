"""A run: the engine on the virtual clock, day by day."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, time, timedelta
from heapq import heappop
from math import inf
from zoneinfo import ZoneInfo

from router.core.codes import CodeBook
from router.core.engine import Engine
from router.core.events import TimePassed
from router.core.ids import PromptId, SectorId
from router.core.plan import Plan
from router.simulation.agenda import Agenda
from router.simulation.demand import (
    HABITS,
    Day,
    Person,
    callback_requests,
    closed_calls,
    direct_calls,
    year_of_days,
)
from router.simulation.line import Line
from router.simulation.people import Public
from router.simulation.roster import Stint, stints
from router.simulation.staff import Staff
from router.simulation.tally import SAMPLE_S, Tally
from router.simulation.workload import Workload

#: How fast the voice speaks French, in characters a second, and the silence around a sentence.
_CHARACTERS_PER_S = 15.0
_PAUSE_S = 0.3
#: The service is observed until this long after closing, in seconds.
_LOOKS_AFTER_S = 3600.0
_TIME_PASSED = TimePassed()
#: The secret of the simulated access codes; nothing in a simulation is secret.
_CODES = b"the simulation's access codes"

#: Returns the stints of a day, for a seed, a workload and a plan.
Stints = Callable[[int, Day, Workload, Plan], list[Stint]]


def speech_s(texts: Mapping[PromptId, str]) -> dict[PromptId, float]:
    """Return about how long each sentence takes to say, in seconds."""
    return {id_: _PAUSE_S + len(text) / _CHARACTERS_PER_S for id_, text in texts.items()}


class Simulation:
    """One service through one year.

    `speech` is how long each sentence takes, in seconds; `days` the days of the year that there
    are, all by default; `who_works` returns each day's stints.

    Attributes:
        tally: What has been counted so far.
        events: How many events the engine has decided on.
    """

    def __init__(
        self,
        plan: Plan,
        workload: Workload,
        year: int,
        seed: int,
        speech: Mapping[PromptId, float],
        *,
        tally: Tally | None = None,
        who_works: Stints = stints,
        days: Sequence[Day] | None = None,
    ) -> None:
        self.plan, self.workload, self.year, self.seed = plan, workload, year, seed
        self.days = days or year_of_days(workload, plan.hours, year)
        self.tally = tally or Tally(plan)
        self.events = 0
        self._who_works = who_works
        self._codes = CodeBook.of(plan, _CODES)
        self.engine = Engine(plan, self._codes, "s")
        agenda = self.agenda = Agenda(0.0)
        self.public = Public(plan, workload, agenda, self.tally)
        self._staff = Staff(plan, workload, agenda, self._waiting)
        self.line = Line(
            self.public,
            self._staff,
            agenda,
            self.tally,
            speech,
            plan.callbacks.promise_s,
            workload.informateurs.transfers,
            list(plan.domains),
        )

    def run(self) -> Tally:
        """Run all days, and what is left after the last one."""
        for day in self.days:
            self.run_day(day)
        self._let_happen(inf)
        return self.tally

    def run_day(self, day: Day) -> None:
        """Run one day, until its midnight.

        Days are run in order: whatever is planned for later waits for the day it falls on.
        """
        self.prepare(day)
        midnight = datetime.combine(day.day + timedelta(days=1), time.min)
        self._let_happen(midnight.replace(tzinfo=ZoneInfo(self.plan.hours.zone)).timestamp())
        self.tally.day_over(day.day)

    def prepare(self, day: Day) -> None:
        """Plan everything that is known beforehand of a day: who comes when, and who works."""
        agenda, line = self.agenda, self.line
        hours = self.plan.hours
        people = direct_calls(self.seed, day, self.workload)
        asking = callback_requests(self.seed, day, self.workload)
        for person in people:
            agenda.at(person.at, line.calls, person)
        for person in asking:
            agenda.at(person.at, line.asks, person)
        for at in closed_calls(self.seed, day, hours):
            agenda.at(at, line.calls, _nobody(at, next(iter(self.plan.domains))))
        self._staff.plan_day(
            self.seed, day.day, self._who_works(self.seed, day, self.workload, self.plan)
        )
        if day.openings:
            first_at = day.openings[0][0]
            self.public.see_codes(self._codes_of_pages(first_at))
            for opens_at, closes_at in day.openings:
                agenda.at(opens_at, self._look, closes_at + _LOOKS_AFTER_S)

    def _codes_of_pages(self, now: float) -> dict[SectorId, list[str]]:
        codes: defaultdict[SectorId, list[str]] = defaultdict(list)
        for fiche in self.plan.fiches.values():
            codes[fiche.sector].append(self._codes.code(fiche.id, now))
        return codes

    def _let_happen(self, until: float) -> None:
        """Run everything planned before `until`.

        The inner loop, written for speed: it goes round about five million times a year.
        """
        agenda, engine, pending = self.agenda, self.engine, self.line.pending
        handle, next_deadline, coming = engine.handle, engine.next_deadline, agenda.coming
        carry_out = self.line.carry_out
        events = 0
        deadline = next_deadline() or inf
        while True:
            if pending:
                event = pending.popleft()
            else:
                next_at = coming[0][0] if coming else inf
                if next_at <= deadline:
                    if next_at >= until:
                        break
                    agenda.now, _, happen, who = heappop(coming)
                    happened = happen(who)
                    if happened is None:
                        continue
                    event = happened
                elif deadline < until:
                    agenda.now = max(agenda.now, deadline)
                    event = _TIME_PASSED
                else:
                    break
            events += 1
            for command in handle(event, agenda.now):
                act = carry_out.get(type(command))
                if act is not None:
                    act(command)
            deadline = next_deadline() or inf
        self.events += events

    def _look(self, until: float) -> None:
        now = self.agenda.now
        self.tally.look(self.engine, now)
        if now + SAMPLE_S < until:
            self.agenda.after(SAMPLE_S, self._look, until)

    def _waiting(self) -> int:
        return sum(one.waiting for one in self.engine.sectors())


def _nobody(at: float, sector: SectorId) -> Person:
    """Return somebody who calls while the service is closed, hears so and hangs up."""
    return Person(at, sector, 0.0, 0.0, [0.99] * HABITS)
