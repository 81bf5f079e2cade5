"""Random days with callbacks: asked for, cancelled, dialled, picked up, called in instead.

    ALLO_INTERLEAVINGS=1000000 ./allo test tests/core/callback/test_callback_days.py

As in test_million, and besides: what the engine says of each ticket is kept as the store would
keep it, and now and then the router is killed and starts again with that. Every ticket accepted
has one end, no attempt is dialled twice or beside another, and nobody whose ticket has ended.
"""

import pytest

from tests.core.callback.callback_days import CallbackDay, MortalDay
from tests.core.callback.full_disk_days import FullDiskDay
from tests.core.days import INTERLEAVINGS, Day, play


@pytest.mark.parametrize("kind", [CallbackDay, MortalDay, FullDiskDay])
def test_days_with_callbacks_at_random(kind: type[Day]) -> None:
    events = seed = 0
    while events < INTERLEAVINGS:
        events += play(seed, kind)
        seed += 1
