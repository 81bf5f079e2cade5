"""What simulated callers experienced, call by call, and confidence intervals for it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from router.core.commands import Noted, Step
from router.core.facts import Outcome
from router.core.ids import CallId, SectorId
from router.core.plan import Plan
from router.simulation.demand import Day, Person
from router.simulation.run import Simulation
from router.simulation.tally import SAMPLE_S, Tally
from router.simulation.workload import Workload
from tests.simulation.scene import NO_SPEECH, everybody_all_day

Row = NDArray[np.float64]

#: How many days a run has.
DAYS = 16
#: Student's quantile of 99.9 % (two-sided) with 14 degrees of freedom: 16 days, less the mean
#: and one coefficient; with 15, without that coefficient.
_STUDENT_14, _STUDENT_15 = 4.140, 4.073


@dataclass(slots=True)
class Lived:
    """A caller who joined the queue."""

    sector: SectorId | None
    wait_s: float = 0.0
    #: The informateur who served the caller; None: the caller gave up.
    agent: str | None = None


class Listener(Tally):
    """A tally that also keeps what each caller experienced, in order of joining the queue."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.callers: dict[CallId, Lived] = {}

    def noted(self, command: Noted) -> None:
        if command.step is Step.QUEUED:
            self.callers[command.call] = Lived(command.sector)
        elif command.step is Step.TALKING:
            caller = self.callers[command.call]
            caller.wait_s, caller.agent = command.seconds or 0.0, command.agent
        elif command.step is Step.ENDED and command.outcome is Outcome.ABANDONED:
            # Since the arrival; nothing takes time between that and the queue.
            self.callers[command.call].wait_s = command.seconds or 0.0


@dataclass(slots=True)
class LivedDay:
    """A day: who was there at its beginning, who came, and their total wait as observed.

    Observed from outside, once a minute.
    """

    day: Day
    there: list[Lived]
    came: list[Lived]
    seen_s: float


class Going(Simulation):
    """A simulation whose days begin with the people `there`, as if it had always been open."""

    def __init__(self, *args: Any, there: Callable[[Day], list[Person]], **named: Any) -> None:
        super().__init__(*args, **named)
        self.there = there

    def prepare(self, day: Day) -> None:
        for person in self.there(day):
            self.agenda.at(person.at, self.line.calls, person)
        super().prepare(day)


def nobody(day: Day) -> list[Person]:
    return []


def live(
    plan: Plan,
    workload: Workload,
    *,
    days: int = DAYS,
    seed: int = 1,
    there: Callable[[Day], list[Person]] = nobody,
) -> list[LivedDay]:
    """Simulate `days` days with everybody at work."""
    listener = Listener(plan)
    simulation = Going(
        plan,
        workload,
        2025,
        seed,
        NO_SPEECH,
        tally=listener,
        who_works=everybody_all_day,
        there=there,
    )
    lived = []
    for day in simulation.days[:days]:
        seen = listener.seen_waiting
        simulation.run_day(day)
        seen_s = (listener.seen_waiting - seen) * SAMPLE_S
        callers, first = list(listener.callers.values()), len(there(day))
        lived.append(LivedDay(day, callers[:first], callers[first:], seen_s))
        listener.callers.clear()
    return lived


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean, and half the width of its confidence interval of 99.9 %."""

    mean: float
    half: float

    def holds(self, truth: float) -> bool:
        return abs(self.mean - truth) <= self.half

    def __str__(self) -> str:
        return f"{self.mean:9.4f} ± {self.half:.4f}"


def interval(days: Iterable[list[float]], surplus: Sequence[float] | None = None) -> Interval:
    """Return the mean over the values of all days, which are independent of each other.

    It is a ratio of two sums (values, and how many), with the variance by linearisation. The
    `surplus` of each day, whose expectation is 0, is a control variate: the part of a day's
    deviation that it explains is subtracted (Lavenberg and Welch, Management Science 27 (1981),
    322-335).
    """
    values = list(days)
    sums: Row = np.array([sum(one) for one in values])
    numbers: Row = np.array([len(one) for one in values], dtype=float)
    assert len(sums) == DAYS
    mean = sums.sum() / numbers.sum()
    deviations = (sums - mean * numbers) / numbers.mean()
    ones = np.ones(DAYS)
    columns = np.column_stack([ones] if surplus is None else [ones, np.array(surplus)])
    found = np.linalg.lstsq(columns, deviations, rcond=None)[0]
    free = DAYS - columns.shape[1]
    variance = ((deviations - columns @ found) ** 2).sum() / free
    error = np.sqrt(variance * np.linalg.inv(columns.T @ columns)[0, 0])
    student = _STUDENT_15 if surplus is None else _STUDENT_14
    return Interval(float(mean + found[0]), student * float(error))
