"""A million events on random days: lost, late, repeated and out of order.

    ALLO_INTERLEAVINGS=1000000 ./allo test tests/core/test_million.py

plays so many events. After every event the rules of `check_engine` hold; at the end of every day
nobody is left: no call, no informateur in a call, one fact a call. A day is its seed.
"""

import pytest

from tests.core.days import INTERLEAVINGS, play

#: Days that once found a defect, and find it again if it is put back: an announcement that went on
#: after the conversation; a supervisor's part begun twice, by a repeated announcement or snoop; a
#: colleague joined twice, by a repeated answer; a broken prompt remembered after the next one.
FOUND = (0, 4, 358, 101, 31)


@pytest.mark.parametrize("seed", FOUND)
def test_days_that_once_found_a_defect(seed: int) -> None:
    play(seed)


def test_days_at_random() -> None:
    events = seed = 0
    while events < INTERLEAVINGS:
        events += play(seed)
        seed += 1
