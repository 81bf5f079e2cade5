"""Days at random, a million events of them: lost, late, repeated and out of order.

    ALLO_INTERLEAVINGS=1000000 ./allo test tests/core/test_million.py

plays so many events. After every event the rules of `check_engine` hold; at the end of every day
nobody is left: no call, no informateur in a call, one fact a call. A day is its seed.
"""

import pytest

from tests.core.days import INTERLEAVINGS, play

#: Days that find, once it is put back, what such days found in the first draft: an announcement
#: that goes on when the talk is over; a supervisor's part begun twice, by its announcement and
#: by its ear told again; a colleague joined twice, as the answer was told again; a prompt that
#: broke off thought of when something else is said.
FOUND = (0, 4, 358, 101, 31)


@pytest.mark.parametrize("seed", FOUND)
def test_days_that_found_a_defect_once(seed: int) -> None:
    play(seed)


def test_days_at_random() -> None:
    events = seed = 0
    while events < INTERLEAVINGS:
        events += play(seed)
        seed += 1
