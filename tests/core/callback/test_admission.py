"""Whether a callback is promised: who is on duty, how many are waiting, what the carrier does."""

import pytest

from router.core.callback.admission import TRUNK_FAILURES, TRUNK_PAUSE_S, AdmissionControl
from router.core.callback.tickets import Failure, Refusal, TicketState
from router.core.commands import Step
from router.core.events import OF_CARRIER, CallbackCancelled, CalledEnd, CalledEnded, CallLeft
from router.core.ids import SectorId, TicketId
from router.core.plan import CallbackPolicy
from router.core.standing import Standing
from tests.core.callback.steps import RULES, called, dialled, promised, state
from tests.exchange import Exchange
from tests.service_plan import HOUSING, WORK, day_plan


@pytest.fixture
def exchange() -> Exchange:
    exchange = Exchange(day_plan())
    exchange.appear("101")
    return exchange


@pytest.mark.parametrize(("refusal", "sector"), [(Refusal.NO_AGENT, WORK)])
def test_with_nobody_on_duty_nothing_is_promised(
    exchange: Exchange, refusal: Refusal, sector: SectorId
) -> None:
    assert exchange.ask_callback("t", sector).refusal is refusal


def test_nothing_is_promised_while_closed_or_about_to_close(exchange: Exchange) -> None:
    closes_at = exchange.plan.hours.closes_at(exchange.now)
    assert closes_at is not None
    exchange.now = closes_at - 60
    assert exchange.ask_callback("t", HOUSING).refusal is Refusal.CLOSING
    exchange.now = closes_at + 60
    assert exchange.ask_callback("t", HOUSING).refusal is Refusal.CLOSED


def test_more_than_can_be_kept_is_refused(exchange: Exchange) -> None:
    exchange.talk("101", "first")
    refusals = [exchange.ask_callback(f"t{n}", HOUSING).refusal for n in range(20)]
    assert refusals[0] is None
    assert refusals[-1] is Refusal.FULL


def test_with_an_informateur_free_a_callback_is_promised_however_many_are_open() -> None:
    exchange = Exchange(day_plan(callbacks=CallbackPolicy(tickets_per_agent=1)))
    exchange.appear("101", "103")
    exchange.talk("101", "first")
    for sector, ticket in ((HOUSING, "a"), (HOUSING, "b")):
        assert exchange.ask_callback(ticket, sector).refusal is None
    assert exchange.ask_callback("c", HOUSING).refusal is Refusal.FULL
    assert exchange.engine.most_tickets() == 3, "the intake lets it through"
    admission = exchange.ask_callback("d", WORK)
    assert admission.refusal is None
    assert admission.expected_at <= exchange.now + 180
    assert exchange.ringing() == {"103": exchange.engine.tickets.tickets[TicketId("d")].call}
    assert exchange.ask_callback("e", WORK).refusal is Refusal.FULL


def test_a_callback_that_can_be_made_at_once_is_promised_shortly_before_closing() -> None:
    """Even though the forecast, with a morning's calls in mind, would not allow it."""
    exchange = Exchange(day_plan(callbacks=CallbackPolicy()))
    closes_at = exchange.plan.hours.closes_at(exchange.now)
    assert closes_at is not None
    exchange.appear("101")
    exchange.now = closes_at - 300
    assert exchange.ask_callback("t", HOUSING).refusal is None
    assert exchange.ask_callback("u", HOUSING).refusal is Refusal.CLOSING


def test_only_failures_of_the_carrier_in_a_row_stop_the_promises(exchange: Exchange) -> None:
    exchange.appear("102")
    for number in range(TRUNK_FAILURES):
        ticket = f"t{number}"
        assert exchange.ask_callback(ticket, HOUSING).refusal is None
        [agent] = exchange.ringing()
        exchange.answer(agent)
        if number == 1:  # one that goes well
            call = exchange.pick_up(ticket)
            exchange.tell(CallLeft(call))
        else:
            exchange.tell(CalledEnded(exchange.attempt(ticket), CalledEnd.FAILED))
        exchange.tell(CallbackCancelled(TicketId(ticket)))
        exchange.confirm_hang_ups()
        exchange.wait(5)
    assert exchange.ask_callback("last", HOUSING).refusal is None


