"""By when would a callback promised now be kept, with 95 % confidence?

The bound is simple and on the safe side: everything already promised that the same informateurs
could serve comes first, and so do live callers who arrive in the meantime.

    mean = (ahead + 1) h / (c (1 - rho)),   rho = live arrivals per second * h / c
    bound = mean + 1.645 h sqrt(ahead + 1) / (c (1 - rho))

Here h is the handling time and c the number of informateurs on duty. Handling times are taken to be
as variable as exponential ones, and the sum of n of them as nearly normal.

With 3 promises ahead, 4 informateurs, 300 s a call and a live caller every 200 s, rho is 0.375; a
promise is kept every 120 s; the mean is 480 s and the bound 874.8 s.
"""

import math
from collections import deque

from router.core.ids import SectorId

#: The 95th percentile of the normal distribution.
_Z95 = 1.645
#: At this occupancy live callers alone keep everybody busy.
_BUSIEST = 0.95


def bound_s(ahead: float, agents: float, handling_s: float, live_per_s: float) -> float:
    """Return within how many seconds the next callback is dialled, with 95 % confidence.

    `ahead` promises come first; infinite if nobody would ever be free. With `ahead` 3, `agents` 4,
    `handling_s` 300 and `live_per_s` 0.005: 874.8.
    """
    if agents <= 0:
        return math.inf
    rho = live_per_s * handling_s / agents
    if rho >= _BUSIEST:
        return math.inf
    pace_s = handling_s / (agents * (1 - rho))
    return pace_s * (ahead + 1 + _Z95 * math.sqrt(ahead + 1))


class Arrivals:
    """The rate at which live callers have lately joined the queue of each sector."""

    #: How long an arrival is remembered, in seconds.
    WINDOW_S = 1800.0
    #: The assumed rate counts as much as this many seconds of observation.
    PRIOR_S = 1800.0

    def __init__(self) -> None:
        self._times: dict[SectorId, deque[float]] = {}

    def joined(self, sector: SectorId, now: float) -> None:
        """Note that a caller has joined the queue of `sector`."""
        times = self._times.setdefault(sector, deque())
        times.append(now)
        self._forget(times, now)

    def per_s(self, sector: SectorId, now: float, assumed: float) -> float:
        """Return the rate per second; `assumed` counts as much as `PRIOR_S` of observation.

        9 callers in 900 s, with 0.02 assumed, make (9 + 36) / (900 + 1800), one in 60 s.
        """
        times = self._times.get(sector)
        if times is None:
            return assumed
        self._forget(times, now)
        seen_s = min(self.WINDOW_S, now - times[0]) if times else self.WINDOW_S
        return (len(times) + assumed * self.PRIOR_S) / (seen_s + self.PRIOR_S)

    def _forget(self, times: deque[float], now: float) -> None:
        while times and times[0] < now - self.WINDOW_S:
            times.popleft()
