"""Two sectors with agents of their own and shared ones, against the exact Markov chain.

The engine's rules: agents with a better level are asked first; an agent who becomes free takes
the caller due first among those for whom he or she has the skills; a full queue refuses. Arrivals
are Poisson, talk times and patience exponential, so the state is who talks about what, and who
waits in which order. The chain shares no code with the engine: its stationary state is solved with
numpy.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from router.core.desk.agents import Roster
from router.core.work import WorkQueue
from tests.service_plan import HOUSING, WORK
from tests.simulation.lived import DAYS, Lived, LivedDay, interval, live
from tests.simulation.scene import OPEN_S, crew, pure_plan, workload

#: A: work, B: housing. Calls a second and seconds a talk differ; patience does not.
PER_S = {"A": 400 / OPEN_S, "B": 200 / OPEN_S}
TALK_S = {"A": 200.0, "B": 450.0}
PATIENCE_S = 600.0
#: The numbers of agents for A only, for B only, for both (level 2), and of places in the queue.
OWN, SHARED, PLACES = {"A": 1, "B": 1}, 2, 6
SECTORS = {"A": WORK, "B": HOUSING}


@dataclass(frozen=True)
class State:
    """Agents talking: each sector's own, then shared ones by sector. Callers waiting, in order."""

    own_a: int
    own_b: int
    shared_a: int
    shared_b: int
    waiting: str = ""

    def own(self, sector: str) -> int:
        return self.own_a if sector == "A" else self.own_b

    def with_own(self, sector: str, step: int, waiting: str | None = None) -> "State":
        return State(
            self.own_a + step * (sector == "A"),
            self.own_b + step * (sector == "B"),
            self.shared_a,
            self.shared_b,
            self.waiting if waiting is None else waiting,
        )

    def with_shared(self, sector: str, step: int, waiting: str | None = None) -> "State":
        return State(
            self.own_a,
            self.own_b,
            self.shared_a + step * (sector == "A"),
            self.shared_b + step * (sector == "B"),
            self.waiting if waiting is None else waiting,
        )

    def is_free(self, sector: str) -> str:
        """Return who would serve a new caller: "own", "shared" or "" (nobody)."""
        if self.own(sector) < OWN[sector]:
            return "own"
        return "shared" if self.shared_a + self.shared_b < SHARED else ""

    def next(self) -> Iterator[tuple["State", float]]:
        """Yield the states that can follow, each with its rate."""
        for sector, per_s in PER_S.items():
            yield self.joined_by(sector), per_s
        for sector, talk_s in TALK_S.items():
            if self.own(sector):
                yield self.own_done(sector), self.own(sector) / talk_s
            shared = self.shared_a if sector == "A" else self.shared_b
            if shared:
                yield self.shared_done(sector), shared / talk_s
        for place in range(len(self.waiting)):
            left = self.waiting[:place] + self.waiting[place + 1 :]
            yield State(self.own_a, self.own_b, self.shared_a, self.shared_b, left), 1 / PATIENCE_S

    def joined_by(self, sector: str) -> "State":
        if len(self.waiting) >= PLACES:
            return self
        match self.is_free(sector):
            case "own":
                return self.with_own(sector, 1)
            case "shared":
                return self.with_shared(sector, 1)
            case _:
                return self.with_own(sector, 0, self.waiting + sector)

    def own_done(self, sector: str) -> "State":
        """Return the state once the first caller of that sector is served, if there is one."""
        if sector in self.waiting:
            return self.with_own(sector, 0, self.waiting.replace(sector, "", 1))
        return self.with_own(sector, -1)

    def shared_done(self, sector: str) -> "State":
        """Return the state once the first of all callers is served, if there is one."""
        freed = self.with_shared(sector, -1)
        if not self.waiting:
            return freed
        return freed.with_shared(self.waiting[0], 1, self.waiting[1:])


@dataclass(frozen=True)
class Truth:
    """What callers of one sector experience, as shares and means of those who joined."""

    waits: float
    mean_wait_s: float
    abandons: float
    #: The share served by a shared agent.
    shared: float
    #: The share of all who came.
    refused: float


@cache
def stationary() -> dict[State, float]:
    """Return the share of time spent in each state that can be reached."""
    start = State(0, 0, 0, 0)
    places, unseen = {start: 0}, [start]
    while unseen:
        for after, _ in unseen.pop().next():
            if after not in places:
                places[after] = len(places)
                unseen.append(after)
    rates = np.zeros((len(places), len(places)))
    for state, place in places.items():
        for after, per_s in state.next():
            rates[places[after], place] += per_s
            rates[place, place] -= per_s
    rates[-1] = 1.0  # the shares sum to 1, instead of one balance that follows from the others
    sums = np.zeros(len(places))
    sums[-1] = 1.0
    return dict(zip(places, np.linalg.solve(rates, sums).tolist(), strict=True))


