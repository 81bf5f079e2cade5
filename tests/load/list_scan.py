"""The plain way to keep a queue: one list, walked from end to end for every decision.

Asterisk's app_queue keeps its callers so (apps/app_queue.c: `insert_entry`, `leave_queue` and
`is_our_turn` walk a linked list). Here the list is Python's, and the rules are ours.
"""

from collections.abc import Mapping

from router.core.ids import SectorId
from router.core.work import WorkItem


class ListScan:
    """Waiting items; answers as `WorkQueue` does."""

    def __init__(self) -> None:
        self._items: list[WorkItem] = []

    def add(self, item: WorkItem) -> None:
        self._items.append(item)

    def remove(self, item: WorkItem) -> None:
        self._items.remove(item)

    def rank(self, item: WorkItem) -> int:
        """Return the place of `item` in its sector, 1 for the first."""
        return sum(
            _order(other) <= _order(item) for other in self._items if other.sector == item.sector
        )

    def first_for(self, skills: Mapping[SectorId, int]) -> WorkItem | None:
        """Return the item due first among those that `skills` (sector -> level) may serve."""
        open_ = (
            item
            for item in self._items
            if item.sector in skills and skills[item.sector] <= item.widened
        )
        return min(open_, key=_order, default=None)


def _order(item: WorkItem) -> tuple[float, int]:
    return item.due_at, item.sequence
