"""The virtual clock: what happens when, in order of time, then of being decided.

`run` takes from it what is due and lets it happen.
"""

from collections.abc import Callable
from heapq import heappush
from typing import Any

from router.core.events import Event

#: Let something happen to somebody; return what the engine is told of it, if anything.
Act = Callable[[Any], Event | None]


class Agenda:
    """Acts to come, a heap in `coming`. `now` is UTC epoch seconds of the virtual clock."""

    def __init__(self, now: float) -> None:
        self.now = now
        self.coming: list[tuple[float, int, Act, Any]] = []
        self._sequence = 0

    def after(self, seconds: float, act: Act, who: Any) -> None:
        """Let `act(who)` happen so much later."""
        self._sequence += 1
        heappush(self.coming, (self.now + seconds, self._sequence, act, who))

    def at(self, at: float, act: Act, who: Any) -> None:
        """Let `act(who)` happen then; at once if that is past."""
        self._sequence += 1
        heappush(self.coming, (max(at, self.now), self._sequence, act, who))
