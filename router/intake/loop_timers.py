"""Timers of the event loop that one owner sets and ends together."""

import asyncio
from collections.abc import Callable


class LoopTimers:
    """The timers of one owner, who calls `close` at its end."""

    def __init__(self) -> None:
        self._running: set[asyncio.TimerHandle] = set()
        self._closed = False

    def later(self, delay_s: float, then: Callable[[], object]) -> None:
        """Call `then` in `delay_s` seconds, unless `close` comes first."""
        if self._closed:
            return

        def due() -> None:
            self._running.discard(timer)
            then()

        timer = asyncio.get_running_loop().call_later(delay_s, due)
        self._running.add(timer)

    def close(self) -> None:
        """Cancel every timer; none is set any more."""
        self._closed = True
        for timer in self._running:
            timer.cancel()
        self._running.clear()