@pytest.mark.parametrize("why", sorted(OF_CARRIER))
def test_a_failing_carrier_stops_promises_and_is_nobodys_absence(
    exchange: Exchange, why: CalledEnd
) -> None:
    for ticket in ("a", "b", "c"):
        promised(exchange, ticket)
        called(exchange, ticket, why)
        assert exchange.saved[TicketId(ticket)].failure is Failure.TRUNK
        exchange.wait(5)
    assert exchange.details(Step.NOT_REACHED, exchange.attempt("c")) == [why.value]
    assert exchange.ask_callback("d", HOUSING).refusal is Refusal.TRUNK
    exchange.wait(TRUNK_PAUSE_S)
    assert exchange.ask_callback("d", HOUSING).refusal is None


@pytest.mark.parametrize("why", sorted(set(CalledEnd) - OF_CARRIER - {CalledEnd.UNASSIGNED}))
def test_failures_of_the_person_stop_no_promises(exchange: Exchange, why: CalledEnd) -> None:
    for ticket in ("a", "b", "c", "d"):
        promised(exchange, ticket)
        called(exchange, ticket, why)
        exchange.wait(5)
    assert exchange.ask_callback("e", HOUSING).refusal is None


def test_one_unassigned_number_says_nothing_of_the_carrier(exchange: Exchange) -> None:
    promised(exchange)
    called(exchange, "t", CalledEnd.UNASSIGNED)
    exchange.wait(RULES.busy_retry_s)
    called(exchange, "t", CalledEnd.UNASSIGNED)
    assert state(exchange) is TicketState.FAILED
    assert exchange.saved[TicketId("t")].failure is Failure.UNASSIGNED
    assert exchange.ask_callback("u", HOUSING).refusal is None


def test_many_unassigned_numbers_in_a_row_are_the_carriers_trouble(exchange: Exchange) -> None:
    for ticket in ("a", "b", "c"):
        promised(exchange, ticket)
        called(exchange, ticket, CalledEnd.UNASSIGNED)
        exchange.wait(5)
    assert exchange.saved[TicketId("c")].failure is Failure.TRUNK
    assert exchange.ask_callback("d", HOUSING).refusal is Refusal.TRUNK
    exchange.wait(RULES.busy_retry_s - 15)
    called(exchange, "a", CalledEnd.UNASSIGNED)
    assert state(exchange, "a") is TicketState.FAILED
    assert exchange.saved[TicketId("a")].failure is Failure.TRUNK


def test_one_call_that_goes_out_clears_the_carrier(exchange: Exchange) -> None:
    for ticket, why in (
        ("a", CalledEnd.UNASSIGNED),
        ("b", CalledEnd.UNASSIGNED),
        ("c", CalledEnd.BUSY),
        ("d", CalledEnd.UNASSIGNED),
    ):
        promised(exchange, ticket)
        called(exchange, ticket, why)
        exchange.wait(5)
    assert exchange.saved[TicketId("d")].failure is Failure.UNASSIGNED
    assert exchange.ask_callback("e", HOUSING).refusal is None


def test_the_count_of_what_is_ahead_never_drifts(exchange: Exchange) -> None:
    board, tickets = exchange.engine.board, exchange.engine.tickets
    admission = AdmissionControl(board, Standing(board), tickets)
    dialled(exchange)
    exchange.tell(CalledEnded(exchange.attempt("t"), CalledEnd.BUSY))
    assert admission.ahead(HOUSING) == 1  # between two attempts
    exchange.confirm_hang_ups()
    exchange.wait(RULES.busy_retry_s + 1)
    exchange.answer("101")
    call = exchange.pick_up("t")
    assert admission.ahead(HOUSING) == 1
    exchange.hear_whisper("101")
    exchange.press("1", call)
    exchange.end_leg("101")
    exchange.leave(call)
    assert admission.ahead(HOUSING) == 0
    assert not any(tickets.beside.values())
