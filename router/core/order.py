"""The rank in the one queue: the instant at which a caller or a callback is due.

In the order of promises that is when the promise runs out, less the time it takes to keep it. The
other orders are what other systems do; `./allo policies` compares them.

By default (`live_target_s` 180, `promise_s` 2700, `dial_s` 60, `slack_s` 600) a caller who joins
at 10:00 is due at 10:03. A callback asked for at 9:29 is promised for 10:14 and due 660 s before
that, at 10:03: the two are level.
"""

from router.core.plan import Order, Plan

#: Later than anything that is really due, in seconds.
_AFTER_ALL_OTHERS_S = 1e9


def caller_due_at(plan: Plan, joined_at: float) -> float:
    """Return when a caller who joined the queue at `joined_at` is due; UTC epoch seconds.

    With `live_target_s` 180 and `joined_at` 0: at 180 by promise and with callers first, at 0 by
    arrival, at 1e9 with callbacks first.
    """
    match plan.targets.order:
        case Order.ARRIVAL:
            return joined_at
        case Order.CALLBACKS:
            return joined_at + _AFTER_ALL_OTHERS_S
        case _:
            return joined_at + plan.targets.live_target_s


def ticket_due_at(plan: Plan, asked_at: float, due_at: float) -> float:
    """Return when a callback promised for `due_at` is due in the queue; UTC epoch seconds.

    With `dial_s` 60, `slack_s` 600, `asked_at` 0 and `due_at` 2700: at 2040 by promise and with
    callbacks first, at 0 by arrival, at 1e9 with callers first.
    """
    rules = plan.callbacks
    match plan.targets.order:
        case Order.ARRIVAL:
            return asked_at
        case Order.CALLERS:
            return asked_at + _AFTER_ALL_OTHERS_S
        case _:
            return due_at - rules.dial_s - rules.slack_s
