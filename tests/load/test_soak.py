"""A slope is found, and what is noise is told from it."""

import os
import random
from dataclasses import replace

import pytest

from tests.load.soak import Look, Soaked, look, report, slope


def test_a_straight_line_has_its_slope_and_no_doubt() -> None:
    found = slope([(float(at), 100 + 2 * at / 3600) for at in range(0, 3600, 60)])
    assert found.per_hour == pytest.approx(2)
    assert found.give_or_take == pytest.approx(0, abs=1e-6)
    assert not found.may_be_flat


def test_the_interval_holds_the_truth_in_95_cases_of_100() -> None:
    draw = random.Random(7)
    held = 0
    for _ in range(2000):
        points = [(float(at), 50 + 3 * at / 3600 + draw.gauss(0, 1)) for at in range(0, 600, 60)]
        found = slope(points)
        held += abs(found.per_hour - 3) <= found.give_or_take
    assert 0.93 < held / 2000 < 0.97


@pytest.mark.parametrize(("leak_mb_h", "missed"), [(0.0, False), (60.0, True)])
def test_a_leak_misses_its_bar(leak_mb_h: float, missed: bool) -> None:
    draw = random.Random(1)
    looks = [
        Look(at, 90 + leak_mb_h * at / 3600 + draw.gauss(0, 0.05), 40, 3)
        for at in map(float, range(0, 1800, 20))
    ]
    told = report(Soaked(30, 9000, 0, {"router": looks}, 0.1))
    assert any(not one.holds for one in told.figures) == missed
    assert ("may be flat" in " ".join(told.notes)) != missed


def test_a_descriptor_that_stays_open_is_seen() -> None:
    before = look(os.getpid(), 0)
    with open(os.devnull):
        during = look(os.getpid(), 1)
    assert before.resident_mb > 1
    assert during.descriptors == before.descriptors + 1
    for last, held in ((before, True), (during, False)):
        looks = [replace(one, at_s=at) for at, one in enumerate([before] * 4 + [last])]
        told = report(Soaked(1, 1, 0, {"x": looks}, 0))
        assert [one.holds for one in told.figures if "descriptors" in one.what] == [held]
