"""Turns: so many at once, so many who wait for theirs, and nobody else.

What the router is asked over HTTP takes its time from the calls. So however many ask, few are
answered at once, and who would wait for too long is told at once.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from router.web.refusals import busy

#: Nobody waits for longer, in seconds: the router hangs, or is away.
_LONGEST_S = 5.0


class Turns:
    """`at_once` at a time, in the order in which they came; `waiting` more may wait."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._turns = asyncio.Semaphore(at_once)
        self._most_waiting = waiting
        self._waiting = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for one's turn, and have it inside.

        Raises:
            Refused: 503 if too many wait, or one's turn does not come.
        """
        if self._waiting >= self._most_waiting:
            raise busy()
        self._waiting += 1
        try:
            async with asyncio.timeout(_LONGEST_S):
                await self._turns.acquire()
        except TimeoutError:
            raise busy() from None
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._turns.release()
