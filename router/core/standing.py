"""What a waiting caller is told: the place in the queue and, if it is known, the wait.

The present state of queue and informateurs is what the estimate is made from (estimate.py).
"""

from dataclasses import dataclass

from router.core.call.life import WAITS
from router.core.callback.forecast import Arrivals
from router.core.estimate import Level, WaitEstimate
from router.core.ids import PromptId, SectorId
from router.core.speech import rank, wait_between
from router.core.switchboard import Switchboard
from router.core.work import WorkItem


@dataclass(frozen=True, slots=True)
class SectorSnapshot:
    """The state of a sector at one time."""

    sector: SectorId
    #: How many wait, callers and callbacks.
    waiting: int
    #: How many informateurs are not logged out, and how many of them are ready for a call.
    on_duty: int
    ready: int
    #: How long the oldest has waited; None: nobody waits.
    oldest_wait_s: float | None
    #: Between how many minutes a new caller would wait; None: that is not known.
    wait_min: tuple[int, int] | None
    #: Whether a new caller would be refused because the queue is full.
    is_full: bool = False

    @property
    def is_answered(self) -> bool:
        """Whether a caller who chooses this sector now will be answered, if not at once."""
        return self.on_duty > 0 and not self.is_full


class Standing:
    """The state of the queue at the time of the last event, and what calls have taught."""

    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self.estimate = WaitEstimate()
        self.arrivals = Arrivals()

    def somebody_free(self, sector: SectorId) -> bool:
        """Return whether more informateurs of `sector` are idle, at any level, than items wait.

        The next caller is then answered at once, however many wait in other sectors.
        """
        return self._board.roster.ready(sector) > self._board.queue.waiting(sector)

    def is_full(self, sector: SectorId) -> bool:
        """Return whether a new caller for `sector` would be refused because the queue is full."""
        full = self._board.queue.callers >= self._board.plan.targets.queue_max
        return full and not self.somebody_free(sector)

    def of_sector(self, sector: SectorId) -> SectorSnapshot:
        """Return the state of the sector."""
        roster, queue = self._board.roster, self._board.queue
        waiting, oldest = queue.waiting(sector), queue.oldest_joined_at(sector)
        return SectorSnapshot(
            sector,
            waiting,
            roster.on_duty(sector),
            roster.ready(sector),
            None if oldest is None else self._board.now - oldest,
            self.wait_min(sector, waiting + 1, 0.0),
            self.is_full(sector),
        )

    def waiting(self) -> dict[SectorId, list[float]]:
        """Return since when each caller has waited, UTC epoch seconds, by sector.

        Everybody who has asked for an informateur and talks to none yet: those too for whom a
        phone is ringing. Callbacks that wait are not on the line.
        """
        since: dict[SectorId, list[float]] = {sector: [] for sector in self._board.plan.sectors}
        for call in self._board.calls.values():
            if call.state in WAITS and call.item is not None:
                since[call.item.sector].append(call.item.joined_at)
        return since

    def said(self, item: WorkItem, place: int) -> tuple[PromptId, ...]:
        """Return the prompts for a caller's `place` and, if it is known, the wait."""
        waited_s = self._board.now - item.joined_at
        bounds = self.wait_min(item.sector, place, waited_s)
        return rank(place) + (wait_between(*bounds) if bounds else ())

    def wait_min(self, sector: SectorId, place: int, waited_s: float) -> tuple[int, int] | None:
        """Return how long a caller at `place`, who has waited for `waited_s`, has yet to wait.

        In whole minutes, low < high; None if it is not known well enough to be announced.
        """
        roster, queue = self._board.roster, self._board.queue
        widening_s = self._board.plan.targets.widening_s
        if waited_s >= widening_s[-1]:
            levels = [Level(0.0, roster.ready(sector), roster.on_duty(sector))]
        else:
            levels = [
                Level(
                    max(0.0, after_s - waited_s),
                    roster.ready_at(sector, level),
                    roster.on_duty_at(sector, level),
                )
                for level, after_s in enumerate(widening_s, 1)
            ]
        shares = roster.shares(sector)
        others = queue.weigh(shares) - shares.get(sector, 0.0) * queue.waiting(sector)
        return self.estimate.bounds_min(sector, place, others, levels)
