"""Whether a callback can be promised: when would it be kept, with 95 % confidence?

A sound, simple bound: everything that is promised already and could be served by the same
informateurs comes first, live callers who will come in the meantime included.

    mean = (ahead + 1) h / (c (1 - rho)),   rho = live arrivals per second * h / c
    bound = mean + 1.645 h sqrt(ahead + 1) / (c (1 - rho))

(h: handling time, c: informateurs on duty; service times as variable as exponential ones; the
sum of n of them is nearly normal.) A calibrated one may take its place behind this function.
"""

import math
from collections import deque

from router.core.ids import SectorId

#: 95th percentile of the normal distribution.
_Z95 = 1.645
#: Busier than this, live callers alone keep everybody busy.
_BUSIEST = 0.95


def bound_s(ahead: float, agents: float, handling_s: float, live_per_s: float) -> float:
    """Return by when, in seconds from now, the next callback is dialled with 95 % confidence.

    `ahead` promises come first; infinite when nobody would ever be free.
    """
    if agents <= 0:
        return math.inf
    rho = live_per_s * handling_s / agents
    if rho >= _BUSIEST:
        return math.inf
    pace_s = handling_s / (agents * (1 - rho))
    return pace_s * (ahead + 1 + _Z95 * math.sqrt(ahead + 1))


class Arrivals:
    """How many live callers a second join the queue of each sector, of late."""

    #: What is remembered, in seconds, and how much of it is assumed at first.
    WINDOW_S = 1800.0
    PRIOR_S = 1800.0

    def __init__(self) -> None:
        self._times: dict[SectorId, deque[float]] = {}

    def joined(self, sector: SectorId, now: float) -> None:
        times = self._times.setdefault(sector, deque())
        times.append(now)
        self._forget(times, now)

    def per_s(self, sector: SectorId, now: float, assumed: float) -> float:
        """Return the rate, `assumed` per second counting as much as PRIOR_S of watching."""
        times = self._times.get(sector)
        if times is None:
            return assumed
        self._forget(times, now)
        seen_s = min(self.WINDOW_S, now - times[0]) if times else self.WINDOW_S
        return (len(times) + assumed * self.PRIOR_S) / (seen_s + self.PRIOR_S)

    def _forget(self, times: deque[float], now: float) -> None:
        while times and times[0] < now - self.WINDOW_S:
            times.popleft()
