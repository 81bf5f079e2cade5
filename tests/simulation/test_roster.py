"""Who works when: proportions, shares, lunch, breaks, outages and absences."""

from collections import Counter
from datetime import date, datetime, time
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from router.config import load
from router.core.ids import AgentId, ReasonId
from router.core.plan import Plan
from router.simulation.demand import Day, year_of_days
from router.simulation.roster import Stint, stints, with_agents
from router.simulation.workload import SHIPPED, Workload, load_workload

PARIS = ZoneInfo("Europe/Paris")
MONDAY, TUESDAY, FRIDAY = date(2025, 3, 10), date(2025, 3, 11), date(2025, 3, 14)


@cache
def shipped() -> tuple[Plan, Workload]:
    plan = load(None).plan
    return plan, load_workload(SHIPPED / "2025.toml", plan)


@cache
def days() -> dict[date, Day]:
    plan, of_year = shipped()
    return {day.day: day for day in year_of_days(of_year, plan.hours, 2025)}


def clock(at: float) -> str:
    return f"{datetime.fromtimestamp(at, PARIS):%H:%M:%S}"


def of_day(day: date = MONDAY, seed: int = 1, /, **rules: Any) -> list[Stint]:
    plan, of_year = shipped()
    content = of_year.model_dump()
    content["informateurs"] |= rules.pop("informateurs", {})
    changed = Workload.model_validate({**content, **rules})
    return stints(seed, days()[day], changed, plan)


# How many.


def skills(agents: Any) -> Counter[Any]:
    return Counter(tuple(sorted(agent.skills.items())) for agent in agents)


@pytest.mark.parametrize("times", [1, 2, 10])
def test_more_informateurs_have_the_same_skills_in_the_same_proportions(times: int) -> None:
    plan, _ = shipped()
    made = with_agents(plan, times * len(plan.agents))

    assert len(made) == times * len(plan.agents)
    assert skills(made.values()) == Counter(
        {one: times * number for one, number in skills(plan.agents.values()).items()}
    )
    assert list(made)[: len(plan.agents)] == list(plan.agents)
    assert all(id_ == agent.id for id_, agent in made.items())


@pytest.mark.parametrize("number", [1, 7, 20, 44, 46, 100])
def test_any_number_of_informateurs_can_be_had(number: int) -> None:
    plan, _ = shipped()
    made = with_agents(plan, number)
    known = set(skills(plan.agents.values()))

    assert len(made) == number
    assert set(skills(made.values())) <= known


