"""The work of each team in a typical week."""

from dataclasses import replace
from datetime import time

import pytest

from router.core.hours import Hours
from router.planning.teams import teams_of
from router.planning.typical_week import shares_of, typical_week
from router.simulation.demand import year_of_days
from router.simulation.workload import WEEKDAYS, Workload
from tests.service_plan import HOUSING, WORK
from tests.simulation.scene import crew, pure_plan, workload

PLAN = pure_plan([*crew(2, travail=1), *crew(2, first=201, logement=1)])


def asked(**changes: object) -> Workload:
    return workload(
        **{
            "year": {"direct_calls": 40_000, "callback_requests": 20_000},
            "callers": {"sectors": {WORK: 3.0, HOUSING: 1.0}},
            **changes,
        }
    )


def test_it_is_of_the_busiest_month_and_asks_what_that_month_asks() -> None:
    months = (*(1.0,) * 8, 2.0, *(1.0,) * 3)
    people = asked(
        shape={
            "weekdays": dict.fromkeys(WEEKDAYS, 1.0),
            "half_hours": {"09:00": 1.0, "09:30": 3.0},
            "months": months,
        }
    )
    week = typical_week(PLAN, people, 2025, teams_of(PLAN, shares_of(people)))
    days = [day for day in year_of_days(people, PLAN.hours, 2025) if day.day.month == 9]
    assert week.month == 9
    assert [day.day for day in week.days] == [day.day for day in days]
    per_s = {team: 0.0 for team in (0, 1)}
    later_s = 0.0
    for (slot, team), work in week.work.items():
        count = sum(day.day.weekday() == slot[0] for day in days)
        per_s[team] += work.live_per_s * week.open_s[slot] * count
        later_s += work.callbacks_per_s * week.open_s[slot] * count
    whole = sum(half.direct for day in days for half in day.half_hours)
    # Teams are in the order of the plan's sectors: housing first.
    assert per_s[0] == pytest.approx(whole / 4)
    assert per_s[1] == pytest.approx(whole * 3 / 4)
    # Callbacks come later than they were asked for, but none is lost.
    assert later_s == pytest.approx(whole / 2)
    assert week.work[(0, 18), 1].live_per_s == pytest.approx(week.work[(0, 19), 1].live_per_s / 3)
    assert week.work[(0, 20), 1].callbacks_per_s > 0
    assert week.work[(0, 17), 1].callbacks_per_s == 0


def test_callbacks_are_not_put_off_beyond_closing() -> None:
    plan = pure_plan(crew(2, travail=1), live_target_s=100)
    short = Hours(zone="UTC", week={1: ((time(9), time(9, 30)),)})
    people = asked(callers={"sectors": {WORK: 1.0}})

    plan = replace(plan, hours=short)
    week = typical_week(plan, people, 2025, teams_of(plan, shares_of(people)))
    (work,) = week.work.values()
    assert work.callbacks_per_s == pytest.approx(work.live_per_s / 2)


def test_a_call_takes_ringing_talking_and_noting() -> None:
    plan = pure_plan(crew(2, travail=1), wrap_up_s=30)
    people = asked(
        callers={"sectors": {WORK: 1.0}},
        ring_delay_s=0.5,
        informateurs={"picks_up": {"mean_s": 4.0}, "ends_wrap_up": 0.5, "transfers": 0.1},
        called={"no_answer": 0.2},
    )
    week = typical_week(plan, people, 2025, teams_of(plan, shares_of(people)))
    work = next(iter(week.work.values()))
    # Half of them take notes for 10 s instead of 30.
    served_s = (100 + 4.5 + 20) * 1.1
    assert work.live_s == pytest.approx(served_s)
    attempt_s = 4.5 * 0.2 + 1 + 0.2 * plan.callbacks.ring_s + 0.8 * (2 + 2 + served_s)
    assert work.callback_s == pytest.approx(attempt_s * 1.2)
    assert work.load == pytest.approx(
        work.live_per_s * work.live_s + work.callbacks_per_s * work.callback_s
    )
