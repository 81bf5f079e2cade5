"""How well a number of informateurs serves by formula: against Erlang A, and its direction."""

import pytest

from router.planning.erlang import Queue
from router.planning.formula import Limits, goes_well
from router.planning.typical_week import Work

LIMITS = Limits(live_target_s=20, promise_s=600, patience_s=300)


def test_without_callbacks_it_is_erlang_a() -> None:
    work = Work(0.04, 0.0, 100, 120)
    queue = Queue(5, 0.04, 100, 300)
    assert goes_well("live", work, 5, LIMITS) == pytest.approx(queue.served_within(20))
    assert goes_well("abandon", work, 5, LIMITS) == pytest.approx(1 - queue.abandons)


@pytest.mark.parametrize(
    ("target", "callbacks_per_s"),
    # With callbacks, fewer people may serve live callers better: they can promise no callbacks.
    [("live", 0.0), ("abandon", 0.0), ("accepted", 0.02), ("promise", 0.02)],
)
def test_more_people_do_better_and_more_work_worse(target: str, callbacks_per_s: float) -> None:
    work = Work(0.03, callbacks_per_s, 100, 120)
    by_people = [goes_well(target, work, agents, LIMITS) for agents in range(20)]
    assert by_people == sorted(by_people)
    assert by_people[0] == 0 < by_people[3] < by_people[-1] == pytest.approx(1, abs=1e-3)
    by_work = [goes_well(target, work.heavier(one / 4), 7, LIMITS) for one in range(1, 12)]
    assert by_work == sorted(by_work, reverse=True)
    assert goes_well(target, Work(0, 0, 100, 100), 1, LIMITS) == 1


def test_callbacks_are_in_the_way_of_live_callers() -> None:
    alone, beside = (goes_well("live", Work(0.03, c, 100, 120), 7, LIMITS) for c in (0, 0.02))
    assert beside < alone
