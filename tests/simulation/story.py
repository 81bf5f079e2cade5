"""A few callers on a simulated day, and what happens to them, step by step."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from router.core.callback.tickets import Refusal, TicketRecord
from router.core.commands import Counted, Noted, Step
from router.core.facts import CallFact, Outcome
from router.core.ids import SectorId
from router.core.plan import Plan
from router.simulation.demand import HABITS, Day, Person
from router.simulation.roster import Stint
from router.simulation.run import Simulation
from router.simulation.tally import Tally
from router.simulation.workload import Workload
from tests.service_plan import MONDAY_10H, WORK

DAY = date(2026, 11, 23)
#: How long every sentence takes, in seconds.
SAID_S = 4.0


def person(
    at_s: float = 0.0,
    sector: SectorId = WORK,
    *,
    talk_s: float = 100.0,
    patience_s: float = 1e6,
    luck: float = 0.5,
) -> Person:
    """Return somebody who calls `at_s` seconds after 10:00.

    All habits have the same luck: this person has each habit whose share is above it.
    """
    return Person(MONDAY_10H + at_s, sector, talk_s, patience_s, [luck] * HABITS)


@dataclass(frozen=True, slots=True)
class Told:
    """A step, with its time in seconds after 10:00."""

    at_s: float
    noted: Noted


class Heard(Tally):
    """A tally that keeps everything; `story` is set by the story itself."""

    story: "Story"

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.steps: list[Told] = []
        self.facts: list[CallFact] = []
        self.records: list[TicketRecord] = []
        self.answers: list[Refusal | None] = []

    def noted(self, command: Noted) -> None:
        self.steps.append(Told(round(self.story.now - MONDAY_10H, 3), command))

    def counted(self, command: Counted) -> None:
        super().counted(command)
        if isinstance(command.fact, CallFact):
            self.facts.append(command.fact)

    def admitted(self, person: Person, refusal: Refusal | None, *, by_phone: bool) -> None:
        super().admitted(person, refusal, by_phone=by_phone)
        self.answers.append(refusal)

    def ticket_ended(self, record: TicketRecord) -> None:
        super().ticket_ended(record)
        self.records.append(record)


class Speech(dict[Any, float]):
    def __missing__(self, prompt: Any) -> float:
        return SAID_S


class Story(Simulation):
    """A Monday with these people, and nobody else."""

    def __init__(
        self,
        plan: Plan,
        workload: Workload,
        calling: Sequence[Person] = (),
        asking: Sequence[Person] = (),
        working: Sequence[Stint] | None = None,
    ) -> None:
        self.heard = Heard(plan)
        self.heard.story = self
        super().__init__(
            plan, workload, 2026, 1, Speech(), tally=self.heard, who_works=self._who_works_then
        )
        self.calling, self.asking, self.working = calling, asking, working
        day = next(one for one in self.days if one.day == DAY)
        for one in calling:
            self.agenda.at(one.at, self.line.calls, one)
        for one in asking:
            self.agenda.at(one.at, self.line.asks, one)
        self.run_day(day)

    @property
    def now(self) -> float:
        return self.agenda.now

    def _who_works_then(self, seed: int, day: Day, workload: Workload, plan: Plan) -> list[Stint]:
        if self.working is not None:
            return list(self.working)
        return [Stint(agent, *day.openings[0]) for agent in plan.agents]

    def at(self, step: Step) -> list[float]:
        """Return when that step was taken, in seconds after 10:00."""
        return [told.at_s for told in self.heard.steps if told.noted.step is step]

    def of(self, step: Step) -> list[Noted]:
        return [told.noted for told in self.heard.steps if told.noted.step is step]

    @property
    def outcomes(self) -> list[Outcome]:
        return [fact.outcome for fact in self.heard.facts]
