"""Deadlines by key, in time order; equal instants fire in the order they were set."""

from collections.abc import Hashable
from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Timers(Generic[K]):
    """At most one deadline a key. Times are UTC epoch seconds.

    Cancelled entries stay in the heap until they surface or outnumber the living, so
    every operation costs O(log n) and memory stays within twice the living (plus 64).
    """

    def __init__(self) -> None:
        #: (at, order of setting, key), cancelled ones too.
        self._heap: list[tuple[float, int, K]] = []
        #: The entry of each key that counts.
        self._live: dict[K, tuple[float, int, K]] = {}
        self._sequence = 0

    def __len__(self) -> int:
        return len(self._live)

    def set(self, key: K, at: float) -> None:
        """Set or move the deadline of `key`."""
        self._sequence += 1
        entry = self._live[key] = at, self._sequence, key
        heappush(self._heap, entry)
        if len(self._heap) > 2 * len(self._live) + 64:
            self._heap = list(self._live.values())
            heapify(self._heap)

    def cancel(self, key: K) -> None:
        """Forget the deadline of `key`, if it has one."""
        self._live.pop(key, None)

    def at(self, key: K) -> float | None:
        """Return the deadline of `key`, or None."""
        entry = self._live.get(key)
        return None if entry is None else entry[0]

    def next_at(self) -> float | None:
        """Return the earliest deadline, or None."""
        heap, live = self._heap, self._live
        while heap and live.get(heap[0][2]) is not heap[0]:
            heappop(heap)
        return heap[0][0] if heap else None

    def pop_due(self, now: float) -> K | None:
        """Take the earliest key due at `now` or before; None when nothing is due."""
        at = self.next_at()
        if at is None or at > now:
            return None
        key = heappop(self._heap)[2]
        del self._live[key]
        return key
