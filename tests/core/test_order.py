"""The rank in the queue, in each of the plan's orders."""

from dataclasses import replace

import pytest

from router.core.order import caller_due_at, ticket_due_at
from router.core.plan import CallbackPolicy, Order, Plan, Targets
from tests.service_plan import small_plan

RULES = CallbackPolicy(promise_s=2700, dial_s=60, slack_s=600)


def plan(order: Order) -> Plan:
    return small_plan(targets=Targets(order=order, live_target_s=180), callbacks=RULES)


@pytest.mark.parametrize(
    ("order", "caller", "callback"),
    [
        (Order.PROMISE, 180.0, 2040.0),
        (Order.ARRIVAL, 0.0, 0.0),
        (Order.CALLERS, 180.0, 1e9),
        (Order.CALLBACKS, 1e9, 2040.0),
    ],
)
def test_the_worked_numbers_of_the_docstrings(order: Order, caller: float, callback: float) -> None:
    assert caller_due_at(plan(order), 0.0) == caller
    assert ticket_due_at(plan(order), 0.0, 2700.0) == callback


def test_by_default_a_callback_of_9_29_is_level_with_a_caller_of_10_00() -> None:
    service = small_plan(targets=Targets())
    asked_at, joined_at = 9.0 * 3600 + 29 * 60, 10.0 * 3600

    assert caller_due_at(service, joined_at) == joined_at + 180
    due_at = asked_at + service.callbacks.promise_s
    assert ticket_due_at(service, asked_at, due_at) == joined_at + 180


def who_is_first(order: Order, caller_came_at: float, callback_asked_at: float) -> str:
    service = plan(order)
    caller = caller_due_at(service, caller_came_at)
    ticket = ticket_due_at(service, callback_asked_at, callback_asked_at + RULES.promise_s)
    return "caller" if caller < ticket else "callback"


@pytest.mark.parametrize(
    ("order", "at_first", "in_the_end"),
    [
        (Order.PROMISE, "caller", "callback"),
        (Order.ARRIVAL, "callback", "callback"),
        (Order.CALLERS, "caller", "caller"),
        (Order.CALLBACKS, "callback", "callback"),
    ],
)
def test_a_callback_overtakes_callers_when_its_slack_is_gone(
    order: Order, at_first: str, in_the_end: str
) -> None:
    """Asked for at 0 and due at 2040: ahead of callers who come after 1860."""
    assert who_is_first(order, 1859.0, 0.0) == at_first
    assert who_is_first(order, 1861.0, 0.0) == in_the_end


@pytest.mark.parametrize("order", Order)
def test_within_a_kind_first_come_is_first_served(order: Order) -> None:
    service = plan(order)
    assert caller_due_at(service, 1.0) < caller_due_at(service, 2.0)
    assert ticket_due_at(service, 1.0, 2701.0) < ticket_due_at(service, 2.0, 2702.0)


def test_without_slack_a_callback_waits_until_the_last_moment() -> None:
    bare = replace(plan(Order.PROMISE), callbacks=replace(RULES, slack_s=0))
    assert ticket_due_at(bare, 0.0, 2700.0) == 2640.0
