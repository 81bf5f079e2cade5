"""Asterisk is out of reach for a while: nobody is blamed for what could not be heard."""

import pytest

from router.core.callback.attempt import CUT_OFF_S
from router.core.callback.tickets import Failure, TicketState
from router.core.commands import HangUp
from router.core.desk.duty import RELEASE_S
from router.core.events import CallLeft, Disconnected, Resynced
from router.core.ids import ChannelId, TicketId
from tests.core.callback.steps import RULES, dialled, promised, state
from tests.exchange import Exchange
from tests.service_plan import day_plan


@pytest.fixture
def exchange() -> Exchange:
    exchange = Exchange(day_plan())
    exchange.appear("101")
    return exchange


def failure(exchange: Exchange) -> Failure | None:
    return exchange.saved[TicketId("t")].failure


def ends(exchange: Exchange) -> None:
    """Asterisk is back, without the person's call."""
    call = exchange.attempt("t")
    exchange.lose_caller(call)
    exchange.tell(CallLeft(call))


def test_who_was_asked_when_asterisk_died_is_no_voicemail_and_did_not_hang_up(
    exchange: Exchange,
) -> None:
    dialled(exchange)
    exchange.hear_out(exchange.pick_up("t"))
    exchange.tell(Disconnected())
    exchange.wait(5 * exchange.plan.targets.first_key_s)
    assert state(exchange) is TicketState.ASKING
    ends(exchange)
    assert failure(exchange) is Failure.INTERRUPTED
    exchange.tell(Resynced())
    exchange.confirm_hang_ups()
    exchange.wait(RELEASE_S)
    assert list(exchange.ringing()) == ["101"]  # to be called again


def test_who_is_still_there_is_asked_again(exchange: Exchange) -> None:
    dialled(exchange)
    call = exchange.pick_up("t")
    exchange.hear_out(call)
    exchange.tell(Disconnected())
    exchange.wait(exchange.plan.targets.first_key_s)
    exchange.tell(Resynced())
    exchange.wait(exchange.plan.targets.first_key_s)
    assert exchange.hears(call) == ("callback-ask",)
    exchange.press("1", call)
    assert exchange.together("101", call)


def test_a_call_that_was_lost_while_it_rang_is_not_one_without_an_answer(
    exchange: Exchange,
) -> None:
    dialled(exchange)
    exchange.tell(Disconnected())
    exchange.wait(RULES.ring_s + CUT_OFF_S)
    assert state(exchange) is TicketState.DIALLING
    exchange.tell(CallLeft(exchange.attempt("t")))
    assert failure(exchange) is Failure.INTERRUPTED


def test_a_call_that_rang_on_is_given_up_once_asterisk_is_back(exchange: Exchange) -> None:
    dialled(exchange)
    call = exchange.attempt("t")
    exchange.tell(Disconnected())
    exchange.wait(RULES.ring_s)
    exchange.tell(Resynced())
    exchange.wait(CUT_OFF_S)
    _, _, commands = exchange.told[-1]
    assert HangUp(call, ChannelId(call)) in commands
    assert failure(exchange) is Failure.NO_ANSWER


def test_nobody_is_rung_before_asterisk_is_back(exchange: Exchange) -> None:
    exchange.tell(Disconnected())
    promised(exchange)
    assert exchange.ringing() == {}
    exchange.tell(Resynced())
    assert list(exchange.ringing()) == ["101"]
