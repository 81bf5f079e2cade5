"""A single queue solved the long way: as a birth-death process, state by state."""

from math import exp, log

from router.planning.erlang import Queue


def shares(queue: Queue, states: int = 20_000) -> list[float]:
    """Return the share of time with 0, 1, … `states` - 1 callers there, talking or waiting."""
    logs = [0.0]
    for n in range(1, states):
        leave_per_s = min(n, queue.agents) / queue.talk_s
        leave_per_s += max(0, n - queue.agents) / queue.patience_s
        logs.append(logs[-1] + log(queue.per_s / leave_per_s))
    most = max(logs)
    weights = [exp(one - most) for one in logs]
    whole = sum(weights)
    return [one / whole for one in weights]
