"""The engine against the mathematics of one queue: Erlang C, Erlang A, Little's law.

Each day begins as if the service had always been open: with as many people there as a stationary
queue has, drawn anew each day. So nothing has to settle, at any load, and the days are independent
replications. There are three comparisons, from the loosest to the strictest:

1. The engine's own means hold the formulas' values within intervals of 99.9 %, from light
   load to overload.
2. Each caller waits exactly as long as in the textbook's queue: the recursion of Kiefer and
   Wolfowitz, a few lines that share nothing with the engine.
3. That recursion gives the formulas' values for so many callers that intervals are narrow.

J. Kiefer, J. Wolfowitz, "On the theory of queues with many servers", Transactions of the
American Mathematical Society 78 (1955), 1-18.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from heapq import heapreplace
from math import inf

import pytest
from numpy.random import PCG64, Generator

from router.core.plan import Plan
from router.core.work import WorkItem, WorkQueue
from router.planning.erlang import Queue
from router.simulation.demand import HABITS, Day, Person, direct_calls, year_of_days
from router.simulation.tally import SAMPLE_S
from router.simulation.workload import Workload
from tests.planning.births import shares
from tests.service_plan import WORK
from tests.simulation.lived import DAYS, Interval, Lived, LivedDay, interval, live
from tests.simulation.scene import OPEN_S, crew, pure_plan, workload

#: The service is observed until this long after closing, in seconds.
LOOKS_AFTER_S = 3600.0
#: There are never more people than this.
MOST = 1000
#: The tolerance for a time: picking up takes a microsecond, which adds up over conversations.
INSTANT_S = 0.01


@dataclass(frozen=True)
class Case:
    """A queue: `use` is the load for each agent, `patience` the mean in conversations."""

    agents: int
    use: float
    patience: float = inf
    calls_a_day: int = 400
    seed: int = 1

    def __str__(self) -> str:
        kind = "Erlang C" if self.patience == inf else f"Erlang A, patience {self.patience:g}"
        return f"{self.agents} agents, load {self.use:g}, {kind}"

    @property
    def queue(self) -> Queue:
        per_s = self.calls_a_day / OPEN_S
        talk_s = self.use * self.agents / per_s
        return Queue(self.agents, per_s, talk_s, self.patience * talk_s)


_GRID = (
    Case(10, 0.5),
    Case(10, 0.7),
    Case(1, 0.7, calls_a_day=300),
    Case(10, 0.8),
    Case(30, 0.9, calls_a_day=500),
    Case(10, 0.9, calls_a_day=500),
    Case(10, 0.95, calls_a_day=700),
    Case(10, 0.5, 2.0),
    Case(10, 0.8, 2.0),
    Case(1, 0.9, 1.0, 300),
    Case(10, 1.0, 2.0, 300),
    Case(10, 1.2, 0.5, 300),
    Case(30, 1.1, 3.0),
    Case(10, 1.6, 2.0, 300),
)
#: Each with a seed of its own.
GRID = [replace(case, seed=seed) for seed, case in enumerate(_GRID, 1)]
#: For comparisons over many more callers.
MANY = [
    replace(case, calls_a_day=6000)
    for case in GRID
    if (case.agents, case.use) in ((10, 0.95), (10, 1.0), (10, 1.6))
]


def service(case: Case, agents: int) -> tuple[Plan, Workload]:
    queue = case.queue
    return pure_plan(crew(agents, travail=1)), workload(
        year={"direct_calls": case.calls_a_day * 365},
        talk={"mean_s": queue.talk_s},
        callers={"patience": {"mean_s": min(queue.patience_s, 1e12)}},
    )


def those_there(case: Case, day: Day) -> list[Person]:
    """Return who is there when the day begins.

    What is left of their talk and patience has the same distribution as ever: both are exponential.
    """
    queue = case.queue
    draw = Generator(PCG64([case.seed, day.day.toordinal()]))
    number = draw.choice(MOST, p=stationary(case))
    patience_s = min(queue.patience_s, 1e12)
    begins_at = day.openings[0][0]
    return [
        Person(
            begins_at + (place + 1) * 1e-5,
            WORK,
            draw.exponential(queue.talk_s),
            draw.exponential(patience_s),
            [0.5] * HABITS,
        )
        for place in range(number)
    ]


@cache
def stationary(case: Case) -> list[float]:
    return shares(case.queue, MOST)


def people_of(case: Case, day: Day) -> list[Person]:
    """Return who is there when the day begins, followed by who comes."""
    _, of_year = service(case, case.agents)
    return [*those_there(case, day), *direct_calls(case.seed, day, of_year)]


def days_with(case: Case, agents: int) -> list[LivedDay]:
    return live(*service(case, agents), seed=case.seed, there=partial(those_there, case))


@cache
def days_of(case: Case) -> list[LivedDay]:
    return days_with(case, case.agents)


#: What each caller's wait, and whether the caller was served, adds to a mean.
Value = Callable[[float, bool], float]


def measures(queue: Queue) -> dict[str, tuple[float, Value]]:
    """Return the true value and the measured one of everything that is compared.

    The order of service changes no mean, only who is served soon: the last value shows that.
    """
    soon_s = queue.mean_wait_s / queue.waits
    return {
        "waits": (queue.waits, lambda wait_s, served: wait_s > INSTANT_S),
        "mean wait": (queue.mean_wait_s, lambda wait_s, served: wait_s),
        "abandons": (queue.abandons, lambda wait_s, served: not served),
        "served soon": (
            queue.served_within(soon_s),
            lambda wait_s, served: served and wait_s <= soon_s,
        ),
    }


@cache
def surplus(case: Case) -> list[float]:
    """Return how much more than expected there was to talk about, for each day."""
    plan, of_year = service(case, case.agents)
    expected_s = case.queue.load * OPEN_S
    return [
        sum(person.talk_s for person in direct_calls(case.seed, day, of_year)) - expected_s
        for day in year_of_days(of_year, plan.hours, 2025)[:DAYS]
    ]


def mean(case: Case, days: Iterable[LivedDay], value: Value) -> Interval:
    lived = ([value(one.wait_s, one.agent is not None) for one in day.came] for day in days)
    return interval(lived, surplus(case))


def faults(case: Case, days: Sequence[LivedDay]) -> list[str]:
    """Return everything that differs from the formulas."""
    return [
        f"{name}: {seen} instead of {truth:.4f}"
        for name, (truth, value) in measures(case.queue).items()
        for seen in [mean(case, days, value)]
        if not seen.holds(truth)
    ]


@pytest.mark.parametrize("case", GRID, ids=str)
def test_the_engine_is_the_formulas_queue(case: Case) -> None:
    assert faults(case, days_of(case)) == []


def unseen_s(case: Case, day: LivedDay) -> float:
    """Callers waiting when the day begins come just after the first observation: half of it."""
    return max(0, len(day.there) - case.agents) * SAMPLE_S / 2


@pytest.mark.parametrize("case", GRID, ids=str)
def test_as_many_wait_as_come_in_times_how_long_they_wait(case: Case) -> None:
    """Little's law, L = lambda W: the queue as observed is what the waits add up to."""
    days = days_of(case)
    waited_s = [
        [
            min(one.wait_s, max(0.0, day.day.openings[0][1] + LOOKS_AFTER_S - person.at))
            for one, person in zip((*day.there, *day.came), people_of(case, day.day), strict=True)
        ]
        for day in days
    ]
    unaccounted = interval(
        [day.seen_s + unseen_s(case, day) - sum(waits_s)]
        for day, waits_s in zip(days, waited_s, strict=True)
    )

    assert unaccounted.holds(0.0)
    assert unaccounted.half < max(600.0, 0.02 * sum(map(sum, waited_s)) / DAYS)


