"""Deadlines by key, earliest first; equal instants fire in the order in which they were set."""

from collections.abc import Hashable, Iterable, Iterator
from heapq import heapify, heappop, heappush
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Timers(Generic[K]):
    """At most one deadline for each key. Times are UTC epoch seconds.

    Cancelled entries stay in the heap until they surface, or until it holds more than twice as many
    (plus 64) as were live when it was last cleared, so every operation costs O(log n).
    """

    def __init__(self) -> None:
        #: [at, order in which it was set, key]; a cancelled entry has None as its key.
        self._heap: list[list[Any]] = []
        #: The live entry of each key.
        self._live: dict[K, list[Any]] = {}
        self._sequence = 0
        #: The heap is cleared when it holds more entries than this.
        self._most = 64

    def __len__(self) -> int:
        return len(self._live)

    def __iter__(self) -> Iterator[K]:
        """Yield the keys that have a deadline."""
        return iter(self._live)

    def __contains__(self, key: object) -> bool:
        return key in self._live

    def set(self, key: K, at: float) -> None:
        """Set or move the deadline of `key`."""
        heap, live = self._heap, self._live
        if key in live:
            live[key][2] = None
        self._sequence += 1
        entry = live[key] = [at, self._sequence, key]
        heappush(heap, entry)
        if len(heap) > self._most:
            heap[:] = live.values()
            heapify(heap)
            self._most = 2 * len(heap) + 64

    def cancel(self, key: K) -> None:
        """Forget the deadline of `key`, if it has one."""
        entry = self._live.pop(key, None)
        if entry is not None:
            entry[2] = None

    def cancel_all(self, keys: Iterable[K]) -> None:
        """Forget those of `keys` that have a deadline."""
        live = self._live
        for key in keys:
            if key in live:
                live.pop(key)[2] = None

    def at(self, key: K) -> float | None:
        """Return the deadline of `key`, or None."""
        entry = self._live.get(key)
        return None if entry is None else entry[0]

    def next_at(self) -> float | None:
        """Return the earliest deadline, or None."""
        heap = self._heap
        while heap:
            first = heap[0]
            if first[2] is not None:
                at: float = first[0]
                return at
            heappop(heap)
        return None

    def pop_due(self, now: float) -> K | None:
        """Remove and return the earliest key due by `now`, or None."""
        heap = self._heap
        while heap and heap[0][0] <= now:
            key: K | None = heappop(heap)[2]
            if key is not None:
                del self._live[key]
                return key
        return None