def test_fewer_informateurs_are_spread_over_all_skills() -> None:
    """A third of all informateurs has about a third of each group, not just the first groups."""
    plan, _ = shipped()
    third = skills(with_agents(plan, len(plan.agents) // 3).values())
    for group, number in skills(plan.agents.values()).items():
        assert abs(third[group] - number / 3) < 1
    fifteen = with_agents(plan, 15).values()
    assert {sector for agent in fifteen for sector in agent.skills} == set(plan.sectors)


# Who comes.


def test_so_many_come_as_are_present() -> None:
    plan, of_year = shipped()
    mondays = [day for day, one in days().items() if day.weekday() == 0 and one.openings]
    came = [len(of_day(day)) for day in mondays]
    expected = of_year.informateurs.present * len(plan.agents)

    assert sum(came) / len(came) == pytest.approx(expected, abs=1.5)
    assert len(set(came)) > 3  # not the same number every day
    assert len(of_day(informateurs={"present": 1.0})) == len(plan.agents)
    assert of_day(informateurs={"present": 0.0}) == []


def test_who_comes_does_not_depend_on_who_else_does() -> None:
    everybody = {stint.agent for stint in of_day(informateurs={"present": 1.0})}
    half = {stint.agent for stint in of_day(informateurs={"present": 0.5})}
    most = {stint.agent for stint in of_day(informateurs={"present": 0.8})}

    assert half < most < everybody
    assert half == {stint.agent for stint in of_day(informateurs={"present": 0.5})}
    assert half != {stint.agent for stint in of_day(MONDAY, 2, informateurs={"present": 0.5})}


def test_days_on_which_the_service_is_closed_have_nobody() -> None:
    assert of_day(date(2025, 5, 1)) == []
    assert of_day(date(2025, 3, 9)) == []


def test_shifts_are_of_their_weekdays_and_shares() -> None:
    assert {(clock(one.begins_at), clock(one.ends_at)) for one in of_day()} == {
        ("08:30:00", "18:15:00")
    }
    assert {(clock(one.begins_at), clock(one.ends_at)) for one in of_day(FRIDAY)} == {
        ("13:00:00", "17:00:00")
    }
    early_and_late = {
        "present": 1.0,
        "shifts": (
            {"weekdays": ("monday",), "begins": time(8, 30), "ends": time(14), "share": 0.5},
            {"weekdays": ("monday",), "begins": time(12), "ends": time(18, 15), "share": 0.3},
        ),
    }
    begin = Counter(
        clock(stint.begins_at)
        for seed in range(40)
        for stint in of_day(MONDAY, seed, informateurs=early_and_late)
    )
    everybody = 40 * len(shipped()[0].agents)
    assert begin["08:30:00"] / everybody == pytest.approx(0.5, abs=0.04)
    assert begin["12:00:00"] / everybody == pytest.approx(0.3, abs=0.04)


def test_who_comes_late_comes_late_by_that_at_most() -> None:
    late = [
        stint.begins_at - days()[MONDAY].openings[0][0]
        for stint in of_day(informateurs={"late_s": 600.0})
    ]

    assert 0 <= min(late) < 120
    assert 480 < max(late) <= 600


# Pauses.


def test_lunch_is_within_its_hours_and_taken_in_turns() -> None:
    begins = []
    for seed in range(10):
        for stint in of_day(MONDAY, seed):
            lunches = [pause for pause in stint.pauses if pause[1] - pause[0] == 2700]
            ((begin, end, reason),) = lunches
            assert clock(begin) >= "11:30:00"
            assert clock(end) <= "14:00:00"
            assert reason == _reason_of(2700)
            begins.append(begin)
    assert len({round(begin / 900) for begin in begins}) > 5
    assert all(len(stint.pauses) < 3 for stint in of_day(TUESDAY))
    assert not any(end - begin == 2700 for one in of_day(TUESDAY) for begin, end, _ in one.pauses)


def _reason_of(length_s: float) -> ReasonId:
    """The shortest of the plan's pauses that are long enough."""
    reasons = shipped()[0].desk.reasons.values()
    fits = [one for one in reasons if one.longest_s >= length_s]
    return min(fits, key=lambda one: one.longest_s).id


def test_breaks_do_not_touch_lunch_the_end_or_each_other() -> None:
    for day in (MONDAY, TUESDAY, FRIDAY):
        for stint in of_day(day):
            ends = stint.begins_at
            for begin, end, reason in stint.pauses:
                assert ends <= begin < end
                assert reason in shipped()[0].desk.reasons
                ends = end
            assert ends < stint.ends_at
    breaks = [pause for stint in of_day() for pause in stint.pauses if pause[1] - pause[0] == 600]
    assert 3 <= len(breaks) / len(of_day()) <= 5  # in nine and a half hours, one every 105 minutes


def test_without_lunch_and_breaks_there_are_no_pauses() -> None:
    assert all(not one.pauses for one in of_day(informateurs={"lunch_s": 0.0, "break_s": 0.0}))


# What goes wrong.


def outage(begins: time, ends: time, share: float, day: date = MONDAY) -> dict[str, Any]:
    return {"day": day, "begins": begins, "ends": ends, "share": share, "reason": "panne"}


def test_an_outage_takes_so_many_phones_on_that_day() -> None:
    broken = (outage(time(10), time(10, 45), 0.4),)
    hit, all_ = 0, 0
    for seed in range(30):
        for stint in of_day(MONDAY, seed, outages=broken):
            all_ += 1
            hit += bool(stint.outages)
            for begin, end in stint.outages:
                assert (clock(begin), clock(end)) == ("10:00:00", "10:45:00")
    assert hit / all_ == pytest.approx(0.4, abs=0.05)
    assert not any(stint.outages for stint in of_day(TUESDAY, outages=broken))
    whole = (outage(time(10), time(10, 45), 1.0),)
    assert all(stint.outages for stint in of_day(outages=whole))


def test_of_an_outage_that_began_before_work_the_rest_counts() -> None:
    early = (outage(time(7), time(9), 1.0), outage(time(6), time(8), 1.0))
    for stint in of_day(outages=early):
        ((begin, end),) = stint.outages
        assert begin == stint.begins_at
        assert clock(end) == "09:00:00"


def test_an_absence_takes_so_many_of_those_who_would_have_come() -> None:
    half = ({"begins": MONDAY, "ends": TUESDAY, "share": 0.5, "reason": "grève"},)
    usual, fewer = set[AgentId](), set[AgentId]()
    for seed in range(20):
        usual |= {AgentId(f"{seed}/{one.agent}") for one in of_day(MONDAY, seed)}
        fewer |= {AgentId(f"{seed}/{one.agent}") for one in of_day(MONDAY, seed, absences=half)}
    assert fewer < usual
    assert len(fewer) / len(usual) == pytest.approx(0.5, abs=0.05)
    assert of_day(FRIDAY, absences=half) == of_day(FRIDAY)
