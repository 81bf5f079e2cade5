"""The mathematics of one queue: Erlang B, C and A.

Calls come as a Poisson process, talk times are exponential, the longest waiting is served
first. In Erlang B who finds nobody free leaves, in Erlang C everybody waits, in Erlang A
(M/M/n+M) patience is exponential too.

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

#: A sum is divided by this when it grows beyond it, so that it fits a float.
_LARGE = 1e200


def erlang_b(agents: int, load: float) -> float:
    """Return the probability of finding everybody busy, where nobody waits [E].

    `load` is in erlangs: calls a second times seconds a call. By the recursion in the number
    of agents, whose terms are all positive and at most 1.
    """
    if agents < 0 or load < 0:
        raise ValueError(f"agents and load must not be negative, got {agents} and {load}")
    blocked = 1.0
    for n in range(1, agents + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked


def erlang_c(agents: int, load: float) -> float:
    """Return the probability of waiting, where everybody waits as long as it takes [E]."""
    blocked = erlang_b(agents, load)
    if load >= agents:
        return 1.0 if load else 0.0
    return blocked / (1 - load / agents * (1 - blocked))


@dataclass(frozen=True, slots=True)
class Queue:
    """`agents` who serve what comes: `per_s` calls a second of `talk_s`, with `patience_s`.

    Times are means, in seconds; an infinite patience makes it Erlang C, a finite one Erlang A.

    Raises:
        ValueError: If there is a negative number, or a time that is not above 0.
    """

    agents: int
    per_s: float
    talk_s: float
    patience_s: float = inf

    def __post_init__(self) -> None:
        if self.agents < 0 or self.per_s < 0 or self.talk_s <= 0 or self.patience_s <= 0:
            raise ValueError(f"no such queue: {self}")

    @property
    def load(self) -> float:
        """What is asked of the agents together, in erlangs."""
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
        """How long one waits on average, those included who do not wait or who give up."""
        if self.patience_s < inf:
            # Who waits leaves at the rate 1 / patience: P(Ab) = E[W] / patience [MZ, 4.6].
            return self.abandons * self.patience_s
        if self.load >= self.agents:
            return inf if self.load else 0.0
        return self.waits * self.talk_s / (self.agents - self.load)

    def served_within(self, wait_s: float) -> float:
        """Return the share of all calls that are served after waiting `wait_s` at most.

        Of Erlang A: the density of the wait offered [ZM], times who still has patience then.
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
        return self.load / self.agents

    @property
    def _abandons_waiting(self) -> float:
        """Of those who wait [MZ, section 4.5]: 1 / (rho A) + 1 - 1 / rho."""
        if self.patience_s == inf:
            return 0.0
        if not self.agents:
            return 1.0
        if not self.per_s:
            return 1 / (1 + self.agents * self.patience_s / self.talk_s)
        return 1 + expm1(-self._log_area(0.0)) / self._utilisation

    def _log_growth(self, wait_s: float) -> float:
        """The logarithm of how likely a wait offered of `wait_s` is, compared with none."""
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
