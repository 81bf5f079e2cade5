"""Policies compared: the same people, paired weeks, and what the table shows."""

from collections.abc import Mapping
from math import inf, isnan, nan

import pytest

from router.cli import provision
from router.config import load
from router.core.plan import Order
from router.planning.policies import (
    MEASURES,
    POLICIES,
    Comparison,
    Difference,
    Setting,
    as_json,
    as_markdown,
    compare,
    short_of_staff,
    student_95,
    weeks,
)
from router.simulation.demand import year_of_days
from router.simulation.run import speech_s
from router.simulation.workload import SHIPPED, load_workload

THE_PLAN, *_ = POLICIES


@pytest.fixture(scope="module")
def setting() -> Setting:
    plan = load(None).plan
    people = load_workload(SHIPPED / "2025.toml", plan)
    return Setting(plan, people, 2025, 1, speech_s(provision.sentences(load(None)).texts))


@pytest.fixture(scope="module")
def compared(setting: Setting) -> Comparison:
    """Two weeks with four of ten informateurs away: enough for policies to differ."""
    few = short_of_staff(setting, 0.4)
    chosen = [THE_PLAN, "callbacks last", "callers last", "experts alone"]
    return compare(few, chosen, lambda _done, _of: None, every=26)


def of(compared: Comparison, policy: str, measure: str) -> float:
    return compared[policy][measure].mean


def test_the_plan_differs_in_nothing_from_itself(compared: Comparison) -> None:
    assert {one.difference for one in compared[THE_PLAN].values()} == {0.0}


def test_who_is_last_waits_longer_and_promises_to_who_is_last_are_broken(
    compared: Comparison,
) -> None:
    wait, kept = "callers wait", "promises kept"
    assert of(compared, "callers last", wait) > of(compared, THE_PLAN, wait)
    assert of(compared, "callbacks last", wait) < of(compared, THE_PLAN, wait)
    assert of(compared, "callbacks last", kept) < of(compared, THE_PLAN, kept)


def test_experts_alone_are_experts_and_too_few(compared: Comparison) -> None:
    assert of(compared, "experts alone", "answered by an expert") == 100.0
    assert of(compared, "experts alone", "callers give up") > 2 * of(
        compared, THE_PLAN, "callers give up"
    )


def test_each_policy_is_another_plan(setting: Setting) -> None:
    plans = [change(setting.plan) for change in POLICIES.values()]
    assert plans[0] == setting.plan
    assert all(plan != setting.plan for plan in plans[1:])
    assert {plan.targets.order for plan in plans} == set(Order)
    assert all(
        len(plan.targets.widening_s) == len(setting.plan.targets.widening_s) for plan in plans
    )


def test_short_of_staff_is_all_year(setting: Setting) -> None:
    (absence,) = short_of_staff(setting, 0.3).workload.absences
    days = year_of_days(setting.workload, setting.plan.hours, 2025)
    assert all(absence.begins <= day.day <= absence.ends for day in days)
    assert setting.workload.absences == ()


def test_weeks_are_whole_and_spread_over_the_year(setting: Setting) -> None:
    chosen = weeks(year_of_days(setting.workload, setting.plan.hours, 2025), 13)
    assert [week[0].day.month for week in chosen] == [1, 4, 7, 10]
    assert {len(week) for week in chosen} == {7}
    assert {week[0].day.weekday() for week in chosen} == {0}


@pytest.mark.parametrize(("freedom", "table"), [(4, 2.776), (12, 2.179), (30, 2.042)])
def test_student_by_the_table(freedom: int, table: float) -> None:
    assert student_95(freedom) == pytest.approx(table, rel=0.01)


def test_only_what_is_certain_is_told_as_a_difference() -> None:
    def row(difference: float, plus_minus: float) -> Mapping[str, Difference]:
        return {one.name: Difference(50.0, difference, plus_minus) for one in MEASURES}

    made: Comparison = {
        THE_PLAN: row(0.0, 0.0),
        "sure": row(-3.0, 1.0),
        "unsure": row(2.0, 2.5),
        "none": {one.name: Difference(nan, nan, nan) for one in MEASURES},
    }
    lines = as_markdown(made).splitlines()
    assert "50.0 (-3.0 ± 1.0)" in lines[3]
    assert "(" not in lines[4]
    assert "–" in lines[5]
    assert as_json(made)["none"]["callers wait"]["mean"] is None
    assert not Difference(1.0, nan, inf).is_certain
    assert isnan(Difference(nan, nan, nan).mean)
