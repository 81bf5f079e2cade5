"""What a director reads, and what programs read."""

import json

import pytest

from router.planning.staffing import hours
from router.planning.staffing_text import FORM, Paid, as_json, as_text, verdict
from router.planning.targets import Score, aims
from router.report.words import NO_BREAK
from tests.planning.test_staffing import BUSIEST, simple, staffing
from tests.service_plan import WORK


def test_the_text_has_every_half_hour_and_verdict() -> None:
    of, answer = simple()
    text = as_text(answer, of)
    for clock in ("09:00", "09:30", "10:00"):
        (row,) = (line for line in text.splitlines() if line.startswith(f"{clock} |"))
    assert row.count("|") == 2  # Monday and Tuesday
    assert f" {answer.needs[BUSIEST, 0]} " in text
    assert f"au moins 80{NO_BREAK}% (live)" in text
    assert "atteint" in text
    assert of.plan.sectors[WORK].name in text
    assert all(len(line) <= 110 for line in text.splitlines())


def test_programs_get_the_same_and_more() -> None:
    of, answer = simple()
    told = json.loads(as_json(answer, of))
    assert told["form"] == FORM
    assert told["targets"] == [{"name": "live", "percent": 80.0, "at_most": False}]
    assert told["total"]["hours"] == hours(answer.needs, of.week)
    assert [half["needed"] for half in told["half_hours"]] == [
        [answer.needs[slot, 0]] for slot in of.week.open_s
    ]
    service, team = told["check"]["scores"]
    assert service["team"] is None
    assert service["percent"] == team["percent"] >= 80
    assert service["interval"][0] < service["percent"] < service["interval"][1]


def test_breaks_are_paid_and_some_are_away() -> None:
    rules = {"break_every_s": 6000.0, "break_s": 600.0, "present": 0.8}
    paid = Paid(staffing("live=80", informateurs=rules))
    assert paid.full_time(35 * 0.9 * 0.8) == pytest.approx(1)
    assert paid.people(9) == 13  # 12.5
    nobody = Paid(staffing("live=80", informateurs={"present": 0.0}))
    assert nobody.full_time(35) is None
    assert nobody.people(9) is None


@pytest.mark.parametrize(
    ("score", "told"),
    [
        (Score(90, 100, 0.85, 0.95), "atteint"),
        (Score(82, 100, 0.75, 0.89), "atteint, sans certitude"),
        (Score(78, 100, 0.71, 0.85), "manqué de peu"),
        (Score(60, 100, 0.52, 0.68), "manqué"),
        (Score(), "sans objet"),
    ],
)
def test_a_verdict_says_how_sure_it_is(score: Score, told: str) -> None:
    (aim,) = aims(["live=80"])
    assert verdict(aim, score) == told
