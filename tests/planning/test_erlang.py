"""Erlang B, C and A against published values, the balance of flows, and each other."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.planning.erlang import Queue, erlang_b, erlang_c
from tests.planning.births import shares

#: The usual tables of Erlang B: (lines, erlangs that lose 1 % and 5 % of the calls).
LOST = ((1, 0.0101, 0.0526), (5, 1.361, 2.219), (10, 4.461, 6.216), (20, 12.03, 15.25))
LOST_OF_MANY = ((50, 37.90, 44.53), (100, 84.06, 95.24))


@pytest.mark.parametrize(("lines", "one", "five"), [*LOST, *LOST_OF_MANY])
def test_erlang_b_is_that_of_the_tables(lines: int, one: float, five: float) -> None:
    assert erlang_b(lines, one) == pytest.approx(0.01, rel=5e-3)
    assert erlang_b(lines, five) == pytest.approx(0.05, rel=5e-3)


def test_erlang_c_is_that_of_the_textbook_of_call_centres() -> None:
    """The usual textbook example: 200 calls an hour of 180 s, 14 agents, a target of 20 s."""
    queue = Queue(14, 200 / 3600, 180)

    assert queue.waits == pytest.approx(0.174, abs=5e-4)
    assert queue.mean_wait_s == pytest.approx(7.8, abs=0.05)
    assert queue.served_within(20) == pytest.approx(0.888, abs=5e-4)


def test_erlang_a_is_that_of_its_authors() -> None:
    """Garnett, Mandelbaum and Reiman (2002), table 1: 48 calls a minute of 1 min, 50 agents;
    infinite patience, or 2 min on average.
    """
    patient, impatient = Queue(50, 0.8, 60), Queue(50, 0.8, 60, 120)

    assert patient.mean_wait_s == pytest.approx(20.8, abs=0.05)
    assert impatient.abandons == pytest.approx(0.031, abs=5e-4)
    assert impatient.mean_wait_s == pytest.approx(3.7, abs=0.05)


def test_one_agent_is_the_textbook_queue() -> None:
    queue = Queue(1, 0.08, 10)

    assert queue.waits == pytest.approx(0.8)
    assert queue.mean_wait_s == pytest.approx(0.8 * 10 / 0.2)


@pytest.mark.parametrize(
    "queue",
    [
        Queue(1, 10.0, 10, 1000),  # a hundred times too much work: the sum would overflow a float
        Queue(3, 0.001, 300, 1e6),  # hardly any work, almost infinite patience
        Queue(10, 0.04, 300, 500),
        Queue(10, 0.1, 300, 500),
        Queue(100, 1.0, 99, 3000),
        Queue(200, 1.1, 180, 60),
    ],
)
def test_erlang_a_is_the_stationary_state_of_births_and_deaths(queue: Queue) -> None:
    busy = shares(queue)[queue.agents :]
    waiting = sum(number * share for number, share in enumerate(busy))

    assert queue.waits == pytest.approx(sum(busy), rel=1e-9)
    assert queue.abandons == pytest.approx(waiting / queue.patience_s / queue.per_s, rel=1e-7)
    assert queue.mean_wait_s == pytest.approx(waiting / queue.per_s, rel=1e-7)


queues = st.builds(
    Queue,
    agents=st.integers(1, 300),
    per_s=st.floats(1e-4, 10),
    talk_s=st.floats(1, 1000),
    patience_s=st.floats(1, 1e4),
)


@given(queues)
def test_what_is_served_and_what_is_given_up_is_all(queue: Queue) -> None:
    assert 0 <= queue.abandons <= queue.waits <= 1
    assert queue.served_within(0) == pytest.approx(1 - queue.waits, abs=1e-9)
    assert queue.served_within(1e9) == pytest.approx(1 - queue.abandons, abs=1e-9)


@given(queues, st.floats(0.1, 500))
def test_more_agents_serve_more_and_sooner(queue: Queue, wait_s: float) -> None:
    more = Queue(queue.agents + 1, queue.per_s, queue.talk_s, queue.patience_s)

    assert more.waits <= queue.waits
    assert more.abandons <= queue.abandons + 1e-12
    assert more.served_within(wait_s) >= queue.served_within(wait_s) - 1e-9


@given(st.integers(1, 200), st.floats(0.05, 0.97), st.floats(0, 300))
def test_patience_without_end_is_erlang_c(agents: int, use: float, wait_s: float) -> None:
    per_s = use * agents / 100
    endless, long = Queue(agents, per_s, 100), Queue(agents, per_s, 100, 1e8)

    assert long.waits == pytest.approx(endless.waits, abs=1e-3)
    assert long.served_within(wait_s) == pytest.approx(endless.served_within(wait_s), abs=1e-3)
    assert endless.waits == erlang_c(agents, per_s * 100)


def test_the_limits() -> None:
    assert Queue(10, 0.0, 300, 500).waits == 0
    assert Queue(10, 0.0, 300, 500).abandons == 0
    assert Queue(10, 0.0, 300, 500).served_within(10) == 1
    assert Queue(0, 0.1, 300, 500).abandons == 1
    assert Queue(0, 0.1, 300, 500).mean_wait_s == 500
    assert Queue(0, 0.1, 300).served_within(60) == 0
    assert Queue(2, 0.1, 20).mean_wait_s == math.inf
    assert Queue(2, 0.1, 20).waits == 1
    assert erlang_b(500, 1e-6) == 0  # no underflow into nonsense


@pytest.mark.parametrize(
    "numbers", [(-1, 1, 1, 1), (1, -1, 1, 1), (1, 1, 0, 1), (1, 1, 1, 0), (1, 1, 1, -5)]
)
def test_what_is_no_queue_is_refused(numbers: tuple[int, float, float, float]) -> None:
    with pytest.raises(ValueError, match="no such queue"):
        Queue(*numbers)
    with pytest.raises(ValueError, match="must not be negative"):
        erlang_b(-1, 1.0)
