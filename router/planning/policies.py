"""Policies compared: who is served first, which informateurs are asked, what is promised.

Each policy is a change to the plan, and meets the same people in the same weeks, which are spread
over the year and simulated separately. Reported are the mean of the weeks, and the mean difference
from the plan as it is, with its 95 % confidence interval (paired by week, Student's t).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from math import nan, sqrt
from multiprocessing import get_context
from statistics import fmean, stdev

from router.core.callback.tickets import TicketState
from router.core.facts import Door, Outcome
from router.core.ids import PromptId
from router.core.plan import Order, Plan
from router.report.columns import MODE, Mode
from router.simulation.demand import Day, year_of_days
from router.simulation.run import Simulation
from router.simulation.tally import Tally
from router.simulation.workload import Absence, Workload

#: By default, one week in this many is simulated.
EVERY = 4
#: A delay that no call reaches, for levels of skill that are never asked.
_NEVER_S = 100_000_000
#: The doors by which callers join the queue.
_LIVE = tuple(door for door in Door if MODE[door] is Mode.LIVE and door is not Door.NONE)

Change = Callable[[Plan], Plan]


def _targets(plan: Plan, **changes: object) -> Plan:
    return replace(plan, targets=replace(plan.targets, **changes))  # type: ignore[arg-type]


def _callbacks(plan: Plan, **changes: object) -> Plan:
    return replace(plan, callbacks=replace(plan.callbacks, **changes))  # type: ignore[arg-type]


def _widening(plan: Plan, after_s: int) -> Plan:
    """Ask each further level of skill `after_s` seconds after the one before."""
    levels = len(plan.targets.widening_s)
    return _targets(plan, widening_s=tuple(after_s * level for level in range(levels)))


#: What each policy makes of a plan; the first leaves it as it is.
POLICIES: Mapping[str, Change] = {
    "by promise (the plan)": lambda plan: plan,
    "first come, first served": partial(_targets, order=Order.ARRIVAL),
    "callbacks last": partial(_targets, order=Order.CALLERS),
    "callers last": partial(_targets, order=Order.CALLBACKS),
    "no slack before a promise": partial(_callbacks, slack_s=0),
    "promised without forecast": partial(_callbacks, forecast=False),
    "no callback from the queue": partial(_callbacks, offer_after_s=0),
    "experts alone": lambda plan: _widening(plan, _NEVER_S),
    "levels widen by 60 s": lambda plan: _widening(plan, 60),
    "levels widen at once": lambda plan: _widening(plan, 1),
}


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure of a week that is compared."""

    name: str
    unit: str
    #: Returns the figure; NaN if the week has nothing to measure.
    of: Callable[[Tally], float]
    #: How many decimals are shown.
    decimals: int = 1


def _share(part: float, whole: float) -> float:
    return 100 * part / whole if whole else nan


def _in_time(tally: Tally) -> float:
    waited = sum(
        count
        for (door, outcome), count in tally.outcomes.items()
        if door in _LIVE and outcome is not Outcome.CALLED_BACK
    )
    return _share(sum(tally.kept[door, True] for door in _LIVE), waited)


def _live_wait_s(tally: Tally) -> float:
    return tally.waited_s / tally.waiters if tally.waiters else nan


def _abandoned(tally: Tally) -> float:
    gone = sum(tally.outcomes[door, Outcome.ABANDONED] for door in _LIVE)
    return _share(gone, tally.waiters)


def _kept(tally: Tally) -> float:
    kept, broken = (tally.kept[Door.CALLBACK, one] for one in (True, False))
    expired = tally.tickets[TicketState.EXPIRED]
    return _share(kept, kept + broken + expired)


def _callback_wait_min(tally: Tally) -> float:
    waits = tally.waits[Door.CALLBACK]
    return sum(s * count for s, count in waits.items()) / waits.total() / 60 if waits else nan


def _refused(tally: Tally) -> float:
    return _share(tally.admissions.total() - tally.admissions[None], tally.admissions.total())


def _expert(tally: Tally) -> float:
    return _share(tally.levels[1], tally.levels.total())


MEASURES = (
    Measure("callers answered in time", "%", _in_time),
    Measure("callers wait", "s", _live_wait_s),
    Measure("callers give up", "%", _abandoned),
    Measure("promises kept", "%", _kept, 2),
    Measure("called back after", "min", _callback_wait_min),
    Measure("callbacks refused", "%", _refused),
    Measure("answered by an expert", "%", _expert),
)


@dataclass(frozen=True, slots=True)
class Difference:
    """A measure under a policy: its mean over the weeks, and the difference from the plan."""

    mean: float
    #: The mean of the weeks' differences; NaN with fewer than two weeks.
    difference: float
    #: Half the width of the difference's 95 % confidence interval.
    plus_minus: float

    @property
    def is_certain(self) -> bool:
        """Whether the interval excludes that there is no difference."""
        return abs(self.difference) > self.plus_minus


#: By policy, then by measure.
Comparison = Mapping[str, Mapping[str, Difference]]


@dataclass(frozen=True, slots=True)
class Setting:
    """What all policies have in common."""

    #: As it is, before a policy changes it.
    plan: Plan
    workload: Workload
    year: int
    seed: int
    #: How long each sentence takes, in seconds.
    speech: Mapping[PromptId, float]


