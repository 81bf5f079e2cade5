"""The one queue, ordered by promise.

Everything that waits for an informateur is an item with the instant at which it is due. The item
due first is served first (earliest deadline first), equal instants in order of arrival.

The items of a sector stand in one sorted list for each level of skill: level 1 sees all of them,
level L those that have waited long enough for the choice to widen that far. Finding the first costs
O(skills); adding and removing cost O(log n) comparisons.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from router.core.ids import CallId, SectorId, TicketId


@dataclass(slots=True, eq=False)
class WorkItem:
    """A promise to a caller, or to somebody who asked for a callback. Times: UTC epoch seconds."""

    #: The caller's channel, or that of the callback's next attempt.
    call: CallId
    sector: SectorId
    #: When the wait began.
    joined_at: float
    #: The rank in the queue: the earliest is served first.
    due_at: float
    #: Order of arrival, which breaks ties.
    sequence: int
    #: Levels of skill that may serve it now: 1..widened.
    widened: int = 1
    #: The callback that was promised; None: a caller is on the line.
    ticket: TicketId | None = None


_Entry = tuple[float, int, WorkItem]


class WorkQueue:
    """The waiting items of every sector. It is the caller's duty to widen them as time passes."""

    def __init__(self, sectors: Iterator[SectorId] | list[SectorId], levels: int) -> None:
        self._open: dict[SectorId, list[list[_Entry]]] = {
            sector: [[] for _ in range(levels)] for sector in sectors
        }
        #: How many callers wait on the line, and how many callbacks.
        self.callers = 0
        self.tickets = 0

    def __len__(self) -> int:
        return self.callers + self.tickets

    def waiting(self, sector: SectorId) -> int:
        """Return how many items wait for `sector`."""
        return len(self._open[sector][0])

    def weigh(self, weights: Mapping[SectorId, float]) -> float:
        """Return how many items wait, each counted with the weight of its sector."""
        waiting = self._open
        return sum([weight * len(waiting[sector][0]) for sector, weight in weights.items()])

    def items(self) -> Iterator[WorkItem]:
        """Yield every waiting item, by sector, then by due time."""
        for levels in self._open.values():
            for entry in levels[0]:
                yield entry[2]

    def add(self, item: WorkItem) -> None:
        """Add `item`, open to levels 1..item.widened."""
        entry = (item.due_at, item.sequence, item)
        for level in self._open[item.sector][: item.widened]:
            insort(level, entry)
        self._count(item, 1)

    def remove(self, item: WorkItem) -> None:
        """Take `item` out. It is the caller's duty that it is waiting."""
        key = (item.due_at, item.sequence)
        for level in self._open[item.sector][: item.widened]:
            first = level[0][2] is item  # usually: whoever is due first is served first
            del level[0 if first else bisect_left(level, key)]
        self._count(item, -1)

    def _count(self, item: WorkItem, step: int) -> None:
        if item.ticket is None:
            self.callers += step
        else:
            self.tickets += step

    def widen(self, item: WorkItem) -> None:
        """Open a waiting `item` to the next level of skill."""
        insort(self._open[item.sector][item.widened], (item.due_at, item.sequence, item))
        item.widened += 1

    def rank(self, item: WorkItem) -> int:
        """Return the place of a waiting `item` in its sector, 1 for the first."""
        return bisect_left(self._open[item.sector][0], (item.due_at, item.sequence)) + 1

    def oldest_joined_at(self, sector: SectorId) -> float | None:
        """Return when the oldest item of `sector` joined the queue, or None."""
        return min((entry[2].joined_at for entry in self._open[sector][0]), default=None)

    def open_to(self, skills: Mapping[SectorId, int]) -> int:
        """Return how many waiting items somebody with `skills` (sector -> level) may serve."""
        open_items = 0
        for sector, level in skills.items():
            open_items += len(self._open[sector][level - 1])
        return open_items

    def first_for(self, skills: Mapping[SectorId, int]) -> WorkItem | None:
        """Return the item due first of those that `skills` (sector -> level) may serve, or None."""
        best: _Entry | None = None
        for sector, level in skills.items():
            entries = self._open[sector][level - 1]
            if entries and (best is None or entries[0] < best):
                best = entries[0]
        return best[2] if best else None
