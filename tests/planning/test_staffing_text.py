"""What a director reads of the staffing."""

import pytest

from router.planning.staffing_text import as_text, verdict
from router.planning.targets import Score, aims
from router.report.words import NO_BREAK
from tests.planning.test_staffing import BUSIEST, simple
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
