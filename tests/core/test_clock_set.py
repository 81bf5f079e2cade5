"""The machine's clock is set, or summer time begins or ends, while people wait.

Deadlines and promises go by the time that really passes; opening hours, and the days and half-hours
of what is counted, by what the clock shows.
"""

from dataclasses import replace
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from router.core.callback.tickets import Refusal, TicketState
from router.core.events import CalledEnd, CalledEnded, TicketsFound
from router.core.hours import DayException
from router.core.ids import TicketId
from router.core.plan import Plan
from tests.core.callback.steps import RULES, promised, state
from tests.exchange import Exchange
from tests.service_plan import HOUSING, MONDAY_10H, day_plan

PARIS = ZoneInfo("Europe/Paris")
HOUR_S = 3600.0
PROMISE_S = 45 * 60
#: The clock is put back at 3, and forward at 2.
AUTUMN, SPRING = date(2026, 10, 25), date(2027, 3, 28)


def at(day: date, hour: int, minute: int, fold: int = 0) -> float:
    return datetime.combine(day, time(hour, minute, fold=fold), PARIS).timestamp()


def night_plan() -> Plan:
    """Return a plan that is open through the nights in which the clocks change."""
    plan = day_plan()
    open_ = DayException(((time(0, 30), time(5)),))
    hours = replace(plan.hours, exceptions={AUTUMN: open_, SPRING: open_})
    return replace(plan, hours=hours)


def set_clock(exchange: Exchange, ahead_s: float) -> None:
    hours = replace(exchange.plan.hours, ahead_s=ahead_s)
    exchange.change_plan(replace(exchange.plan, hours=hours))


@pytest.fixture
def exchange() -> Exchange:
    exchange = Exchange(day_plan())
    exchange.appear("101")
    return exchange


@pytest.mark.parametrize("by_s", [HOUR_S, -HOUR_S])
def test_a_promise_of_45_minutes_is_45_minutes_whatever_the_clock_shows(
    exchange: Exchange, by_s: float
) -> None:
    admission = exchange.ask_callback("t", HOUSING)
    assert admission.due_at == exchange.now + PROMISE_S
    set_clock(exchange, by_s)
    [ticket] = exchange.engine.open_tickets()
    assert ticket.due_at == admission.due_at
    assert exchange.saved[TicketId("t")].due_at == admission.due_at
    exchange.answer("101")
    exchange.tell(CalledEnded(exchange.attempt("t"), CalledEnd.BUSY))
    [retried] = exchange.engine.open_tickets()
    assert retried.retry_at == exchange.now + RULES.busy_retry_s
    exchange.wait(RULES.busy_retry_s)
    assert state(exchange) is TicketState.RINGING


@pytest.mark.parametrize("by_s", [HOUR_S, -HOUR_S])
def test_a_ticket_on_disk_means_the_same_after_the_clock_was_set(
    exchange: Exchange, by_s: float
) -> None:
    promised(exchange)
    record = exchange.saved[TicketId("t")]
    plan = replace(exchange.plan, hours=replace(exchange.plan.hours, ahead_s=by_s))
    after = Exchange(plan, now=exchange.now + 5)
    after.appear("101")
    after.tell(TicketsFound((record,)))
    [ticket] = after.engine.open_tickets()
    assert ticket.due_at - after.now == PROMISE_S - 5


def test_a_clock_set_past_closing_time_closes_the_service_and_set_back_opens_it() -> None:
    closes_at = day_plan().hours.closes_at(MONDAY_10H)
    assert closes_at is not None
    exchange = Exchange(day_plan(), now=closes_at - 600)
    exchange.appear("101")
    exchange.talk("101", "first")
    exchange.choose_housing("second")
    set_clock(exchange, HOUR_S)
    assert exchange.ask_callback("t", HOUSING).refusal is Refusal.CLOSED
    exchange.end_leg("101")
    exchange.wait(exchange.plan.targets.wrap_up_s)
    assert exchange.ringing() == {"101": "second"}, "who waits is still served"
    set_clock(exchange, 0.0)
    assert exchange.ask_callback("u", HOUSING).refusal is None


def test_what_is_counted_is_of_the_half_hour_that_the_clock_shows(exchange: Exchange) -> None:
    set_clock(exchange, HOUR_S)
    exchange.arrive("caller")
    exchange.leave("caller")
    [fact] = exchange.call_facts()
    assert fact.period_at == MONDAY_10H + HOUR_S


@pytest.mark.parametrize(
    ("asked_at", "shown"),
    [
        (at(AUTUMN, 2, 30), "02:15"),  # the second of the two
        (at(AUTUMN, 2, 30, fold=1), "03:15"),
        (at(SPRING, 1, 30), "03:15"),  # there is no 02:15
    ],
)
def test_on_the_nights_in_which_the_clocks_change_45_minutes_are_45_minutes(
    asked_at: float, shown: str
) -> None:
    exchange = Exchange(night_plan(), now=asked_at)
    exchange.appear("101")
    admission = exchange.ask_callback("t", HOUSING)
    assert admission.refusal is None
    assert admission.due_at == asked_at + PROMISE_S
    assert f"{exchange.plan.hours.local(admission.due_at):%H:%M}" == shown


@pytest.mark.parametrize(("day", "open_h"), [(AUTUMN, 5.5), (SPRING, 3.5)])
def test_a_night_in_which_the_clocks_change_is_as_long_as_it_is(day: date, open_h: float) -> None:
    hours = night_plan().hours
    opens_at, closes_at = at(day, 0, 30), at(day, 5, 0)
    assert closes_at - opens_at == open_h * HOUR_S
    exchange = Exchange(night_plan(), now=opens_at - 60)
    assert exchange.ask_callback("t", HOUSING).refusal is Refusal.CLOSED
    assert hours.next_opening(opens_at - 60) == opens_at
    assert hours.closes_at(opens_at) == closes_at
