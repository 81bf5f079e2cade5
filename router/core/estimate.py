"""How long a caller will wait, said only when it is known.

Expected wait of the caller at `rank` with `agents` on duty, each taking `handling_s` a
call: rank * handling_s / agents (the classic estimate: work ahead over the rate at which
it is done). The spoken interval runs from 0.6 to 1.6 times that.
"""

from collections import defaultdict

from router.core.ids import SectorId

#: Calls seen before an estimate is trusted.
ENOUGH = 5
#: Weight of the newest call in the moving mean.
_NEWEST = 0.1
_LOW, _HIGH = 0.6, 1.6
#: Longer estimates are not honest.
LONGEST_S = 3600


class WaitEstimate:
    """Moving mean of handling time (talk and wrap-up) a sector."""

    def __init__(self) -> None:
        self._mean_s: dict[SectorId, float] = {}
        self._seen: defaultdict[SectorId, int] = defaultdict(int)

    def handled(self, sector: SectorId, handling_s: float) -> None:
        """Learn from a finished call."""
        mean_s = self._mean_s.get(sector, handling_s)
        self._mean_s[sector] = mean_s + _NEWEST * (handling_s - mean_s)
        self._seen[sector] += 1

    def mean_s(self, sector: SectorId) -> float | None:
        """Return the mean handling time in seconds, None when too little was seen."""
        return self._mean_s[sector] if self._seen[sector] >= ENOUGH else None

    def bounds_min(self, sector: SectorId, rank: int, agents: int) -> tuple[int, int] | None:
        """Return the spoken bounds in whole minutes, low < high, or None when unsure."""
        if not agents or self._seen[sector] < ENOUGH:
            return None
        expected_s = rank * self._mean_s[sector] / agents
        if expected_s * _HIGH > LONGEST_S:
            return None
        low = int(expected_s * _LOW // 60)
        return low, max(low + 1, -int(-expected_s * _HIGH // 60))
