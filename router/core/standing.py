"""What a waiting caller is told: the place in the queue, and how long it takes, if that is known.

What is known of informateurs and queue, put before the estimate (estimate.py).
"""

from dataclasses import dataclass

from router.core.callback.forecast import Arrivals
from router.core.estimate import Level, WaitEstimate
from router.core.ids import PromptId, SectorId
from router.core.speech import rank, wait_between
from router.core.switchboard import Switchboard
from router.core.work import WorkItem


@dataclass(frozen=True, slots=True)
class SectorSnapshot:
    """Where a sector stands: who waits, who works, and the wait in minutes when it is known."""

    sector: SectorId
    waiting: int
    on_duty: int
    ready: int
    oldest_wait_s: float | None
    wait_min: tuple[int, int] | None
    #: So many wait, in all sectors, that whoever asks for this one is refused.
    is_full: bool = False

    @property
    def is_answered(self) -> bool:
        """Whether a caller who asks for this sector now is answered, at once or after a wait."""
        return self.on_duty > 0 and not self.is_full


class Standing:
    """Where callers stand at the time of the last event."""

    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self.estimate = WaitEstimate()
        self.arrivals = Arrivals()

    def somebody_free(self, sector: SectorId) -> bool:
        """Return whether more informateurs of `sector` are idle, at any level, than wait for it.

        Whoever comes next is then served at once, however many wait elsewhere.
        """
        return self._board.roster.ready(sector) > self._board.queue.waiting(sector)

    def is_full(self, sector: SectorId) -> bool:
        """Return whether so many wait that whoever asks for `sector` is refused."""
        full = self._board.queue.callers >= self._board.plan.targets.queue_max
        return full and not self.somebody_free(sector)

    def of_sector(self, sector: SectorId) -> SectorSnapshot:
        """Return where the sector stands."""
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

    def said(self, item: WorkItem, place: int) -> tuple[PromptId, ...]:
        """Return where the caller of `item` stands, and how long it takes if that is known."""
        waited_s = self._board.now - item.joined_at
        bounds = self.wait_min(item.sector, place, waited_s)
        return rank(place) + (wait_between(*bounds) if bounds else ())

    def wait_min(self, sector: SectorId, place: int, waited_s: float) -> tuple[int, int] | None:
        """Return how long whoever stands at `place` and has waited for `waited_s` waits on.

        In whole minutes, low < high; None when that is not known well enough to be said.
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
