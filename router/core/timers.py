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
        self._heap: list[tuple[float, int, K]] = []
        self._live: dict[K, tuple[float, int]] = {}
        self._sequence = 0

    def __len__(self) -> int:
        return len(self._live)

    def set(self, key: K, at: float) -> None:
        """Set or move the deadline of `key`."""
        self._sequence += 1
        self._live[key] = at, self._sequence
        heappush(self._heap, (at, self._sequence, key))
        if len(self._heap) > 2 * len(self._live) + 64:
            self._heap = [entry for entry in self._heap if self._live.get(entry[2]) == entry[:2]]
            heapify(self._heap)

    def cancel(self, key: K) -> None:
        """Forget the deadline of `key`, if it has one."""
        self._live.pop(key, None)

    def at(self, key: K) -> float | None:
        """Return the deadline of `key`, or None."""
        live = self._live.get(key)
        return None if live is None else live[0]

    def next_at(self) -> float | None:
        """Return the earliest deadline, or None."""
        heap = self._heap
        while heap and self._live.get(heap[0][2]) != heap[0][:2]:
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
