"""How many informateurs each half-hour and team need for a promise, checked by simulation.

First answer, by formula, for each half-hour of a typical week of the busiest month. With n
informateurs of a team, live calls of the rate l1, all work of the load R (erlangs), the mean
length h, and room for m that wait (below):

    callbacks refused   F = B r^m / (1 + B (r + ... + r^m)), r = R / n, B = Erlang B of n and R:
                        the queue M/M/n/n+m; who is refused adds no work
    everybody is busy   C = B (1 + r + ... + r^m) / (1 + B (r + ... + r^m))
    live callers late   C P_A(wait > live_target | wait),  give up: C P_A(abandon | wait): as in
                        an M/M/n+M queue (Erlang A) of l1 alone once everybody is busy, since
                        callbacks wait behind them but are not cut short
    callbacks late      C exp(-(n / h) (1 - l1 h / n) (1 - r) t)

Erlang B and A: see `erlang`. M/M/n/K: D. Gross, C. M. Harris, "Fundamentals of Queueing Theory"
(1998), section 2.4. Two classes without pre-emption: O. Kella and U. Yechiali, "Waiting times
in the non-preemptive priority M/M/c queue", Stochastic Models 1 (1985), 257-262: the first
class waits as if alone once everybody is busy; the second's mean wait is
C h / (n (1 - r1) (1 - r)), taken here as exponential. So many fit in before the promise, with
95 % confidence: n + m = x, where x + 1.645 sqrt(x) = (n / h - l1) promise. Callbacks are load
that can be put off: what is asked in a half-hour is spread over the promise.

The formula knows no ringing, missed calls, sectors shared only after a while, or half-hours
that inherit a queue. So its answer is simulated with that many informateurs, and what each
team and half-hour then reached says by which factor the work is heavier, or lighter, than the
formula thought: a team's factor follows what it reached, a half-hour's only as far as its
interval forces it. (Promises need nobody until a run breaks some: the service keeps them by
refusing what it could not keep.) The next answer is the formula's with these factors; and so
on, ROUNDS times at most. What is reported was then reached in runs of other seeds.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import ceil, exp, inf, sqrt

from router.core.ids import PromptId, SectorId
from router.core.plan import Plan
from router.planning.erlang import Queue, erlang_b
from router.planning.targets import Aim, Measured, Scores
from router.planning.teams import Cell, Needs, Ranks, Shifts, Team, teams_of
from router.planning.typical_week import Week, Work, shares_of, typical_week
from router.simulation.homes import best_of
from router.simulation.run import Simulation
from router.simulation.tally import Slot
from router.simulation.workload import Workload

#: Answers simulated at most before the check, and the months each takes, of a seed each.
ROUNDS, MONTHS = 4, 2
#: Months of the check, with seeds that no answer was fitted on.
CHECK_MONTHS = 3
_CHECK_SEEDS_FROM = 1000
#: Work may turn out so much lighter or heavier than the formula thought.
_LIGHTEST, _HEAVIEST = 0.3, 3.0
#: An answer that costs as much as the one before, but for this share, is the same.
_ALIKE = 0.01
#: 95th percentile of the normal distribution.
_Z95 = 1.645
#: Who would wait for longer than this never gives up.
_FOREVER_S = 86_400.0
#: Less likely than this is as good as never.
_NEVER = 1e-12

#: Tells how far the work is: what is done now, and how many runs of how many at most.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Limits:
    """What decides what went well, in seconds."""

    live_target_s: float
    promise_s: float
    patience_s: float


@lru_cache(maxsize=1_000_000)
def goes_well(target: str, work: Work, agents: int, limits: Limits) -> float:
    """Return the share (0 to 1) that goes well by the formula; `target` is an aim's name."""
    if not work.load:
        return 1.0
    if agents < 1:
        return 0.0
    mean_s = work.load / (work.live_per_s + work.callbacks_per_s)
    busy, full = _busy_and_full(work, agents, mean_s, limits.promise_s)
    if target == "accepted":
        return 1 - full
    if target == "promise":
        live, all_ = work.live_per_s * mean_s / agents, work.load / agents
        spare = max(0.0, 1 - live) * max(0.0, 1 - all_)
        return 1 - busy * exp(-agents / mean_s * spare * limits.promise_s)
    queue = Queue(agents, work.live_per_s, mean_s, limits.patience_s)
    if not work.live_per_s or queue.waits < _NEVER:
        return 1.0
    bad = queue.abandons if target == "abandon" else 1 - queue.served_within(limits.live_target_s)
    return max(0.0, 1 - (busy if work.callbacks_per_s else queue.waits) * bad / queue.waits)


def _busy_and_full(work: Work, agents: int, mean_s: float, promise_s: float) -> tuple[float, float]:
    """Return how likely everybody is busy, and how likely no callback more can be promised."""
    fit = max(0.0, agents / mean_s - work.live_per_s) * promise_s
    served = ((sqrt(_Z95 * _Z95 + 4 * fit) - _Z95) / 2) ** 2
    room = max(0, int(served) - agents)
    blocked, each = erlang_b(agents, work.load), work.load / agents
    waiting = sum(each**place for place in range(1, room + 1))
    whole = 1 + blocked * waiting
    return blocked * (1 + waiting) / whole, blocked * each**room / whole


