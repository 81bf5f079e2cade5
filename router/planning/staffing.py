"""How many informateurs each half-hour and team need to reach given targets, checked by simulation.

The first answer is the formula's (`formula`), for each half-hour of a typical week of the busiest
month. It is simulated with that many informateurs, and what each team and half-hour reached shows
by which factor the work is heavier or lighter than the formula thought: a team's factor follows
what the team reached, a half-hour's only as far as its confidence interval demands. The next answer
is the formula's with these factors; and so on, ROUNDS times at most. (No informateur is needed for
the sake of promises until a run breaks some: the service keeps its promises by refusing what it
could not keep.) What is reported was then reached in runs with other seeds.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import ceil, inf

from router.core.ids import PromptId, SectorId
from router.core.plan import Plan
from router.planning.formula import Limits, goes_well
from router.planning.paid import hours
from router.planning.targets import Aim, Measured, Scores
from router.planning.teams import Cell, Needs, Ranks, Shifts, Team, teams_of
from router.planning.typical_week import Week, shares_of, typical_week
from router.simulation.homes import best_of
from router.simulation.run import Simulation
from router.simulation.tally import Slot
from router.simulation.workload import Workload

#: How many answers are simulated at most before the check, and how many months of each, each
#: month with a seed of its own.
ROUNDS, MONTHS = 4, 2
#: How many months are simulated for the check, with seeds that no answer was fitted to.
CHECK_MONTHS = 3
_CHECK_SEEDS_FROM = 1000
#: The range of factors by which work may turn out lighter or heavier than the formula thought.
_LIGHTEST, _HEAVIEST = 0.3, 3.0
#: An answer whose hours differ by less than this share from the one before counts as the same.
_ALIKE = 0.01
#: With a mean patience from this on, in seconds, callers never give up.
_FOREVER_S = 86_400.0

#: Called before each run with what is simulated now, the run's number, and how many at most.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Answer:
    """The staffing, and what it reached in the check."""

    aims: tuple[Aim, ...]
    week: Week
    teams: tuple[Team, ...]
    #: What the formula alone says.
    first: Needs
    needs: Needs
    check: Measured
    #: How many answers were simulated before the check.
    rounds: int
    #: How many events the engine decided on in all runs.
    events: int
    #: What twice as many informateurs reached, if the check missed a target.
    doubled: Measured | None = None

    @property
    def reached(self) -> bool:
        """Whether the service as a whole and each team reached every target in the check."""
        return not any(self.missed)

    @property
    def missed(self) -> Iterator[tuple[Aim, int | None]]:
        """Yield each target missed in the check, with the team; None: the whole service."""
        for aim in self.aims:
            for team in (None, *range(len(self.teams))):
                if self.check.team(aim, team).share < aim.wanted:
                    yield aim, team

    def short(self, aim: Aim) -> list[Cell]:
        """Return the half-hours that clearly missed: even their interval's upper end did."""
        return [
            cell for cell in self.needs if self.check.cell(aim, cell[1], cell[0]).high < aim.wanted
        ]


@dataclass(slots=True)
class Staffing:
    """Finds how many informateurs are needed, peaks, outages and absences of the workload aside.

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
        """Find the staffing, and check it; this simulates several months, in about 40 s."""
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
        """Return what `needs` informateurs reach in the busiest month, with `months` seeds."""
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
        """Return how many of those needed in a half-hour know each sector best."""
        many: Counter[SectorId] = Counter()
        for team, ranks in enumerate(self._ranks):
            for rank in range(needs.get((slot, team), 0)):
                many[best_of(ranks.skills(rank))] += 1
        return {sector: many[sector] for sector in self.plan.domains}

    # The formula, and how it is corrected.

    def _needs(self, factors: Mapping[tuple[Aim, Cell], float]) -> dict[Cell, int]:
        """Return the fewest who reach every target in each half-hour by the corrected formula."""
        return {
            cell: max(self._needed(aim, cell, factors[aim, cell]) for aim in self.aims)
            for cell in self.week.work
        }

    def _needed(self, aim: Aim, cell: Cell, factor: float) -> int:
        """Return the fewest who reach one target in one half-hour if work is `factor` heavier."""
        work = self.week.work[cell].heavier(factor)
        agents = self._ranks[cell[1]].least
        most = agents + ceil(3 * work.load) + 10
        while agents < most and goes_well(aim.kind.name, work, agents, self._limits) < aim.wanted:
            agents += 1
        return agents

    def _expected(self, aim: Aim, cell: Cell, agents: int, factor: float) -> float:
        """Return the share that should go well by the formula if work is `factor` heavier."""
        work = self.week.work[cell].heavier(factor)
        return goes_well(aim.kind.name, work, agents, self._limits)

    def _missed(self, seen: Measured) -> int:
        """Count the targets that teams missed, or may have reached by luck alone."""
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
        """Correct the factors by what a simulation showed."""
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
        """Scale all of a team's factors together, so that the formula expects what was seen.

        Unless the target was reached only because another one needs more people: that shows
        nothing of how heavy the work is.
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
        """Move a half-hour's factor just so far that the formula expects a value of its interval.

        But not downwards if another target decides how many are needed there.
        """
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


def _within(factor: float) -> float:
    """Return the factor, limited to what work can turn out to be."""
    return min(max(factor, _LIGHTEST), _HEAVIEST)


def _solve(falls: Callable[[float], float], value: float, low: float, high: float) -> float:
    """Return where the falling function takes the value; the nearer end if it does not."""
    for _ in range(24):
        middle = (low + high) / 2
        if falls(middle) > value:
            low = middle
        else:
            high = middle
    return (low + high) / 2
