"""How long a caller will wait, said only when it is known well enough to be of use.

With every informateur busy, the moments at which one becomes free are nearly a Poisson process:
those who may take the call, over the mean time that a call takes them. A further level of skill
may be asked as the wait grows (`Targets.widening_s`); who is ready there serves at once. So the
caller at `place` of the queue waits longer than t with the probability

    P(T > t) = P(N(t) < place - ready(t)),   N(t) ~ Poisson(L(t)),   L(t) = integral of open / h

and the quantile q of T is where L reaches the quantile q of Gamma(place - ready(t)), for which
there is the formula of Wilson and Hilferty (1931). Of those ahead some give up meanwhile, at a
rate that is learned; on the way half of them are still there. Others who wait for the same
informateurs count for a quarter: measured in the simulated year, overload included.

What is said runs from the 15th to the 85th percentile, and only if that says something: the
upper bound, in whole minutes, is at most twice the median. How often it holds is measured by
`./allo simulate`.
"""

from collections import defaultdict
from collections.abc import Sequence
from math import ceil, inf, sqrt
from typing import NamedTuple

from router.core.ids import SectorId

#: Calls seen before an estimate is trusted.
ENOUGH = 5
#: Weight of the newest call in the moving mean.
_NEWEST = 0.1
#: 85th percentile of the normal distribution.
_Z85 = 1.036
#: What somebody who waits for another sector of the same informateurs counts.
_OTHERS = 0.25
#: The upper bound over the median, at most.
_WIDEST = 2.0
#: From the moment at which an informateur is free: the phone is picked up, the whisper heard.
_ANSWER_S = 9.0
#: Longer estimates are not honest.
LONGEST_S = 3600


class Level(NamedTuple):
    """The informateurs of one level of skill, as they are now."""

    #: When they may be asked, in seconds from now.
    opens_s: float
    ready: int
    on_duty: int


def quantile_s(
    place: float,
    levels: Sequence[Level],
    handling_s: float,
    normal: float,
    gives_up_per_s: float = 0.0,
) -> float:
    """Return a quantile of the wait of who stands at `place`, in seconds; infinite: never.

    `levels` in order of opening; `normal` is the same quantile of the normal distribution. Each
    who waits gives up at the rate `gives_up_per_s`.
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
    """Return a quantile of the gamma distribution of unit rate."""
    part = 1 / (9 * shape)
    return shape * max(0.0, 1 - part + normal * sqrt(part)) ** 3


def quantiles_s(
    place: float, levels: Sequence[Level], handling_s: float, gives_up_per_s: float
) -> tuple[float, float, float]:
    """Return the 15th, 50th and 85th percentile of the wait until somebody answers, in seconds."""
    if len(levels) == 1:  # as a rule: who has waited for a while may be served by everybody
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
    """Moving mean of handling time (talk and wrap-up) a sector, and how soon people give up."""

    def __init__(self) -> None:
        self._gave_up = 0
        self._waited_s = 0.0
        self._mean_s: dict[SectorId, float] = {}
        self._seen: defaultdict[SectorId, int] = defaultdict(int)

    def handled(self, sector: SectorId, handling_s: float) -> None:
        """Learn from a finished call."""
        mean_s = self._mean_s.get(sector, handling_s)
        self._mean_s[sector] = mean_s + _NEWEST * (handling_s - mean_s)
        self._seen[sector] += 1

    def waited(self, waited_s: float, *, gave_up: bool) -> None:
        """Learn from a caller who waits no longer."""
        self._gave_up += gave_up
        self._waited_s += waited_s

    @property
    def gives_up_per_s(self) -> float:
        """How many give up, of each who waits, a second: whoever was served did not until then."""
        return self._gave_up / self._waited_s if self._gave_up >= ENOUGH else 0.0

    def mean_s(self, sector: SectorId) -> float | None:
        """Return the mean handling time in seconds, None when too little was seen."""
        return self._mean_s[sector] if self._seen[sector] >= ENOUGH else None

    def bounds_min(
        self, sector: SectorId, place: int, others: float, levels: Sequence[Level]
    ) -> tuple[int, int] | None:
        """Return the bounds to be said in whole minutes, low < high, or None when unsure.

        `others` wait for other sectors of the same informateurs.
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
