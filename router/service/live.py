"""The engine on the real clock: one queue in, one consumer, commands out.

Events are handled in the order they were submitted, one at a time, on the event loop's
thread; a deadline of the engine is a timer of the loop.
"""

import asyncio
import gc
from collections import deque
from collections.abc import Callable

import structlog

from router.clock import Clock
from router.core.commands import FOR_SERVICE, ForAsterisk, ForService
from router.core.engine import Engine
from router.core.events import Event, TimePassed


def spare_the_collector() -> None:
    """Have the garbage collector walk little and seldom. Call it once all is loaded.

    What is loaded now stays; calls and tickets are freed by their counts, and cycles are
    rare. With the usual thresholds the collector took a tenth of the engine's time, and its
    full passes were the longest events by far (measured with 10,000 callers waiting).
    """
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


class Live:
    """Feeds the engine. `perform` has Asterisk carry commands out, `tell` takes the others with
    the time; neither may block."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        perform: Callable[[list[ForAsterisk]], None],
        tell: Callable[[ForService, float], None],
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._perform = perform
        self._tell = tell
        self._events: deque[Event] = deque()
        self._draining = False
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at: float | None = None
        self._log = structlog.get_logger()
        #: Events handled, and those whose handling raised (a defect: the count must stay 0).
        self.handled = 0
        self.defects = 0

    def submit(self, event: Event) -> None:
        """Queue an event; it is handled before this returns, unless another one is just now.

        Call it on the event loop's thread. Nothing here waits: `perform` only queues.
        """
        self._events.append(event)
        if not self._draining:
            self._draining = True
            try:
                self._drain()
            finally:
                self._draining = False

    def close(self) -> None:
        """Stop the timer; events still queued are dropped."""
        self._events.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _drain(self) -> None:
        while self._events:
            event = self._events.popleft()
            try:
                commands = self._engine.handle(event, self._clock.now())
            except Exception as error:  # one call's defect must not silence all the others
                self.defects += 1
                self._log.error("defect", type=type(event).__name__, error=type(error).__name__)
                continue
            self.handled += 1
            for_asterisk: list[ForAsterisk] = []
            for command in commands:
                if isinstance(command, FOR_SERVICE):
                    self._tell(command, self._clock.now())
                else:
                    for_asterisk.append(command)
            self._perform(for_asterisk)
        self._arm()

    def _arm(self) -> None:
        at = self._engine.next_deadline()
        if at == self._timer_at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = at
        self._timer = None
        if at is not None:
            delay_s = max(0.0, at - self._clock.now())
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._due)

    def _due(self) -> None:
        self._timer = None
        self._timer_at = None
        self.submit(TimePassed())
