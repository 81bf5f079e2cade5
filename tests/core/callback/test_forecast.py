"""The forecast that decides whether a callback is promised."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.callback.forecast import Arrivals, bound_s
from tests.service_plan import HOUSING, WORK


def test_with_nobody_on_duty_or_everybody_busy_with_callers_the_bound_is_infinite() -> None:
    assert bound_s(0, 0, 300, 0) == math.inf
    assert bound_s(0, 10, 300, 10 / 300) == math.inf


def test_the_worked_numbers_of_the_docstrings() -> None:
    assert bound_s(3, 4, 300, 0.005) == pytest.approx(874.8)
    assert bound_s(3, 4, 300, 0.005) == pytest.approx(480 + 1.645 * 120 * 2)
    arrivals = Arrivals()
    for at in range(0, 900, 100):
        arrivals.joined(HOUSING, float(at))
    assert arrivals.per_s(HOUSING, 900.0, 0.02) == pytest.approx(1 / 60)


def test_one_informateur_and_nothing_ahead() -> None:
    assert bound_s(0, 1, 300, 0) == 300 * (1 + 1.645)


@given(
    ahead=st.integers(0, 500),
    agents=st.integers(1, 100),
    handling_s=st.floats(10, 3600),
    load=st.floats(0, 0.9),
)
def test_more_ahead_or_fewer_informateurs_is_never_sooner(
    ahead: int, agents: int, handling_s: float, load: float
) -> None:
    live_per_s = load * agents / handling_s
    bound = bound_s(ahead, agents, handling_s, live_per_s)
    assert bound_s(ahead + 1, agents, handling_s, live_per_s) > bound
    assert bound_s(ahead, agents + 1, handling_s, live_per_s) < bound
    assert bound_s(ahead, agents, handling_s, live_per_s * 1.01) >= bound


def test_the_rate_of_arrivals_begins_as_assumed() -> None:
    arrivals = Arrivals()
    assert arrivals.per_s(HOUSING, 0.0, 0.02) == 0.02
    for second in range(0, 3600, 10):
        arrivals.joined(HOUSING, float(second))
    assert 0.05 < arrivals.per_s(HOUSING, 3600.0, 0.02) < 0.1  # one in ten seconds, really
    assert arrivals.per_s(WORK, 3600.0, 0.02) == 0.02


def test_old_arrivals_are_forgotten() -> None:
    arrivals = Arrivals()
    for second in range(100):
        arrivals.joined(HOUSING, float(second))
    assert arrivals.per_s(HOUSING, 10_000.0, 0.0) == 0.0
