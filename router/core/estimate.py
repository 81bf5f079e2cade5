"""How long a caller will wait, announced only when it is known well enough to be of use.

With every informateur busy, the instants at which one becomes free are nearly a Poisson process;
its rate is the number of informateurs who may take the call, over the mean handling time h. As the
wait grows, further levels of skill may be asked (`Targets.widening_s`); anybody ready there answers
at once. So the caller at `place` in the queue waits longer than t with probability

    P(T > t) = P(N(t) < place - ready(t)),   N(t) ~ Poisson(L(t)),   L(t) = integral of open / h

and the q-quantile of T is where L reaches the q-quantile of Gamma(place - ready(t)), approximated
after Wilson and Hilferty (1931). Some of those ahead give up meanwhile, at a rate that is learned;
on average half of them are still there. Callers who wait for other sectors of the same
informateurs count for a quarter each, as measured in the simulated year, overload included.

For the third caller in the queue of 4 informateurs, all busy for 240 s a call, one becomes free
every 60 s: the 15th, 50th and 85th percentiles of the wait are 89, 170 and 292 s, of which 9 s are
for picking up and the whisper. The announcement is "between 1 and 5 minutes".

The announcement runs from the 15th to the 85th percentile, and is made only if it is informative:
the upper bound, in whole minutes, must be at most twice the median. `./allo simulate` measures how
often it is right.
"""

from collections import defaultdict
from collections.abc import Sequence
from math import ceil, inf, sqrt
from typing import NamedTuple

from router.core.ids import SectorId

#: How many calls must have been seen before an estimate is trusted.
ENOUGH = 5
#: The weight of the latest call in the moving mean.
_NEWEST = 0.1
#: The 85th percentile of the normal distribution.
_Z85 = 1.036
#: How much a caller counts who waits for another sector of the same informateurs.
_OTHERS = 0.25
#: The upper bound is at most this many times the median.
_WIDEST = 2.0
#: From when an informateur becomes free until the caller is answered: the phone is picked up, and
#: the whisper heard.
_ANSWER_S = 9.0
#: A longer wait cannot honestly be estimated.
LONGEST_S = 3600


class Level(NamedTuple):
    """The informateurs at one level of skill, as they are now."""

    #: When they may be asked, in seconds from now.
    opens_s: float
    #: How many are ready for a call.
    ready: int
    #: How many are on duty, the ready ones included.
    on_duty: int


def quantile_s(
    place: float,
    levels: Sequence[Level],
    handling_s: float,
    normal: float,
    gives_up_per_s: float = 0.0,
) -> float:
    """Return a quantile of the wait at `place`, in seconds, without the time to answer.

    Infinite if nobody is on duty. `levels` are in order of opening, `handling_s` is the mean
    handling time, `normal` is the same quantile of the normal distribution, and each waiting caller
    gives up at the rate `gives_up_per_s`.

    At place 3 with 4 informateurs busy for 240 s a call the median is 161 s. If each caller gives
    up at a rate of one in 1000 s, it is 152 s. If two of the four may be asked only after 60 s, but
    one of these is ready, it is 131 s.
    """
    needed, at_s, done = place, 0.0, 0.0
    rate = gives_up_per_s * (place - 1) / 2
    any_on_duty = 0
    for opens_s, ready, on_duty in levels:
        if opens_s > at_s:
            if rate and done + rate * (opens_s - at_s) >= _gamma(needed, normal):
                break
            done += rate * (opens_s - at_s)
            at_s = opens_s
        needed -= ready
        rate += on_duty / handling_s
        any_on_duty += on_duty
        if needed <= 0:
            return at_s
    if not any_on_duty:
        return inf
    return at_s + max(0.0, _gamma(needed, normal) - done) / rate


def _gamma(shape: float, normal: float) -> float:
    """Return a quantile of the gamma distribution of unit rate, after Wilson and Hilferty."""
    part = 1 / (9 * shape)
    return shape * max(0.0, 1 - part + normal * sqrt(part)) ** 3


def quantiles_s(
    place: float, levels: Sequence[Level], handling_s: float, gives_up_per_s: float
) -> tuple[float, float, float]:
    """Return the 15th, 50th and 85th percentiles of the wait until somebody answers, in seconds.

    The three are calculated together where they can be, which is faster than `quantile_s` for each.
    """
    if len(levels) == 1:  # the usual case: after a while anybody may answer
        ((_, ready, on_duty),) = levels
        needed, rate = place - ready, gives_up_per_s * (place - 1) / 2 + on_duty / handling_s
        if needed > 0 and on_duty:
            part = 1 / (9 * needed)
            pace_s, middle, width = needed / rate, 1 - part, _Z85 * sqrt(part)
            low, high = max(0.0, middle - width), middle + width
            return (
                _ANSWER_S + pace_s * low**3,
                _ANSWER_S + pace_s * middle**3,
                _ANSWER_S + pace_s * high**3,
            )
    low, middle, high = (
        _ANSWER_S + quantile_s(place, levels, handling_s, normal, gives_up_per_s)
        for normal in (-_Z85, 0.0, _Z85)
    )
    return low, middle, high


class WaitEstimate:
    """What calls have taught: each sector's mean handling time, and how soon callers give up.

    Handling time is talk time and wrap-up, averaged with exponential weights.
    """

    def __init__(self) -> None:
        self._gave_up = 0
        self._waited_s = 0.0
        self._mean_s: dict[SectorId, float] = {}
        self._seen: defaultdict[SectorId, int] = defaultdict(int)

    def handled(self, sector: SectorId, handling_s: float) -> None:
        """Learn from a finished call.

        A mean of 300 s becomes 400 s after one call of 1300 s.
        """
        mean_s = self._mean_s.get(sector, handling_s)
        self._mean_s[sector] = mean_s + _NEWEST * (handling_s - mean_s)
        self._seen[sector] += 1

    def waited(self, waited_s: float, *, gave_up: bool) -> None:
        """Learn from a caller who has been answered, or has given up."""
        self._gave_up += gave_up
        self._waited_s += waited_s

    @property
    def gives_up_per_s(self) -> float:
        """The rate at which a waiting caller gives up: abandonments over all seconds waited.

        Callers who were answered count too, since they had not given up until then. 5 who gave up
        after 100 s and 5 who were answered after 300 s make one in 400 s.
        """
        return self._gave_up / self._waited_s if self._gave_up >= ENOUGH else 0.0

    def mean_s(self, sector: SectorId) -> float | None:
        """Return the mean handling time in seconds; None before enough calls have been seen."""
        return self._mean_s[sector] if self._seen[sector] >= ENOUGH else None

    def bounds_min(
        self, sector: SectorId, place: int, others: float, levels: Sequence[Level]
    ) -> tuple[int, int] | None:
        """Return the bounds to announce in whole minutes, low < high; None if it is too uncertain.

        `others` is how many callers wait for other sectors of the same informateurs.
        """
        handling_s = self.mean_s(sector)
        if not handling_s:
            return None
        low, median, high = quantiles_s(
            place + _OTHERS * others, levels, handling_s, self.gives_up_per_s
        )
        if high > LONGEST_S:
            return None
        high_min = ceil(high / 60)
        if high_min * 60 > _WIDEST * median:
            return None
        return min(int(low // 60), high_min - 1), high_min
