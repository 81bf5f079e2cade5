"""Promises that cannot be kept: whose fault it is, lost numbers, failed writes."""

import pytest

from router.core.callback.open_tickets import UNKEPT_RETRY_S
from router.core.callback.tickets import OURS, Failure, Refusal, TicketState
from router.core.commands import Step
from router.core.events import CalledEnd, DialFailed, NumberLost, StoreChanged, TicketUnkept
from router.core.facts import Outcome
from router.core.ids import TicketId
from router.core.requests import Pause, Ready
from router.report.counting import merged, tally
from router.report.figures import figure
from tests.core.callback.steps import RULES, called, dialled, promised, state
from tests.exchange import Exchange
from tests.service_plan import BREAK, HOUSING, day_plan


@pytest.fixture
def exchange() -> Exchange:
    exchange = Exchange(day_plan())
    exchange.appear("101")
    return exchange


@pytest.mark.parametrize("failure", Failure)
def test_a_failure_of_the_service_is_a_broken_promise_and_nobodys_absence(
    exchange: Exchange, failure: Failure
) -> None:
    """However early it fails."""
    promised(exchange)
    while state(exchange) is not TicketState.FAILED:
        exchange.answer("101")
        exchange.tell(DialFailed(exchange.attempt("t"), failure))
        exchange.confirm_hang_ups()
        while state(exchange) is TicketState.WAITING:
            exchange.wait(1)
    record = exchange.saved[TicketId("t")]
    assert (record.state, record.failure) == (TicketState.FAILED, failure)
    assert exchange.now < record.due_at
    [fact] = exchange.call_facts()
    ours = failure in OURS
    of_ours = Outcome.NUMBER_LOST if failure is Failure.NUMBER_LOST else Outcome.FAILED
    assert (fact.outcome, fact.kept) == ((of_ours, False) if ours else (Outcome.NOT_REACHED, None))
    counts = merged(tally([fact], 180).values())
    assert figure("callback-kept/1", counts).denominator == ours
    assert figure("promise-broken/1", counts).value == figure("broken/1", counts).value == ours
    assert figure("not-reached/1", counts).value == (not ours)


def test_a_person_first_called_after_the_instant_promised_was_let_down(exchange: Exchange) -> None:
    exchange.talk("101", "other")
    promised(exchange)
    exchange.wait(RULES.promise_s + 60)
    exchange.leave("other")
    exchange.confirm_hang_ups()
    exchange.wait(exchange.plan.targets.wrap_up_s)
    called(exchange, "t", CalledEnd.BUSY)
    fact = exchange.call_facts()[-1]
    assert (fact.outcome, fact.kept) == (Outcome.NOT_REACHED, False)


@pytest.mark.parametrize("state_then", ["waiting", "ringing", "retry"])
def test_a_lost_number_ends_the_ticket_before_anybody_is_rung(
    exchange: Exchange, state_then: str
) -> None:
    if state_then == "waiting":
        exchange.talk("101", "other")
    promised(exchange)
    if state_then == "retry":
        called(exchange, "t", CalledEnd.BUSY)
    exchange.tell(NumberLost(TicketId("t")))
    if state_then == "waiting":
        exchange.leave("other")
    exchange.confirm_hang_ups()
    exchange.wait(RULES.busy_retry_s + 60)

    assert exchange.ringing() == {}
    assert exchange.agent("101") == "ready"
    record = exchange.saved[TicketId("t")]
    assert (record.state, record.failure) == (TicketState.FAILED, Failure.NUMBER_LOST)
    [fact] = [one for one in exchange.call_facts() if one.door == "callback"]
    assert (fact.outcome, fact.kept) == (Outcome.NUMBER_LOST, False)
    lost = [noted for noted in exchange.notes if noted.step is Step.NUMBER_LOST]
    assert len(lost) == 1
    exchange.tell(NumberLost(TicketId("t")))  # again: nothing happens
    assert exchange.saved[TicketId("t")] == record


def test_a_call_under_way_goes_on_without_the_number(exchange: Exchange) -> None:
    dialled(exchange)
    exchange.tell(NumberLost(TicketId("t")))
    call = exchange.pick_up("t")
    exchange.tell(NumberLost(TicketId("t")))
    exchange.hear_whisper("101")
    exchange.press("1", call)
    exchange.tell(NumberLost(TicketId("t")))
    assert exchange.together("101", call)
    exchange.end_leg("101")
    exchange.leave(call)
    assert state(exchange) is TicketState.DONE


def test_an_attempt_that_is_not_on_disk_frees_the_informateur_and_is_made_again_shortly(
    exchange: Exchange,
) -> None:
    dialled(exchange)
    exchange.tell(TicketUnkept(TicketId("t"), 1))
    exchange.confirm_hang_ups()
    assert state(exchange) is TicketState.WAITING
    assert exchange.saved[TicketId("t")].attempts == 0
    assert exchange.agent("101") == "wrapping up"
    exchange.ask("101", Ready())
    assert exchange.ringing() == {}
    exchange.wait(UNKEPT_RETRY_S)
    assert exchange.ringing().keys() == {"101"}


@pytest.mark.parametrize("at", ["waiting", "ringing", "dialling"])
def test_a_promise_that_is_not_on_disk_is_not_made(exchange: Exchange, at: str) -> None:
    if at == "waiting":
        exchange.ask("101", Pause(BREAK))
    promised(exchange)
    if at == "dialling":
        exchange.answer("101")
    exchange.tell(TicketUnkept(TicketId("t"), 0))
    exchange.confirm_hang_ups()
    assert exchange.engine.open_ticket_ids() == frozenset()
    assert exchange.call_facts() == []
    assert exchange.ringing() == {}
    exchange.tell(TicketUnkept(TicketId("t"), 0))  # again: nothing happens
    promised(exchange)


def test_while_nothing_can_be_written_nobody_is_rung_for_a_callback_or_promised_one(
    exchange: Exchange,
) -> None:
    exchange.ask("101", Pause(BREAK))
    promised(exchange)
    exchange.tell(StoreChanged(up=False))
    exchange.ask("101", Ready())
    assert exchange.ringing() == {}
    assert exchange.ask_callback("other", HOUSING).refusal is Refusal.UNAVAILABLE
    exchange.choose_housing()
    assert exchange.ringing() == {"101": "caller"}  # callers are not affected
    exchange.leave()
    exchange.confirm_hang_ups()
    exchange.wait(3 * UNKEPT_RETRY_S)
    assert exchange.ringing() == {}
    exchange.tell(StoreChanged(up=True))
    exchange.wait(UNKEPT_RETRY_S)
    assert exchange.ringing().keys() == {"101"}
