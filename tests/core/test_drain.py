"""A drain: no new caller, and whoever is there is served in peace until the time is up."""

import pytest

from router.core.callback.open_tickets import UNKEPT_RETRY_S
from router.core.callback.tickets import Refusal, TicketState
from router.core.events import DrainChanged
from router.core.facts import Outcome
from router.core.requests import Pause, Ready
from tests.core.callback.steps import promised, state
from tests.exchange import Exchange
from tests.service_plan import BREAK, HOUSING

LONGEST_S = 300.0


@pytest.fixture
def exchange() -> Exchange:
    """One informateur of housing is ready."""
    exchange = Exchange()
    exchange.appear("101")
    return exchange


def drain(exchange: Exchange, longest_s: float = LONGEST_S) -> None:
    exchange.tell(DrainChanged(exchange.now + longest_s))


def refused(exchange: Exchange, call: str = "caller") -> bool:
    """Whether the caller is told that the service is not available, and then hung up on."""
    if exchange.hears(call)[-1] != "apology-end":
        return False
    exchange.hear_out(call)
    exchange.confirm_hang_ups()
    return exchange.outcome(call) is Outcome.REFUSED_DRAIN


def test_a_new_caller_is_told_so_and_nobody_is_rung(exchange: Exchange) -> None:
    drain(exchange)
    exchange.arrive()
    assert exchange.hears() == ("welcome", "apology-end")
    exchange.press("#2")
    assert exchange.hears() == ("welcome", "apology-end")
    assert exchange.ringing() == {}
    assert refused(exchange)


def test_the_services_own_call_hears_the_same(exchange: Exchange) -> None:
    drain(exchange)
    exchange.probe()
    assert exchange.hears("probe") == ("welcome", "apology-end")


def test_talks_go_on_and_whoever_waits_or_chooses_is_served_until_the_time_is_up(
    exchange: Exchange,
) -> None:
    exchange.talk("101", "talking")
    exchange.choose_housing("waiting")
    exchange.arrive("choosing")
    drain(exchange)
    exchange.press("#2", "choosing")
    exchange.end_leg("101")
    exchange.ask("101", Ready())
    assert exchange.ringing() == {"101": "waiting"}
    exchange.answer("101")
    exchange.hear_whisper("101")
    exchange.wait(LONGEST_S - 1)
    assert exchange.state("choosing") == "waiting"
    exchange.wait(1)
    assert refused(exchange, "choosing")
    assert exchange.talking() == {"101": "waiting"}
    exchange.wait(LONGEST_S)
    assert exchange.together("101", "waiting")


def test_when_the_time_is_up_nobody_joins_the_queue_or_comes_back_to_it(
    exchange: Exchange,
) -> None:
    exchange.choose_housing("rung")
    exchange.arrive("choosing")
    drain(exchange, 0.0)
    assert exchange.ringing() == {"101": "rung"}
    exchange.end_leg("101")
    assert refused(exchange, "rung")
    exchange.press("#2", "choosing")
    assert refused(exchange, "choosing")


def test_callbacks_are_refused_and_those_promised_are_made_until_the_time_is_up(
    exchange: Exchange,
) -> None:
    exchange.ask("101", Pause(BREAK))
    promised(exchange)
    drain(exchange)
    assert exchange.ask_callback("other", HOUSING).refusal is Refusal.UNAVAILABLE
    exchange.ask("101", Ready())
    [rung_for] = exchange.ringing().values()
    assert rung_for == exchange.attempt_after("t")


def test_when_the_time_is_up_a_promise_stands_and_nobody_is_rung_for_it(
    exchange: Exchange,
) -> None:
    exchange.ask("101", Pause(BREAK))
    promised(exchange)
    drain(exchange)
    exchange.wait(LONGEST_S)
    exchange.ask("101", Ready())
    exchange.confirm_hang_ups()
    exchange.wait(3 * UNKEPT_RETRY_S)
    assert exchange.ringing() == {}
    assert state(exchange) is TicketState.WAITING
    exchange.tell(DrainChanged(None))
    exchange.wait(UNKEPT_RETRY_S)
    assert exchange.ringing().keys() == {"101"}


def test_calls_are_taken_again_when_it_ends(exchange: Exchange) -> None:
    drain(exchange)
    exchange.tell(DrainChanged(None))
    exchange.wait(2 * LONGEST_S)
    exchange.choose_housing()
    assert exchange.ringing() == {"101": "caller"}
    assert exchange.ask_callback("other", HOUSING).refusal is not Refusal.UNAVAILABLE
