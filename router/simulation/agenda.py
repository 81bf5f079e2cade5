"""The virtual clock: what happens when, in order of time, then of being decided."""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

from router.core.events import Event

#: Let something happen to somebody; return what the engine is told of it, if anything.
Act = Callable[[Any], Event | None]


class Agenda:
    """Acts to come. `now` is UTC epoch seconds of the virtual clock."""

    def __init__(self, now: float) -> None:
        self.now = now
        self._coming: list[tuple[float, int, Act, Any]] = []
        self._sequence = 0

    def after(self, seconds: float, act: Act, who: Any) -> None:
        """Let `act(who)` happen so much later."""
        self._sequence += 1
        heappush(self._coming, (self.now + seconds, self._sequence, act, who))

    def at(self, at: float, act: Act, who: Any) -> None:
        """Let `act(who)` happen then; at once if that is past."""
        self._sequence += 1
        heappush(self._coming, (max(at, self.now), self._sequence, act, who))

    def next_at(self) -> float | None:
        """Return when something happens next, or None."""
        return self._coming[0][0] if self._coming else None

    def happen(self) -> Event | None:
        """Let the next act happen; the caller's duty is that there is one."""
        self.now, _, act, who = heappop(self._coming)
        return act(who)
