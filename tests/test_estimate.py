import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.estimate import ENOUGH, LONGEST_S, WaitEstimate
from tests.service_plan import HOUSING, WORK


def learned(*handling_s: float) -> WaitEstimate:
    estimate = WaitEstimate()
    for one in handling_s:
        estimate.handled(HOUSING, one)
    return estimate


def test_nothing_is_said_before_enough_calls_were_seen() -> None:
    assert learned(*[300.0] * (ENOUGH - 1)).bounds_min(HOUSING, 1, 3) is None
    assert learned(*[300.0] * ENOUGH).bounds_min(HOUSING, 1, 3) is not None


def test_what_one_sector_teaches_is_not_said_of_another() -> None:
    assert learned(*[300.0] * ENOUGH).bounds_min(WORK, 1, 3) is None


def test_nothing_is_said_when_nobody_is_on_duty() -> None:
    assert learned(*[300.0] * ENOUGH).bounds_min(HOUSING, 1, 0) is None


@pytest.mark.parametrize(
    ("rank", "agents", "expected"),
    [
        # 300 s a call: expected 300, 600, 200 and 1500 s.
        (1, 1, (3, 8)),
        (2, 1, (6, 16)),
        (2, 3, (2, 6)),
        (5, 1, (15, 40)),
    ],
)
def test_work_ahead_over_the_rate_at_which_it_is_done(
    rank: int, agents: int, expected: tuple[int, int]
) -> None:
    assert learned(*[300.0] * ENOUGH).bounds_min(HOUSING, rank, agents) == expected


def test_a_wait_beyond_an_hour_is_not_said() -> None:
    estimate = learned(*[300.0] * ENOUGH)

    assert estimate.bounds_min(HOUSING, 7, 1) == (21, 56)
    assert estimate.bounds_min(HOUSING, 8, 1) is None


def test_the_mean_moves_slowly_towards_new_calls() -> None:
    estimate = learned(*[300.0] * ENOUGH, 1300.0)

    assert estimate.bounds_min(HOUSING, 1, 1) == (4, 11)  # 400 s


@given(
    st.lists(st.floats(0, 7200), min_size=ENOUGH, max_size=20),
    st.integers(1, 200),
    st.integers(1, 50),
)
def test_bounds_are_whole_minutes_in_order_and_within_the_hour(
    handling_s: list[float], rank: int, agents: int
) -> None:
    bounds = learned(*handling_s).bounds_min(HOUSING, rank, agents)

    if bounds is not None:
        low, high = bounds
        assert 0 <= low < high <= LONGEST_S // 60 + 1
