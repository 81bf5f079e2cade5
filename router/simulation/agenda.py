"""The virtual clock: what happens when, in order of time; of equal times, in order of planning.

`run` takes from it whatever is due.
"""

from collections.abc import Callable
from heapq import heappush
from typing import Any

from router.core.events import Event

#: Does something to or for somebody; returns the event that the engine hears of it, if any.
Act = Callable[[Any], Event | None]


class Agenda:
    """The acts to come.

    Attributes:
        now: The time by the virtual clock, in UTC epoch seconds.
        coming: A heap of (when, order of planning, act, whom it concerns).
    """

    def __init__(self, now: float) -> None:
        self.now = now
        self.coming: list[tuple[float, int, Act, Any]] = []
        self._sequence = 0

    def after(self, seconds: float, act: Act, who: Any) -> None:
        """Plan `act(who)` for `seconds` from now."""
        self._sequence += 1
        heappush(self.coming, (self.now + seconds, self._sequence, act, who))

    def at(self, at: float, act: Act, who: Any) -> None:
        """Plan `act(who)` for `at`, in UTC epoch seconds; at once if that is past."""
        self._sequence += 1
        heappush(self.coming, (max(at, self.now), self._sequence, act, who))
