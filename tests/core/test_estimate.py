"""How long callers wait: the formula against a simulation, and when it is announced at all."""

from math import inf
from random import Random
from statistics import NormalDist, quantiles

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.estimate import (
    ENOUGH,
    LONGEST_S,
    Level,
    WaitEstimate,
    quantile_s,
    quantiles_s,
)
from tests.service_plan import HOUSING, WORK

BUSY = (Level(0.0, 0, 4), Level(20.0, 0, 3), Level(40.0, 0, 3))


def learned(*handling_s: float) -> WaitEstimate:
    estimate = WaitEstimate()
    for one in handling_s:
        estimate.handled(HOUSING, one)
    return estimate


def served_after_s(place: int, levels: tuple[Level, ...], handling_s: float, luck: Random) -> float:
    """Serve whoever stands at `place`, informateur by informateur, with exponential times."""
    coming = []
    for level in levels:
        coming += [level.opens_s] * level.ready
        for _ in range(level.on_duty):
            at_s = 0.0
            for _ in range(place):
                at_s += luck.expovariate(1 / handling_s)
                if at_s >= level.opens_s:
                    coming.append(at_s)
    return sorted(coming)[place - 1]


def test_the_worked_numbers_of_the_docstrings() -> None:
    busy = Level(0.0, 0, 4)
    assert quantiles_s(3, [busy], 240.0, 0.0) == pytest.approx((89, 170, 292), abs=0.5)
    assert learned(*[240.0] * ENOUGH).bounds_min(HOUSING, 3, 0.0, [busy]) == (1, 5)
    two_at_first = [Level(0.0, 0, 2), Level(60.0, 1, 2)]
    medians = [
        quantile_s(3, [busy], 240.0, 0.0),
        quantile_s(3, [busy], 240.0, 0.0, 0.001),
        quantile_s(3, two_at_first, 240.0, 0.0),
    ]
    assert medians == pytest.approx([161, 152, 131], abs=0.5)


@pytest.mark.parametrize("place", [1, 2, 5, 20])
@pytest.mark.parametrize(
    "levels",
    [BUSY, (Level(0.0, 0, 10),), (Level(0.0, 0, 2), Level(20.0, 1, 3), Level(40.0, 0, 3))],
    ids=["three levels", "one level", "one ready at the next level"],
)
def test_the_formula_gives_the_quantiles_of_a_simulated_queue(
    place: int, levels: tuple[Level, ...]
) -> None:
    luck = Random(f"{place} {levels}")
    served = quantiles([served_after_s(place, levels, 300.0, luck) for _ in range(4000)], n=100)
    for percent in (15, 50, 85):
        told = quantile_s(place, levels, 300.0, NormalDist().inv_cdf(percent / 100))
        assert told == pytest.approx(served[percent - 1], rel=0.15, abs=4.0)


def test_callers_ahead_who_give_up_make_room() -> None:
    """Of ten ahead one in 100 s gives up; on average five are there, and the 11th gains by it."""
    one = (Level(0.0, 0, 3),)
    alone, left = (quantile_s(11, one, 300.0, 0.0, rate) for rate in (0.0, 0.01))
    assert left == pytest.approx(alone / (1 + 0.05 * 100), rel=0.001)
    assert quantile_s(1, one, 300.0, 0.0, 0.01) == quantile_s(1, one, 300.0, 0.0)


def test_how_soon_callers_give_up_is_learned_from_those_answered_too() -> None:
    estimate = WaitEstimate()
    for _ in range(ENOUGH):
        estimate.waited(100.0, gave_up=True)
        estimate.waited(300.0, gave_up=False)
    assert estimate.gives_up_per_s == pytest.approx(1 / 400)


@pytest.mark.parametrize(("place", "ready"), [(1, 0), (7.5, 0), (7.5, 2), (40, 0)])
def test_three_quantiles_at_once_are_the_same(place: float, ready: int) -> None:
    one = (Level(0.0, ready, 5),)
    apart = [9.0 + quantile_s(place, one, 300.0, normal, 0.002) for normal in (-1.036, 0.0, 1.036)]
    assert quantiles_s(place, one, 300.0, 0.002) == pytest.approx(apart)


def test_with_nobody_on_duty_the_wait_is_infinite() -> None:
    assert quantile_s(1, (Level(0.0, 0, 0), Level(20.0, 0, 0)), 300.0, 0.0) == inf


def test_somebody_ready_at_the_next_level_answers_once_it_opens() -> None:
    levels = (Level(0.0, 0, 0), Level(20.0, 1, 1))
    assert quantile_s(1, levels, 300.0, 1.0) == 20.0
    assert quantile_s(2, levels, 300.0, 1.0) > 20.0


def test_nothing_is_announced_before_enough_calls_were_seen() -> None:
    assert learned(*[300.0] * (ENOUGH - 1)).bounds_min(HOUSING, 5, 0.0, BUSY) is None
    assert learned(*[300.0] * ENOUGH).bounds_min(HOUSING, 5, 0.0, BUSY) is not None


def test_each_sector_learns_from_its_own_calls() -> None:
    assert learned(*[300.0] * ENOUGH).bounds_min(WORK, 5, 0.0, BUSY) is None


def test_bounds_too_wide_to_be_of_use_are_not_announced() -> None:
    """The next caller of a single informateur may wait a second or ten minutes."""
    estimate = learned(*[300.0] * ENOUGH)
    few = (Level(0.0, 0, 1),)
    assert estimate.bounds_min(HOUSING, 1, 0.0, few) is None
    assert estimate.bounds_min(HOUSING, 5, 0.0, few) == (14, 37)


def test_others_who_wait_for_the_same_informateurs_count_for_a_quarter() -> None:
    estimate = learned(*[300.0] * ENOUGH)
    assert estimate.bounds_min(HOUSING, 5, 20.0, BUSY) == estimate.bounds_min(
        HOUSING, 10, 0.0, BUSY
    )


def test_a_wait_beyond_an_hour_is_not_announced() -> None:
    estimate = learned(*[300.0] * ENOUGH)
    one = (Level(0.0, 0, 1),)
    assert estimate.bounds_min(HOUSING, 8, 0.0, one) == (25, 55)
    assert estimate.bounds_min(HOUSING, 9, 0.0, one) is None


def test_the_mean_moves_slowly_towards_new_calls() -> None:
    assert learned(*[300.0] * ENOUGH).mean_s(HOUSING) == 300.0
    assert learned(*[300.0] * ENOUGH, 1300.0).mean_s(HOUSING) == pytest.approx(400.0)


@given(
    st.lists(st.floats(0, 7200), min_size=ENOUGH, max_size=20),
    st.integers(1, 200),
    st.floats(0, 50),
    st.lists(
        st.builds(Level, st.floats(0, 600), st.integers(0, 5), st.integers(0, 20)),
        min_size=1,
        max_size=3,
    ),
)
def test_bounds_are_whole_minutes_in_order_and_within_the_hour(
    handling_s: list[float], place: int, others: float, levels: list[Level]
) -> None:
    by_opening = sorted(levels)
    bounds = learned(*handling_s).bounds_min(HOUSING, place, others, by_opening)
    if bounds is not None:
        low, high = bounds
        assert 0 <= low < high <= LONGEST_S // 60