@dataclass(frozen=True, slots=True)
class Answer:
    """The staffing, and what it reached where it was checked."""

    aims: tuple[Aim, ...]
    week: Week
    teams: tuple[Team, ...]
    #: Of the formula alone.
    first: Needs
    needs: Needs
    check: Measured
    #: Answers simulated before the check, and what the engine was told in all.
    rounds: int
    events: int
    #: What twice as many reached, if the check missed a target.
    doubled: Measured | None = None

    @property
    def reached(self) -> bool:
        """Whether the service, and each team, reached every target in the check."""
        return not any(self.missed)

    @property
    def missed(self) -> Iterator[tuple[Aim, int | None]]:
        """Yield what was missed, by which team; None: the service."""
        for aim in self.aims:
            for team in (None, *range(len(self.teams))):
                if self.check.team(aim, team).share < aim.wanted:
                    yield aim, team

    def short(self, aim: Aim) -> list[Cell]:
        """Return the half-hours that clearly missed: their whole interval is below."""
        return [
            cell for cell in self.needs if self.check.cell(aim, cell[1], cell[0]).high < aim.wanted
        ]


@dataclass(slots=True)
class Staffing:
    """Finds how many are needed. Peaks, outages and absences of the workload are left out.

    Raises:
        ConfigError: If the service never opens, or nobody knows a sector.
    """

    plan: Plan
    workload: Workload
    year: int
    seed: int
    aims: tuple[Aim, ...]
    speech: Mapping[PromptId, float]
    progress: Progress | None = None
    events: int = field(default=0, init=False)
    teams: tuple[Team, ...] = field(init=False)
    week: Week = field(init=False)
    _ranks: list[Ranks] = field(init=False)
    _limits: Limits = field(init=False)
    _runs: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.workload = self.workload.model_copy(
            update={"peaks": (), "outages": (), "absences": ()}
        )
        asked = shares_of(self.workload)
        self.teams = teams_of(self.plan, asked)
        self._ranks = [Ranks(team, asked) for team in self.teams]
        self.week = typical_week(self.plan, self.workload, self.year, self.teams)
        patience_s = self.workload.callers.patience.mean_s
        self._limits = Limits(
            self.plan.targets.live_target_s,
            max(0.0, self.plan.callbacks.promise_s - self.plan.callbacks.dial_s),
            patience_s if patience_s < _FOREVER_S else inf,
        )

    def answer(self) -> Answer:
        """Find the staffing, and check it."""
        factors = {
            (aim, cell): _LIGHTEST if aim.kind.name == "promise" else 1.0
            for aim in self.aims
            for cell in self.week.work
        }
        first = needs = self._needs(factors)
        best, worth = needs, (inf, inf, inf)
        rounds = 0
        for rounds in range(1, ROUNDS + 1):
            seen = self.simulate(needs, MONTHS, self.seed, f"answer {rounds}")
            missed, short = self._missed(seen), self._short(seen)
            paid = hours(needs, self.week)
            if (missed, short, paid) < worth:
                best, worth = needs, (missed, short, paid)
            self._learn(factors, needs, seen)
            following = {
                cell: min(max(many, needs[cell] - 1), needs[cell] + 2)
                for cell, many in self._needs(factors).items()
            }
            alike = abs(hours(following, self.week) - paid) <= _ALIKE * paid
            if alike and not missed and not short:
                break
            needs = following
        check = self.simulate(best, CHECK_MONTHS, self.seed + _CHECK_SEEDS_FROM, "check")
        answer = Answer(self.aims, self.week, self.teams, first, best, check, rounds, self.events)
        if not answer.reached:
            doubled = {cell: 2 * many for cell, many in best.items()}
            seen = self.simulate(doubled, 1, self.seed + _CHECK_SEEDS_FROM, "twice as many")
            answer = replace(answer, doubled=seen, events=self.events)
        return answer

    def simulate(self, needs: Needs, months: int, seed: int, what: str = "") -> Measured:
        """Let so many of each team work through the busiest month, with several seeds."""
        shifts = Shifts(self.plan, self._ranks, needs)
        teams = {
            sector: number for number, team in enumerate(self.teams) for sector in team.sectors
        }
        runs = []
        for number in range(months):
            if self.progress is not None:
                self._runs += 1
                self.progress(what, self._runs, ROUNDS * MONTHS + CHECK_MONTHS)
            run = Simulation(
                shifts.plan,
                self.workload,
                self.year,
                seed + number,
                self.speech,
                tally=Scores(shifts.plan, teams),
                who_works=shifts,
            )
            for day in self.week.days:
                run.run_day(day)
            self.events += run.events
            assert isinstance(run.tally, Scores)
            runs.append(run.tally)
        return Measured(runs, self.plan)

    def by_sector(self, needs: Needs, slot: Slot) -> dict[SectorId, int]:
        """Return how many of those needed in a half-hour are of each sector, in the first place."""
        many: Counter[SectorId] = Counter()
        for team, ranks in enumerate(self._ranks):
            for rank in range(needs.get((slot, team), 0)):
                many[best_of(ranks.skills(rank))] += 1
        return {sector: many[sector] for sector in self.plan.domains}

    # The formula, and what it learns.

    def _needs(self, factors: Mapping[tuple[Aim, Cell], float]) -> dict[Cell, int]:
        """Return the fewest with which each half-hour reaches every target by the formula."""
        return {
            cell: max(self._needed(aim, cell, factors[aim, cell]) for aim in self.aims)
            for cell in self.week.work
        }

    def _needed(self, aim: Aim, cell: Cell, factor: float) -> int:
        work = self.week.work[cell].heavier(factor)
        agents = self._ranks[cell[1]].least
        most = agents + ceil(3 * work.load) + 10
        while agents < most and goes_well(aim.kind.name, work, agents, self._limits) < aim.wanted:
            agents += 1
        return agents

    def _expected(self, aim: Aim, cell: Cell, agents: int, factor: float) -> float:
        work = self.week.work[cell].heavier(factor)
        return goes_well(aim.kind.name, work, agents, self._limits)

    def _missed(self, seen: Measured) -> int:
        """Count the targets that teams miss, or may have reached by luck."""
        return sum(
            seen.team(aim, team).cautious < aim.wanted
            for aim in self.aims
            for team in range(len(self.teams))
        )

    def _short(self, seen: Measured) -> int:
        """Count the half-hours that clearly miss a target."""
        return sum(
            seen.cell(aim, team, slot).high < aim.wanted
            for aim in self.aims
            for slot, team in self.week.work
        )

    def _learn(self, factors: dict[tuple[Aim, Cell], float], needs: Needs, seen: Measured) -> None:
        """Correct the factors by what was seen."""
        for aim in self.aims:
            for team in range(len(self.teams)):
                cells = [cell for cell in needs if cell[1] == team]
                self._learn_of_team(aim, cells, factors, needs, seen)
            for cell in needs:
                self._learn_of_half_hour(aim, cell, factors, needs, seen)

    def _learn_of_team(
        self,
        aim: Aim,
        cells: list[Cell],
        factors: dict[tuple[Aim, Cell], float],
        needs: Needs,
        seen: Measured,
    ) -> None:
        """Make all of a team's work heavier or lighter together, so that the formula would
        have expected what was seen; but a target that others overshoot tells nothing.
        """
        weights = {cell: seen.cell(aim, cell[1], cell[0]).all for cell in cells}
        whole = sum(weights.values())
        if not whole:
            return
        score = seen.team(aim, cells[0][1])
        share = score.share if score.cautious >= aim.wanted else score.cautious
        decides = any(
            needs[cell] > self._ranks[cell[1]].least
            and self._needed(aim, cell, factors[aim, cell]) == needs[cell]
            for cell in cells
        )
        if share >= aim.wanted and not decides:
            return

        def expected(times: float) -> float:
            return (
                sum(
                    weight * self._expected(aim, cell, needs[cell], factors[aim, cell] * times)
                    for cell, weight in weights.items()
                )
                / whole
            )

        times = _solve(expected, share, 0.5, 2.0)
        for cell in cells:
            factors[aim, cell] = _within(factors[aim, cell] * times)

    def _learn_of_half_hour(
        self,
        aim: Aim,
        cell: Cell,
        factors: dict[tuple[Aim, Cell], float],
        needs: Needs,
        seen: Measured,
    ) -> None:
        score = seen.cell(aim, cell[1], cell[0])
        factor = factors[aim, cell]
        expected = self._expected(aim, cell, needs[cell], factor)
        if score.low <= expected <= score.high:
            return
        decides = self._needed(aim, cell, factor) == needs[cell]
        if expected < score.low and not decides:
            return
        nearest = score.low if expected < score.low else score.high
        factors[aim, cell] = _solve(
            lambda one: self._expected(aim, cell, needs[cell], one), nearest, _LIGHTEST, _HEAVIEST
        )


def hours(needs: Needs, week: Week) -> float:
    """Return the hours at work of a week."""
    return sum(many * week.open_s[slot] for (slot, _), many in needs.items()) / 3600


def of_team(needs: Needs, team: int) -> Needs:
    """Return what one team needs."""
    return {cell: many for cell, many in needs.items() if cell[1] == team}


def most(needs: Needs) -> int:
    """Return how many are needed at once at most."""
    together: Counter[Slot] = Counter()
    for (slot, _), many in needs.items():
        together[slot] += many
    return max(together.values(), default=0)


def _within(factor: float) -> float:
    return min(max(factor, _LIGHTEST), _HEAVIEST)


def _solve(falls: Callable[[float], float], value: float, low: float, high: float) -> float:
    """Return where a falling function takes the value, or the end that is nearest to it."""
    for _ in range(24):
        middle = (low + high) / 2
        if falls(middle) > value:
            low = middle
        else:
            high = middle
    return (low + high) / 2
