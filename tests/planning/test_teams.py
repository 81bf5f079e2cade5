"""Which sectors belong together, who is called to work first, and who works when."""

from collections import Counter
from datetime import date

import pytest

from router.config import load
from router.core.ids import SectorId
from router.errors import ConfigError
from router.planning.teams import Ranks, Shifts, Team, teams_of
from router.simulation.demand import Day, HalfHour
from router.simulation.workload import SHIPPED, load_workload
from tests.service_plan import HOUSING, WORK, agent, small_plan
from tests.simulation.scene import workload

MONDAY = date(2025, 6, 2)


def half_hours(*clocks: str, of: int = 1800) -> tuple[HalfHour, ...]:
    def at(clock: str) -> float:
        return int(clock[:2]) * 3600 + int(clock[3:]) * 60

    return tuple(HalfHour(one, at(one), at(one) + of, 0.0, 0.0) for one in clocks)


def test_the_shipped_teams_are_the_ministries_with_consumption_beside_housing() -> None:
    plan = load(None).plan
    asked = load_workload(SHIPPED / "2025.toml", plan).callers.sectors
    teams = teams_of(plan, {SectorId(one): float(weight) for one, weight in asked.items()})
    assert [len(team.sectors) for team in teams] == [3, 4, 4, 4]
    assert [team.people for team in teams] == [14, 10, 11, 10]
    assert {sector.partition("-")[0] for sector in teams[3].sectors} == {
        "logement",
        "consommation",
    }
    assert sum(len(team.sectors) for team in teams) == len(plan.domains)


def test_help_of_the_last_level_joins_no_teams() -> None:
    both = agent("101", travail=1, logement=3), agent("102", logement=1)
    assert len(teams_of(small_plan(both), {WORK: 1, HOUSING: 1})) == 2
    both = agent("101", travail=1, logement=2), agent("102", logement=1)
    assert len(teams_of(small_plan(both), {WORK: 1, HOUSING: 1})) == 1


def test_a_sector_of_nobodys_own_is_with_those_who_know_it_best() -> None:
    (team,) = teams_of(small_plan((agent("101", travail=1, logement=3),)), {WORK: 1, HOUSING: 1})
    assert set(team.sectors) == {WORK, HOUSING}


def test_a_sector_that_nobody_knows_is_named() -> None:
    with pytest.raises(ConfigError, match="no informateur knows logement"):
        teams_of(small_plan((agent("101", travail=1),)), {WORK: 1, HOUSING: 1})
    (team,) = teams_of(small_plan((agent("101", travail=1),)), {WORK: 1, HOUSING: 0})
    assert team.sectors == (WORK,)


def test_the_first_know_everything_together_and_then_shares_are_kept() -> None:
    team = Team((WORK, HOUSING), (((WORK, 1),), ((HOUSING, 1),)), 2)
    ranks = Ranks(team, {WORK: 0.8, HOUSING: 0.2})
    first = [ranks.skills(rank)[0][0] for rank in range(20)]
    assert ranks.least == 2
    assert set(first[:2]) == {WORK, HOUSING}
    assert Counter(first) == {WORK: 16, HOUSING: 4}


def test_as_many_work_as_are_needed_in_each_half_hour() -> None:
    team = Team((WORK,), (((WORK, 1),),), 1)
    clocks = ("09:00", "09:30", "10:00", "10:30", "11:00")
    many = (1, 3, 1, 3, 0)
    needs = {((0, 18 + place), 0): one for place, one in enumerate(many)}
    shifts = Shifts(small_plan(), [Ranks(team, {WORK: 1.0})], needs)
    day = Day(MONDAY, ((32_400.0, 41_400.0),), half_hours(*clocks), 0.0)
    stints = shifts(1, day, workload(), shifts.plan)
    for half, one in zip(day.half_hours, many, strict=True):
        there = [s for s in stints if s.begins_at <= half.begins_at < s.ends_at]
        assert len(there) == len({s.agent for s in there}) == one
    assert {s.agent for s in stints} <= set(shifts.plan.agents)
    # An informateur who comes twice is two people: the first may still be talking.
    assert len({s.agent for s in stints}) == len(stints) == 5


def test_lunch_when_closed_ends_a_stint() -> None:
    team = Team((WORK,), (((WORK, 1),),), 1)
    needs = {((0, 23), 0): 1, ((0, 28), 0): 1}
    shifts = Shifts(small_plan(), [Ranks(team, {WORK: 1.0})], needs)
    day = Day(MONDAY, (), half_hours("11:30", "14:00"), 0.0)
    assert [(s.begins_at, s.ends_at) for s in shifts(1, day, workload(), shifts.plan)] == [
        (41_400, 43_200),
        (50_400, 52_200),
    ]