@cache
def truth(sector: str) -> Truth:
    states = stationary()
    refused = sum(share for state, share in states.items() if len(state.waiting) >= PLACES)
    queued = sum(
        share
        for state, share in states.items()
        if len(state.waiting) < PLACES and not state.is_free(sector)
    )
    waiting = sum(share * state.waiting.count(sector) for state, share in states.items())
    joined = PER_S[sector] * (1 - refused)
    by_shared = sum(
        share * (state.shared_a if sector == "A" else state.shared_b)
        for state, share in states.items()
    )
    return Truth(
        queued / (1 - refused),
        waiting / joined,
        waiting / PATIENCE_S / joined,
        by_shared / TALK_S[sector] / joined,
        refused,
    )


@cache
def days() -> list[LivedDay]:
    return lived()


def lived() -> list[LivedDay]:
    agents = [
        *crew(OWN["A"], 101, travail=1),
        *crew(OWN["B"], 201, logement=1),
        *crew(SHARED, 301, travail=2, logement=2),
    ]
    of_year = workload(
        year={"direct_calls": round(sum(PER_S.values()) * OPEN_S * 365)},
        callers={
            "sectors": {SECTORS[one]: PER_S[one] for one in SECTORS},
            "patience": {"mean_s": PATIENCE_S},
        },
        talk={"mean_s": 1.0, "sectors": {SECTORS[one]: TALK_S[one] for one in SECTORS}},
    )
    return live(pure_plan(agents, queue_max=PLACES), of_year)


def faults(days: list[LivedDay], sector: str) -> list[str]:
    """Return everything that differs from the chain."""
    true = truth(sector)
    values: dict[str, tuple[float, Callable[[Lived], float]]] = {
        "waits": (true.waits, lambda one: one.wait_s > 0.01),
        "mean wait": (true.mean_wait_s, lambda one: one.wait_s),
        "abandons": (true.abandons, lambda one: one.agent is None),
        "shared": (true.shared, lambda one: one.agent is not None and one.agent >= "300"),
    }
    return [
        f"{name}: {seen} instead of {value:.4f}"
        for name, (value, of) in values.items()
        for seen in [
            interval(
                [float(of(one)) for one in day.came if one.sector == SECTORS[sector]]
                for day in days
            )
        ]
        if not seen.holds(value)
    ]


@pytest.mark.parametrize("sector", SECTORS)
def test_shared_agents_serve_as_in_the_chain(sector: str) -> None:
    assert faults(days(), sector) == []


def test_as_many_are_refused_as_in_the_chain() -> None:
    joined = [len(day.came) for day in days()]
    expected = sum(PER_S.values()) * OPEN_S * (1 - truth("A").refused)

    assert truth("A").refused > 0.005  # there is something to see
    assert interval([float(one)] for one in joined).holds(expected)


def test_the_chain_agrees_with_itself() -> None:
    """The work that comes, less the work of those who give up, is the work that is done."""
    states = stationary()
    assert sum(states.values()) == pytest.approx(1)
    assert min(states.values()) >= 0
    for sector in SECTORS:
        done = sum(
            share * (state.own(sector) + (state.shared_a if sector == "A" else state.shared_b))
            for state, share in states.items()
        )
        true = truth(sector)
        served = PER_S[sector] * (1 - true.refused) * (1 - true.abandons)
        assert done / TALK_S[sector] == pytest.approx(served)
    assert len(days()) == DAYS


def test_a_worse_level_that_is_asked_first_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def worst_first(self: Roster, sector: str, widened: int) -> object:
        levels = self._idle[sector][:widened]  # type: ignore[index]
        return next((level[0][2] for level in reversed(levels) if level), None)

    monkeypatch.setattr(Roster, "longest_idle", worst_first)
    assert any("shared" in fault for fault in faults(lived(), "A"))


def test_a_sector_that_is_always_served_first_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def housing_first(self: WorkQueue, skills: dict[str, int]) -> object:
        for sector in (HOUSING, WORK):
            for _, _, item in self._open[sector][0] if sector in skills else ():
                return item
        return None

    monkeypatch.setattr(WorkQueue, "first_for", housing_first)
    assert any("mean wait" in fault for fault in faults(lived(), "B"))
