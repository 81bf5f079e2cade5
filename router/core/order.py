"""Where one stands in the one queue: the instant at which one is due, by the plan's order.

By promise, the instant at which the promise runs out, less what it takes to keep it. The other
orders are what other systems do; `./allo policies` compares them.
"""

from router.core.plan import Order, Plan

#: Later than anything that is due in earnest, in seconds.
_AFTER_ALL_OTHERS_S = 1e9


def caller_due_at(plan: Plan, joined_at: float) -> float:
    """Return when a caller who waits since `joined_at` is due, UTC epoch seconds."""
    match plan.targets.order:
        case Order.ARRIVAL:
            return joined_at
        case Order.CALLBACKS:
            return joined_at + _AFTER_ALL_OTHERS_S
        case _:
            return joined_at + plan.targets.live_target_s


def ticket_due_at(plan: Plan, asked_at: float, due_at: float) -> float:
    """Return when a callback promised for `due_at` is due in the queue."""
    rules = plan.callbacks
    match plan.targets.order:
        case Order.ARRIVAL:
            return asked_at
        case Order.CALLERS:
            return asked_at + _AFTER_ALL_OTHERS_S
        case _:
            return due_at - rules.dial_s - rules.slack_s
