"""When people come: the year's volume, its shape, and draws that depend on nothing else."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time
from functools import cache
from statistics import fmean, variance
from typing import Any

import pytest

from router.config import load
from router.core.hours import Hours
from router.core.plan import Plan
from router.errors import ConfigError
from router.simulation.demand import (
    Day,
    callback_requests,
    chance,
    closed_calls,
    direct_calls,
    year_of_days,
)
from router.simulation.workload import SHIPPED, Workload, load_workload
from tests.service_plan import HOUSING, WORK
from tests.simulation.scene import workload

DAY_AND_NIGHT = Hours(week=dict.fromkeys(range(1, 8), ((time(0), time(0)),)))
#: The days on which the clocks go forward and back, and how long they are.
PARIS_CHANGES = [(date(2025, 3, 30), 23), (date(2025, 10, 26), 25)]


@cache
def shipped() -> tuple[Plan, Workload]:
    plan = load(None).plan
    return plan, load_workload(SHIPPED / "2025.toml", plan)


@cache
def shipped_days() -> dict[date, Day]:
    plan, of_year = shipped()
    return {day.day: day for day in year_of_days(of_year, plan.hours, 2025)}


def volume(day: Day) -> float:
    return sum(one.direct for one in day.half_hours)


def even(direct_calls: int = 365_000, **changes: Any) -> Workload:
    return workload(year={"direct_calls": direct_calls}, **changes)


# Expectations.


def test_expectations_sum_to_the_volumes_of_the_year() -> None:
    days = shipped_days().values()

    assert sum(map(volume, days)) == pytest.approx(136_500)
    assert sum(one.callbacks for day in days for one in day.half_hours) == pytest.approx(92_400)
    assert sum(day.closed for day in days) == pytest.approx(20_000)
    assert len(days) == 365
    assert len(year_of_days(even(), DAY_AND_NIGHT, 2024)) == 366


def test_closed_days_have_none_and_are_those_of_moselle() -> None:
    closed = {
        day.day for day in shipped_days().values() if day.day.weekday() < 5 and not volume(day)
    }

    assert closed == {
        date(2025, month, day)
        for month, day in (
            *((1, 1), (4, 21), (5, 1), (5, 8), (5, 29), (6, 9), (7, 14), (8, 15), (11, 11)),
            *((12, 25), (4, 18), (12, 26)),  # Good Friday and Saint Stephen: Alsace-Moselle
        )
    }
    assert not any(volume(day) for day in shipped_days().values() if day.day.weekday() > 4)
    assert all(not day.openings for day in shipped_days().values() if not volume(day))


def test_calls_come_when_it_is_open_only() -> None:
    plan, of_year = shipped()
    for day in list(shipped_days().values())[:60]:
        for person in direct_calls(1, day, of_year):
            assert plan.hours.is_open(person.at)
            assert plan.hours.day_of(person.at) == day.day
        for at in closed_calls(1, day, plan.hours):
            assert not plan.hours.is_open(at)
            assert plan.hours.day_of(at) == day.day


def test_a_half_hour_that_is_open_in_part_has_its_part() -> None:
    """On Thursdays 18:00 to 18:15, on Fridays from 13:00."""
    thursday = {one.clock: one for one in shipped_days()[date(2025, 3, 6)].half_hours}
    friday = shipped_days()[date(2025, 3, 7)].half_hours

    assert thursday["18:00"].ends_at - thursday["18:00"].begins_at == 900
    expected = thursday["17:30"].direct * 0.4 / 0.55 / 2
    assert thursday["18:00"].direct == pytest.approx(expected)
    assert [one.clock for one in friday][:2] == ["13:00", "13:30"]


def test_the_shape_is_that_of_the_weights() -> None:
    days = shipped_days()
    monday, thursday = days[date(2025, 3, 10)], days[date(2025, 3, 13)]
    august = days[date(2025, 8, 28)]

    assert volume(monday) / volume(thursday) == pytest.approx(1.2 / 0.95)
    assert volume(thursday) / volume(august) == pytest.approx(1.05 / 0.7)
    at = {one.clock: one.direct for one in monday.half_hours}
    assert at["10:00"] / at["12:30"] == pytest.approx(1.35 / 0.75)


def test_the_first_opening_after_a_holiday_has_more() -> None:
    """Easter Monday 2025 is 21 April, Good Friday the 18th."""
    days = shipped_days()
    before, after = days[date(2025, 4, 15)], days[date(2025, 4, 22)]

    assert volume(after) / volume(before) == pytest.approx(1.15)
    assert volume(days[date(2025, 4, 23)]) == pytest.approx(volume(days[date(2025, 4, 16)]))
    # A weekend is not a closure: Mondays are ordinary days.
    assert volume(days[date(2025, 3, 17)]) == pytest.approx(volume(days[date(2025, 3, 10)]))


def test_a_peak_comes_on_top_of_the_year() -> None:
    plan, of_year = shipped()
    peak = {
        **{"day": date(2025, 3, 10), "begins": time(10), "ends": time(11)},
        **{"factor": 3.0, "reason": "passage à la télévision"},
    }
    peaked = Workload.model_validate({**of_year.model_dump(), "peaks": (peak,)})
    days = {day.day: day for day in year_of_days(peaked, plan.hours, 2025)}
    for day, usual in shipped_days().items():
        for one, before in zip(days[day].half_hours, usual.half_hours, strict=True):
            high = day == date(2025, 3, 10) and one.clock in ("10:00", "10:30")
            assert one.direct == pytest.approx(before.direct * (3 if high else 1))
            assert one.callbacks == pytest.approx(before.callbacks * (3 if high else 1))


@pytest.mark.parametrize(("day", "hours"), PARIS_CHANGES)
def test_days_on_which_the_clock_changes_are_shorter_and_longer(day: date, hours: int) -> None:
    days = {one.day: one for one in year_of_days(even(), DAY_AND_NIGHT, 2025)}
    ((opens_at, closes_at),) = days[day].openings
    clocks = Counter(one.clock for one in days[day].half_hours)

    assert closes_at - opens_at == hours * 3600
    assert clocks["02:00"] == {23: 0, 25: 2}[hours]
    assert volume(days[day]) / volume(days[date(2025, 6, 1)]) == pytest.approx(hours / 24)
    ends = [one.ends_at for one in days[day].half_hours]
    assert [one.begins_at for one in days[day].half_hours] == [opens_at, *ends[:-1]]
    drawn = direct_calls(1, days[day], even())
    assert all(opens_at <= person.at < closes_at for person in drawn)


def test_openings_are_at_the_local_time_all_year() -> None:
    for day in (date(2025, 3, 27), date(2025, 3, 31)):  # before and after the change
        opens_at = shipped_days()[day].openings[0][0]
        utc = datetime.fromtimestamp(opens_at, UTC)
        assert (utc.hour, utc.minute) == ((7, 30) if day.day == 27 else (6, 30))


def test_a_year_without_opening_days_is_refused() -> None:
    with pytest.raises(ConfigError, match="does not open on any day of 2025"):
        year_of_days(even(), Hours(), 2025)
    nights = workload(year={"direct_calls": 10}, shape={"half_hours": {"03:00": 1.0}})
    with pytest.raises(ConfigError, match="no half-hour in which the service opens in 2025"):
        year_of_days(nights, shipped()[0].hours, 2025)


# Chance.


def test_numbers_are_poisson() -> None:
    """Variance over mean is 1, for a half-hour and for a day; arrivals within it are uniform."""
    of_year = even()
    days = year_of_days(of_year, DAY_AND_NIGHT, 2025)
    drawn = [[person.at for person in direct_calls(1, day, of_year)] for day in days]
    numbers = [
        sum(one.begins_at <= at < one.ends_at for at in times)
        for day, times in zip(days, drawn, strict=True)
        for one in day.half_hours[20:24]
    ]

    # The dispersion of n numbers has a standard deviation of sqrt(2 / n).
    assert variance(numbers) / fmean(numbers) == pytest.approx(1, abs=3.3 * (2 / 1460) ** 0.5)
    totals = [len(times) for times in drawn]
    assert variance(totals) / fmean(totals) == pytest.approx(1, abs=3.3 * (2 / 365) ** 0.5)
    assert sum(totals) == pytest.approx(365_000, abs=3.3 * 365_000**0.5)
    into = [at % 1800 / 1800 for times in drawn[:30] for at in times]
    assert fmean(into) == pytest.approx(0.5, abs=3.3 * (1 / 12 / len(into)) ** 0.5)
    assert all(times == sorted(times) for times in drawn)


def test_as_many_call_in_vain_as_the_year_says() -> None:
    plan, _ = shipped()
    drawn = [len(closed_calls(1, day, plan.hours)) for day in shipped_days().values()]

    assert sum(drawn) == pytest.approx(20_000, abs=3.3 * 20_000**0.5)
    # More on a Sunday than on a Monday, which is open for most of the day.
    sundays = [n for n, day in zip(drawn, shipped_days(), strict=True) if day.weekday() == 6]
    mondays = [n for n, day in zip(drawn, shipped_days(), strict=True) if day.weekday() == 0]
    assert sum(sundays) > 2 * sum(mondays)


def test_people_are_as_the_workload_says() -> None:
    of_year = even(
        callers={"sectors": {WORK: 3.0, HOUSING: 1.0}, "patience": {"mean_s": 300.0}},
        talk={"mean_s": 200.0, "kind": "lognormal", "cv": 0.5, "sectors": {HOUSING: 400.0}},
    )
    days = year_of_days(of_year, DAY_AND_NIGHT, 2025)
    people = [person for day in days[:40] for person in direct_calls(1, day, of_year)]
    housing = [person.talk_s for person in people if person.sector == HOUSING]

    assert len(housing) / len(people) == pytest.approx(0.25, abs=0.01)
    assert fmean(housing) == pytest.approx(400, rel=0.02)
    assert variance(housing) ** 0.5 / fmean(housing) == pytest.approx(0.5, rel=0.05)
    assert fmean(one.patience_s for one in people) == pytest.approx(300, rel=0.02)
    assert fmean(one.luck[5] for one in people) == pytest.approx(0.5, abs=0.01)


def test_the_same_people_come_whatever_else_is_different() -> None:
    """Policies meet the same people: habits, staff and the other door do not change who comes."""
    plan, of_year = shipped()
    day = shipped_days()[date(2025, 3, 10)]
    changed = of_year.model_dump()
    changed["callers"] |= {"with_code": 0.9, "votes": 0.0, "takes_offer": 1.0}
    changed["informateurs"] |= {"present": 0.3, "misses": 0.5}
    changed["called"] |= {"busy": 0.3}
    changed["year"] |= {"callback_requests": 10}
    other = Workload.model_validate(changed)
    other_day = {one.day: one for one in year_of_days(other, plan.hours, 2025)}[day.day]

    def told(people: list[Any]) -> list[Any]:
        return [(p.at, p.sector, p.talk_s, p.patience_s, p.luck) for p in people]

    assert told(direct_calls(1, day, of_year)) == told(direct_calls(1, other_day, other))
    assert told(direct_calls(1, day, of_year)) != told(direct_calls(2, day, of_year))
    assert told(callback_requests(1, day, of_year)) != told(direct_calls(1, day, of_year))
    # A day's people do not depend on the days before.
    next_day = replace(day, day=date(2025, 3, 13))
    assert told(direct_calls(1, next_day, of_year)) != told(direct_calls(1, day, of_year))


def test_chance_is_of_seed_day_and_stream_alone() -> None:
    drawn = {
        (seed, day, stream): chance(seed, date(2025, 1, day), stream).random()
        for seed in (1, 2)
        for day in (1, 2)
        for stream in (0, 1)
    }
    again = {key: chance(key[0], date(2025, 1, key[1]), key[2]).random() for key in drawn}

    assert again == drawn
    assert len(set(drawn.values())) == len(drawn)