# Caller by caller.


def textbook(people: Iterable[Person], agents: int) -> list[tuple[float, bool]]:
    """Return each caller's wait, and whether the caller was served: first come, first served.

    A caller is offered the agent who is free first, and leaves if that takes too long.
    """
    free_at = [0.0] * agents
    lived = []
    for person in people:
        wait_s = max(0.0, free_at[0] - person.at)
        served = wait_s < person.patience_s
        if served:
            heapreplace(free_at, person.at + wait_s + person.talk_s)
        lived.append((min(wait_s, person.patience_s), served))
    return lived


def in_the_textbook(case: Case, day: Day) -> list[tuple[float, bool]]:
    """Return what callers who come during the day experience in the textbook queue."""
    there = len(those_there(case, day))
    return textbook(people_of(case, day), case.agents)[there:]


def strangers(case: Case, days: Iterable[LivedDay]) -> int:
    """Return how many callers experienced something other than in the textbook queue."""
    return sum(
        (one.agent is not None) != served or abs(one.wait_s - wait_s) > INSTANT_S
        for day in days
        for one, (wait_s, served) in zip(day.came, in_the_textbook(case, day.day), strict=True)
    )


@pytest.mark.parametrize("case", GRID, ids=str)
def test_everybody_waits_as_long_as_in_the_textbook(case: Case) -> None:
    assert strangers(case, days_of(case)) == 0


@pytest.mark.parametrize("case", MANY, ids=str)
def test_the_textbook_is_the_formulas(case: Case) -> None:
    plan, of_year = service(case, case.agents)
    days = [
        LivedDay(
            day, [], [Lived(None, wait_s, "101" if served else None) for wait_s, served in come], 0
        )
        for day in year_of_days(of_year, plan.hours, 2025)[:DAYS]
        for come in [in_the_textbook(case, day)]
    ]

    assert faults(case, days) == []
    assert mean(case, days, measures(case.queue)["waits"][1]).half < 0.03


# Faults that must be found.


def test_an_agent_who_is_missing_is_seen() -> None:
    case = Case(30, 0.9, calls_a_day=800, seed=5)
    days = days_with(case, 29)

    assert any("waits" in fault for fault in faults(case, days))
    assert strangers(case, days) > 1000


def test_who_is_served_out_of_turn_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def last_for(self: WorkQueue, skills: object) -> WorkItem | None:
        return max(self.items(), key=lambda item: item.sequence, default=None)

    monkeypatch.setattr(WorkQueue, "first_for", last_for)
    case = Case(10, 0.8, calls_a_day=500, seed=4)
    days = days_with(case, case.agents)

    assert [fault.partition(":")[0] for fault in faults(case, days)] == ["served soon"]
    assert strangers(case, days) > 1000


def test_impatience_that_is_not_as_said_is_seen() -> None:
    case, other = Case(10, 1.2, 0.5, 300), Case(10, 1.2, 0.7, 300)

    assert faults(case, days_with(other, 10))
