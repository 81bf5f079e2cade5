"""The machine's clock against the service's: when it is set, opening hours and told times follow.

Deadlines go by the service's clock, which never jumps (`router/clock.py`): a promise of 45 minutes
is kept within 45 minutes, whatever the clock shows meanwhile.
"""

import asyncio
from collections.abc import Callable

from structlog.typing import FilteringBoundLogger

from router.clock import SET_S, Clock

#: How often it is looked at, in seconds.
LOOK_EVERY_S = 1.0


async def watch(
    clock: Clock, ahead_s: float, was_set: Callable[[float], None], log: FilteringBoundLogger
) -> None:
    """Look at it for ever, and tell `was_set` by how much it is ahead whenever that changes.

    It is `ahead_s` ahead now, in seconds.
    """
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        now_s = clock.ahead_s()
        if abs(now_s - ahead_s) >= SET_S:
            log.warning("the machine's clock was set", seconds=round(now_s - ahead_s, 1))
            ahead_s = now_s
            was_set(ahead_s)
