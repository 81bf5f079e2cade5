"""How well a number of informateurs serves what comes for their team, by formula.

With n informateurs of a team, live calls at the rate l1 a second, all work together a load of
R erlangs, and h seconds the mean length of a piece of work:

    room for callbacks  n + m pieces of work fit in before the promise ends, with 95 % confidence:
                        n + m = x, where x + 1.645 sqrt(x) = (n / h - l1) promise
    callbacks refused   F = B r^m / (1 + B (r + ... + r^m)), r = R / n, B = Erlang B of n and R:
                        the queue M/M/n/n+m; a refused request adds no work
    everybody is busy   C = B (1 + r + ... + r^m) / (1 + B (r + ... + r^m))
    live callers late   C P_A(wait > live_target | wait), and abandoned C P_A(abandon | wait): as in
                        an M/M/n+M queue (Erlang A) of live calls alone once everybody is busy,
                        since callbacks wait behind them but are not cut short
    callbacks late      C exp(-(n / h) (1 - l1 h / n) (1 - r) promise)

Erlang A and B are in `erlang`; M/M/n/K is in D. Gross, C. M. Harris, "Fundamentals of Queueing
Theory" (1998), section 2.4. Two classes without pre-emption: O. Kella and U. Yechiali, "Waiting
times in the non-preemptive priority M/M/c queue", Stochastic Models 1 (1985), 257-262: the first
class waits as if alone once everybody is busy; the mean wait of the second is
C h / (n (1 - r1) (1 - r)), and its distribution is taken to be exponential here.

The formula knows nothing of ringing, missed calls, sectors shared only after a while, or queues
inherited from the half-hour before: `staffing` corrects it by simulation.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import exp, sqrt

from router.planning.erlang import Queue, erlang_b
from router.planning.typical_week import Work

#: The 95th percentile of the normal distribution.
_Z95 = 1.645
#: A probability below this counts as never.
_NEVER = 1e-12


@dataclass(frozen=True, slots=True)
class Limits:
    """What must not be exceeded, and how long callers bear it; all in seconds."""

    #: Within this, a live call is answered in time.
    live_target_s: float
    #: Within this, a callback must be dialled to keep its promise.
    promise_s: float
    #: How long live callers wait on average before they give up; infinite: they never do.
    patience_s: float


@lru_cache(maxsize=1_000_000)
def goes_well(target: str, work: Work, agents: int, limits: Limits) -> float:
    """Return the share (0 to 1) of `target` that goes well; `target` is the name of an aim.

    "live": calls answered in time; "abandon": calls not abandoned; "accepted": callback requests
    accepted; "promise": callbacks made in time.

    Six informateurs with 4.5 erlangs of work, 2.7 of live calls (97 an hour, 100 s each) and 1.8
    of callbacks (54 an hour, 120 s each), answer 80 % of callers within 20 s, and can accept 97 %
    of requests, of which they call 99.5 % back within 10 minutes.

    >>> work = Work(live_per_s=0.027, callbacks_per_s=0.015, live_s=100.0, callback_s=120.0)
    >>> limits = Limits(live_target_s=20.0, promise_s=600.0, patience_s=300.0)
    >>> [round(goes_well(one, work, 6, limits), 3) for one in ("live", "accepted", "promise")]
    [0.798, 0.973, 0.995]
    """
    if not work.load:
        return 1.0
    if agents < 1:
        return 0.0
    mean_s = work.load / (work.live_per_s + work.callbacks_per_s)
    busy, full = _busy_and_full(work, agents, mean_s, limits.promise_s)
    if target == "accepted":
        return 1 - full
    if target == "promise":
        live, all_ = work.live_per_s * mean_s / agents, work.load / agents
        spare = max(0.0, 1 - live) * max(0.0, 1 - all_)
        return 1 - busy * exp(-agents / mean_s * spare * limits.promise_s)
    queue = Queue(agents, work.live_per_s, mean_s, limits.patience_s)
    if not work.live_per_s or queue.waits < _NEVER:
        return 1.0
    bad = queue.abandons if target == "abandon" else 1 - queue.served_within(limits.live_target_s)
    return max(0.0, 1 - (busy if work.callbacks_per_s else queue.waits) * bad / queue.waits)


def _busy_and_full(work: Work, agents: int, mean_s: float, promise_s: float) -> tuple[float, float]:
    """Return how likely everybody is busy, and how likely no more callbacks can be promised."""
    fit = max(0.0, agents / mean_s - work.live_per_s) * promise_s
    served = ((sqrt(_Z95 * _Z95 + 4 * fit) - _Z95) / 2) ** 2
    room = max(0, int(served) - agents)
    blocked, each = erlang_b(agents, work.load), work.load / agents
    waiting = sum(each**place for place in range(1, room + 1))
    whole = 1 + blocked * waiting
    return blocked * (1 + waiting) / whole, blocked * each**room / whole