def short_of_staff(setting: Setting, share: float) -> Setting:
    """Return the same with this share (0 to 1) of the informateurs away, all year."""
    days = [day.day for day in year_of_days(setting.workload, setting.plan.hours, setting.year)]
    away = Absence(begins=days[0], ends=days[-1] + timedelta(1), share=share, reason="compared")
    absences = (*setting.workload.absences, away)
    return replace(setting, workload=setting.workload.model_copy(update={"absences": absences}))


def weeks(days: Sequence[Day], every: int) -> list[list[Day]]:
    """Return every `every`th whole week, Monday to Sunday, of those in which the service opens."""
    mondays = [place for place, day in enumerate(days) if day.day.weekday() == 0]
    whole = [list(days[place : place + 7]) for place in mondays if place + 7 <= len(days)]
    return [week for week in whole if any(day.openings for day in week)][::every]


def run_week(setting: Setting, policy: str, week: Sequence[Day]) -> dict[str, float]:
    """Simulate a week under a policy, and return its measures by name."""
    run = Simulation(
        POLICIES[policy](setting.plan),
        setting.workload,
        setting.year,
        setting.seed,
        setting.speech,
        days=week,
    )
    tally = run.run()
    return {measure.name: measure.of(tally) for measure in MEASURES}


def compare(
    setting: Setting,
    policies: Sequence[str],
    progress: Callable[[int, int], None],
    *,
    every: int = EVERY,
    processes: int = 1,
) -> Comparison:
    """Simulate the same weeks under every policy.

    The others are compared with the first of `policies`. `progress` is called after each week with
    the number done and the number of all, `processes` weeks run at the same time.
    """
    chosen = weeks(year_of_days(setting.workload, setting.plan.hours, setting.year), every)
    jobs = [(policy, week) for week in chosen for policy in policies]
    measured: dict[str, list[dict[str, float]]] = {policy: [] for policy in policies}
    for done, ((policy, _), of_week) in enumerate(
        zip(jobs, _each(setting, jobs, processes), strict=True), 1
    ):
        measured[policy].append(of_week)
        progress(done, len(jobs))
    plan = measured[policies[0]]
    return {
        policy: {
            measure.name: _difference(
                [week[measure.name] for week in measured[policy]],
                [week[measure.name] for week in plan],
            )
            for measure in MEASURES
        }
        for policy in policies
    }


def _each(
    setting: Setting, jobs: Sequence[tuple[str, list[Day]]], processes: int
) -> Iterator[dict[str, float]]:
    """Yield the measures of each job, in order."""
    if processes == 1:
        yield from (run_week(setting, policy, week) for policy, week in jobs)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("fork")) as pool:
        yield from pool.map(partial(run_week, setting), *zip(*jobs, strict=True), chunksize=1)


def _difference(these: Sequence[float], those: Sequence[float]) -> Difference:
    """Return the mean of `these` weeks, and their paired difference from `those`."""
    pairs = [
        (one, other)
        for one, other in zip(these, those, strict=True)
        if one == one and other == other  # NaN: a week with nothing to compare
    ]
    if len(pairs) < 2:
        return Difference(fmean(one for one, _ in pairs) if pairs else nan, nan, nan)
    differences = [one - other for one, other in pairs]
    half = student_95(len(pairs) - 1) * stdev(differences) / sqrt(len(pairs))
    return Difference(fmean(one for one, _ in pairs), fmean(differences), half)


def student_95(freedom: int) -> float:
    """Return the 97.5th percentile of Student's t, accurate to 1 % from 4 degrees of freedom on.

    By the expansion of Cornish and Fisher around the normal distribution: Abramowitz and Stegun
    26.7.5. The tables have 2.776 for 4 degrees of freedom, 2.179 for 12, 2.009 for 50.

    >>> [round(student_95(freedom), 3) for freedom in (4, 12, 50)]
    [2.769, 2.179, 2.009]
    """
    z = 1.959964
    return (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
    )


def as_markdown(compared: Comparison) -> str:
    """Return a table of the means, and in brackets differences from the plan that are certain."""
    lines = [
        "| | " + " | ".join(f"{one.name}, {one.unit}" for one in MEASURES) + " |",
        "| --- |" + " --- |" * len(MEASURES),
    ]
    for policy, of_policy in compared.items():
        cells = [_cell(of_policy[one.name], one) for one in MEASURES]
        lines.append(f"| {policy} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cell(one: Difference, measure: Measure) -> str:
    if one.mean != one.mean:  # NaN
        return "–"
    mean = f"{one.mean:.{measure.decimals}f}"
    if not one.is_certain:
        return mean
    return (
        f"{mean} ({one.difference:+.{measure.decimals}f} ± {one.plus_minus:.{measure.decimals}f})"
    )


def as_json(compared: Comparison) -> dict[str, dict[str, dict[str, float | None]]]:
    """Return everything in types that JSON has; None for NaN."""
    return {
        policy: {
            name: {
                "mean": _number(one.mean),
                "difference": _number(one.difference),
                "plus_minus": _number(one.plus_minus),
            }
            for name, one in of_policy.items()
        }
        for policy, of_policy in compared.items()
    }


def _number(value: float) -> float | None:
    return round(value, 4) if value == value else None
