"""The plan as it is today: other hours, other skills."""

from datetime import date, time

import pytest

from router.core.hours import Closed, DayException, Hours
from router.core.ids import AgentId, SectorId
from router.core.plan import Plan
from router.core.today import Moved, Skill, Today, applied
from tests.service_plan import GENERAL, HOUR, HOUSING, MONDAY_10H, WORK, general_plan, small_plan

MONDAY = date(2026, 11, 23)
#: Two openings a day, as with a break at noon.
HOURS = Hours(week={1: ((time(8, 30), time(12, 0)), (time(14, 0), time(0, 0)))})
NOON = MONDAY_10H + 2 * HOUR
LEE = AgentId("101")


def closing(at: float, hours: Hours = HOURS) -> Plan:
    return applied(small_plan(hours=hours), Today(MONDAY, closes_at=at))


def test_with_no_changes_it_is_the_plan() -> None:
    assert applied(small_plan(), Today(MONDAY)) == small_plan()


@pytest.mark.parametrize(
    ("closes_at", "openings"),
    [
        (MONDAY_10H, ((time(8, 30), time(10)),)),
        (MONDAY_10H + 0.7, ((time(8, 30), time(10)),)),
        (MONDAY_10H + 61, ((time(8, 30), time(10, 1, 1)),)),
        (NOON + HOUR, ((time(8, 30), time(12)),)),
        (NOON + 2 * HOUR, ((time(8, 30), time(12)),)),
        (NOON + 4.5 * HOUR, ((time(8, 30), time(12)), (time(14), time(16, 30)))),
        (MONDAY_10H - 3 * HOUR, ()),
    ],
)
def test_the_day_s_openings_end_by_then(
    closes_at: float, openings: tuple[tuple[time, time], ...]
) -> None:
    assert closing(closes_at).hours.day(MONDAY) == openings


def test_it_is_closed_at_once_and_says_so_as_of_any_exception() -> None:
    hours = closing(MONDAY_10H + 0.7).hours
    assert not hours.is_open(MONDAY_10H + 0.7)
    assert hours.why_closed(MONDAY_10H + 1) is Closed.EXCEPTIONAL
    assert hours.next_opening(MONDAY_10H) == MONDAY_10H + 7 * 24 * HOUR - 1.5 * HOUR


def test_an_exception_of_the_plan_s_is_shortened_and_other_days_are_not() -> None:
    tuesday = date(2026, 11, 24)
    short = DayException(((time(8, 30), time(11)),), "")
    hours = Hours(exceptions={MONDAY: short, tuesday: short}, week=HOURS.week)
    assert closing(MONDAY_10H, hours).hours.day(MONDAY) == ((time(8, 30), time(10)),)
    assert closing(MONDAY_10H + 2 * HOUR, hours).hours.day(MONDAY) == short.open
    assert closing(MONDAY_10H, hours).hours.day(tuesday) == short.open


def test_other_skills_take_the_place_of_the_plan_s() -> None:
    plan = general_plan(small_plan())
    today = Today(MONDAY, moved=(Moved(LEE, (Skill(WORK, 2),)),))
    agents = applied(plan, today).agents
    assert agents[LEE].skills == {WORK: 2, GENERAL: 1}, "the general queue is served by all"
    assert {one: agents[one] for one in agents if one != LEE} == {
        one: plan.agents[one] for one in agents if one != LEE
    }
    assert list(agents) == list(plan.agents), "in the plan's order"


def test_what_the_plan_has_not_is_passed_over() -> None:
    skills = (Skill(SectorId("gone"), 1), Skill(WORK, 9), Skill(GENERAL, 2))
    today = Today(MONDAY, moved=(Moved(LEE, skills), Moved(AgentId("999"), (Skill(WORK, 1),))))
    agents = applied(small_plan(), today).agents
    assert agents[LEE].skills == {WORK: 3}
    assert AgentId("999") not in agents


def test_skills_are_changed_and_undone_one_informateur_at_a_time() -> None:
    today = Today(MONDAY).with_skills(LEE, (Skill(WORK, 1),))
    today = today.with_skills(AgentId("102"), (Skill(HOUSING, 1),))
    today = today.with_skills(LEE, (Skill(WORK, 2),))
    assert {one.agent: one.skills for one in today.moved} == {
        LEE: (Skill(WORK, 2),),
        AgentId("102"): (Skill(HOUSING, 1),),
    }
    assert today.with_skills(LEE, None).moved == (Moved(AgentId("102"), (Skill(HOUSING, 1),)),)
