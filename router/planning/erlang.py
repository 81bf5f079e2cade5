"""The mathematics of a single queue: Erlang B, C and A.

Calls arrive as a Poisson process, talk times are exponential, and whoever has waited longest is
served first. In Erlang B a caller who finds everybody busy leaves; in Erlang C everybody waits; in
Erlang A (M/M/n+M) callers wait with exponential patience.

Sources:
    [E] A. K. Erlang, "Solution of some problems in the theory of probabilities of
        significance in automatic telephone exchanges", Elektrotkeknikeren 13 (1917).
    [GMR] O. Garnett, A. Mandelbaum, M. Reiman, "Designing a call center with impatient
        customers", Manufacturing & Service Operations Management 4 (2002), 208-227.
    [MZ] A. Mandelbaum, S. Zeltyn, "The Palm/Erlang-A queue, with applications to call
        centers", Technion, Haifa (2005).
    [ZM] S. Zeltyn, A. Mandelbaum, "Call centers with impatient customers: many-server
        asymptotics of the M/M/n+G queue", Queueing Systems 51 (2005), 361-402.
"""

from dataclasses import dataclass
from math import exp, expm1, inf, log

#: A sum that exceeds this is scaled down by it, so that it fits a float.
_LARGE = 1e200


def erlang_b(agents: int, load: float) -> float:
    """Return the probability that a call finds everybody busy, where nobody waits [E].

    `load` is in erlangs: calls a second times seconds a call. Calculated by recursion over the
    number of agents; all terms are positive and at most 1, so nothing cancels or overflows.

    Ten agents lose 1 % of the calls at 4.461 erlangs (Erlang's table), 5 % at 6.216:

    >>> round(erlang_b(10, 4.461), 4), round(erlang_b(10, 6.216), 4)
    (0.01, 0.05)

    Raises:
        ValueError: If an argument is negative.
    """
    if agents < 0 or load < 0:
        raise ValueError(f"agents and load must not be negative, got {agents} and {load}")
    blocked = 1.0
    for n in range(1, agents + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked


def erlang_c(agents: int, load: float) -> float:
    """Return the probability that a call has to wait, where everybody waits to be served [E].

    `load` is in erlangs; from `agents` erlangs on, everybody waits. With 14 agents and 200 calls
    an hour of 180 s each (10 erlangs), 17 % of callers wait:

    >>> round(erlang_c(14, 10.0), 3)
    0.174

    Raises:
        ValueError: If an argument is negative.
    """
    blocked = erlang_b(agents, load)
    if load >= agents:
        return 1.0 if load else 0.0
    return blocked / (1 - load / agents * (1 - blocked))


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue that `agents` serve, in the steady state: Erlang A, or Erlang C without impatience.

    200 calls an hour of 180 s, answered by 14 agents: 89 % within 20 s, after 7.8 s on average.

    >>> queue = Queue(14, per_s=200 / 3600, talk_s=180.0)
    >>> round(queue.served_within(20.0), 3), round(queue.mean_wait_s, 1)
    (0.888, 7.8)

    48 calls a minute of 1 min for 50 agents: a mean wait of 20.8 s if callers are patient; 3.7 s if
    they wait 2 min on average, since 3.1 % then give up ([GMR], table 1).

    >>> round(Queue(50, 0.8, 60.0).mean_wait_s, 1)
    20.8
    >>> queue = Queue(50, 0.8, 60.0, patience_s=120.0)
    >>> round(queue.mean_wait_s, 1), round(queue.abandons, 3)
    (3.7, 0.031)

    Raises:
        ValueError: If a number is negative, or a time is 0.
    """

    agents: int
    #: Calls a second.
    per_s: float
    #: Mean length of a call, in seconds.
    talk_s: float
    #: How long callers wait on average before they give up, in seconds; infinite: Erlang C.
    patience_s: float = inf

    def __post_init__(self) -> None:
        if self.agents < 0 or self.per_s < 0 or self.talk_s <= 0 or self.patience_s <= 0:
            raise ValueError(f"no such queue: {self}")

    @property
    def load(self) -> float:
        """The work offered to the agents together, in erlangs."""
        return self.per_s * self.talk_s

    @property
    def waits(self) -> float:
        """The probability of not being served at once.

        [MZ, section 4.4] With E the probability of Erlang B: A E / (1 + (A - 1) E).
        """
        if self.patience_s == inf or not self.agents:
            return erlang_c(self.agents, self.load) if self.agents else 1.0
        blocked = erlang_b(self.agents, self.load)
        if not blocked:
            return 0.0
        return 1 / (1 + (1 / blocked - 1) * exp(-self._log_area(0.0)))

    @property
    def abandons(self) -> float:
        """The probability of giving up before being served."""
        return self.waits * self._abandons_waiting

    @property
    def mean_wait_s(self) -> float:
        """The mean wait of all callers, in seconds, those served at once and those lost included.

        Infinite in Erlang C when the load is too much for the agents.
        """
        if self.patience_s < inf:
            # Those who wait leave at the rate 1 / patience: P(Ab) = E[W] / patience [MZ, 4.6].
            return self.abandons * self.patience_s
        if self.load >= self.agents:
            return inf if self.load else 0.0
        return self.waits * self.talk_s / (self.agents - self.load)

    def served_within(self, wait_s: float) -> float:
        """Return the share of all calls that are served after waiting `wait_s` seconds at most.

        In Erlang A: the density of the wait offered [ZM], times the share still there by then.
        """
        waits = self.waits
        if self.patience_s == inf or not self.agents:
            spare = self.agents / self.talk_s - self.per_s
            return 1 - waits * exp(-max(spare, 0.0) * wait_s)
        if not self.per_s:
            return 1.0
        growth, area, later = self._log_growth(wait_s), self._log_area(0.0), self._log_area(wait_s)
        # (A(0) - 1) - e^growth (A(t) - 1), over A(0): divided first, so that nothing overflows.
        served = -expm1(-area) - (exp(growth + later - area) - exp(growth - area))
        return 1 - waits + waits * served / self._utilisation

    @property
    def _utilisation(self) -> float:
        """The load for each agent, rho: above 1 the queue lives on callers who give up."""
        return self.load / self.agents

    @property
    def _abandons_waiting(self) -> float:
        """The share that gives up of those who wait [MZ, 4.5]: 1 / (rho A) + 1 - 1 / rho."""
        if self.patience_s == inf:
            return 0.0
        if not self.agents:
            return 1.0
        if not self.per_s:
            return 1 / (1 + self.agents * self.patience_s / self.talk_s)
        return 1 + expm1(-self._log_area(0.0)) / self._utilisation

    def _log_growth(self, wait_s: float) -> float:
        """Return the logarithm of how likely an offered wait of `wait_s` is, relative to none."""
        impatient = -expm1(-wait_s / self.patience_s) * self.patience_s
        return self.per_s * impatient - self.agents / self.talk_s * wait_s

    def _log_area(self, wait_s: float) -> float:
        """Return the logarithm of A(x, y) = 1 + sum of y^j / ((x + 1) ... (x + j)), j >= 1.

        x = n mu / theta, y = lambda / theta e^(-theta t), mu = 1 / talk, theta = 1 / patience
        [MZ, section 3]. e^growth A / (n mu) is the area under the density beyond `wait_s`. All
        terms are positive; the sum is scaled where it would overflow.
        """
        x = self.agents * self.patience_s / self.talk_s
        y = self.per_s * self.patience_s * exp(-wait_s / self.patience_s)
        whole = term = 1.0
        scale = 0.0
        while term > whole * 1e-17:
            x += 1
            term *= y / x
            whole += term
            if whole > _LARGE:
                scale += log(_LARGE)
                whole /= _LARGE
                term /= _LARGE
        return log(whole) + scale
