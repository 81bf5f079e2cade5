"""Pauses: those asked for, and those after a missed call."""

import pytest

from router.core.desk.agents import BUSY, MISSED, REJECTED, TOO_MANY, UNREACHABLE
from router.core.events import LegEnd
from router.core.ids import AgentId, ReasonId
from router.core.requests import LogIn, LogOut, Pause, Ready, Reply
from tests.core.desk.steps import TARGETS, miss, reason, wrapping_up
from tests.exchange import Exchange
from tests.service_plan import BREAK, LUNCH, day_plan


@pytest.fixture
def exchange() -> Exchange:
    """101 of housing and 103 of work are ready: registering logs them in."""
    exchange = Exchange(day_plan())
    exchange.appear("101", "103")
    return exchange


# Pauses.


def test_a_pause_has_a_reason_and_survives_a_restart(exchange: Exchange) -> None:
    assert exchange.ask("101", Pause(LUNCH)) is Reply.PAUSED
    assert (exchange.agent("101"), reason(exchange)) == ("paused", LUNCH)
    session = exchange.sessions[AgentId("101")]
    assert (session.reason, session.until_at) == (LUNCH, exchange.now + 3600)
    exchange.choose_housing()
    assert exchange.ringing() == {}

    assert exchange.ask("101", Ready()) is Reply.READY
    assert exchange.sessions[AgentId("101")].reason is None
    assert exchange.ringing() == {"101": "caller"}


def test_an_unknown_reason_is_refused(exchange: Exchange) -> None:
    for unknown in ("none", MISSED, TOO_MANY):
        assert exchange.ask("101", Pause(ReasonId(unknown))) is Reply.UNKNOWN_REASON
    assert exchange.agent("101") == "ready"


def test_a_forgotten_pause_ends_in_a_log_out(exchange: Exchange) -> None:
    exchange.ask("101", Pause(BREAK))
    exchange.wait(599.9)
    assert exchange.agent("101") == "paused"
    exchange.wait(0.1)

    assert exchange.agent("101") == "logged out"
    assert exchange.ask("101", LogIn()) is Reply.LOGGED_IN


def test_another_pause_starts_its_own_time(exchange: Exchange) -> None:
    exchange.ask("101", Pause(BREAK))
    exchange.wait(500.0)
    assert exchange.ask("101", Pause(LUNCH)) is Reply.PAUSED
    exchange.wait(3599.9)
    assert (exchange.agent("101"), reason(exchange)) == ("paused", LUNCH)
    exchange.wait(0.1)

    assert exchange.agent("101") == "logged out"


def test_a_pause_asked_for_during_a_call_comes_after_it_and_its_wrap_up(exchange: Exchange) -> None:
    exchange.talk("101")
    assert exchange.ask("101", Pause(LUNCH)) is Reply.AFTER_CALL
    exchange.leave()
    exchange.confirm_hang_ups()
    assert exchange.agent("101") == "wrapping up"
    exchange.wait(30.0)

    assert (exchange.agent("101"), reason(exchange)) == ("paused", LUNCH)


@pytest.mark.parametrize("how", ["the caller leaves", "nobody answers", "rejected"])
def test_a_pause_asked_for_while_the_phone_rings(exchange: Exchange, how: str) -> None:
    exchange.choose_housing()
    exchange.ask("101", Pause(LUNCH))
    if how == "the caller leaves":
        exchange.leave()
        exchange.confirm_hang_ups()
    elif how == "rejected":
        exchange.end_leg("101", LegEnd.REJECTED)
    else:
        exchange.wait(15.0)

    assert (exchange.agent("101"), reason(exchange)) == ("paused", LUNCH)


def test_a_pause_ends_the_wrap_up(exchange: Exchange) -> None:
    wrapping_up(exchange)

    assert exchange.ask("101", Pause(LUNCH)) is Reply.PAUSED
    assert exchange.agent("101") == "paused"


def test_ready_ends_the_wrap_up_and_brings_the_next_call(exchange: Exchange) -> None:
    exchange.choose_housing("first", "second")
    exchange.answer("101")
    exchange.hear_whisper("101")
    exchange.leave("first")
    exchange.confirm_hang_ups()
    assert exchange.agent("101") == "wrapping up"

    assert exchange.ask("101", Ready()) is Reply.READY
    assert exchange.ringing() == {"101": "second"}


@pytest.mark.parametrize("wish", [Pause(LUNCH), LogOut()])
def test_ready_during_a_call_cancels_what_was_asked_for_after_it(
    exchange: Exchange, wish: Pause | LogOut
) -> None:
    exchange.talk("101")
    exchange.ask("101", wish)
    assert exchange.ask("101", Ready()) is Reply.AFTER_CALL
    exchange.leave()
    exchange.confirm_hang_ups()
    exchange.wait(30.0)

    assert exchange.agent("101") == "ready"


def test_ready_changes_nothing_for_somebody_who_is_ready(exchange: Exchange) -> None:
    assert exchange.ask("101", Ready()) is Reply.READY
    assert exchange.agent("101") == "ready"


# Missed calls.


@pytest.mark.parametrize(
    ("why", "because", "pause_s", "counts"),
    [
        (LegEnd.NO_ANSWER, MISSED, TARGETS.miss_pause_s, 1),
        (LegEnd.REJECTED, REJECTED, TARGETS.reject_pause_s, 1),
        (LegEnd.BUSY, BUSY, TARGETS.busy_pause_s, 0),
        (LegEnd.UNREACHABLE, UNREACHABLE, TARGETS.unreachable_pause_s, 0),
        (LegEnd.LOST, UNREACHABLE, TARGETS.unreachable_pause_s, 0),
    ],
)
def test_each_cause_has_its_own_delay(
    exchange: Exchange, why: LegEnd, because: ReasonId, pause_s: float, counts: int
) -> None:
    exchange.choose_housing()
    exchange.end_leg("101", why)
    exchange.leave()
    view = exchange.engine.desk(AgentId("101"))
    assert view is not None
    assert (view.reason, view.until_at, view.misses) == (because, exchange.now + pause_s, counts)
    exchange.wait(pause_s - 0.1)
    assert exchange.agent("101") == "paused"
    exchange.wait(0.1)

    assert exchange.agent("101") == "ready"
    assert reason(exchange) is None


def test_the_delays_of_the_plan_differ() -> None:
    delays = {TARGETS.miss_pause_s, TARGETS.reject_pause_s, TARGETS.busy_pause_s}
    assert len(delays) == 3


@pytest.mark.parametrize("second", [LegEnd.NO_ANSWER, LegEnd.REJECTED])
def test_after_two_misses_in_a_row_an_informateur_is_paused_and_told(
    exchange: Exchange, second: LegEnd
) -> None:
    miss(exchange, LegEnd.NO_ANSWER)
    exchange.wait(60.0)
    miss(exchange, second)
    assert (exchange.agent("101"), reason(exchange)) == ("paused", TOO_MANY)
    exchange.wait(600.0)
    assert exchange.agent("101") == "paused"

    assert exchange.ask("101", Ready()) is Reply.READY_AFTER_MISSES
    assert exchange.agent("101") == "ready"
    assert exchange.ask("101", Ready()) is Reply.READY
    miss(exchange, LegEnd.NO_ANSWER)  # the count starts again
    assert reason(exchange) == MISSED


def test_an_informateur_who_missed_too_many_and_does_not_return_is_logged_out(
    exchange: Exchange,
) -> None:
    miss(exchange, LegEnd.NO_ANSWER)
    exchange.wait(60.0)
    miss(exchange, LegEnd.NO_ANSWER)
    exchange.wait(1800.0)

    assert exchange.agent("101") == "logged out"


@pytest.mark.parametrize("why", [LegEnd.BUSY, LegEnd.UNREACHABLE, LegEnd.LOST])
def test_a_busy_or_unreachable_phone_misses_nothing(exchange: Exchange, why: LegEnd) -> None:
    for _ in range(4):
        miss(exchange, why)
        exchange.wait(60.0)

    assert exchange.agent("101") == "ready"


def test_a_conversation_makes_up_for_a_miss(exchange: Exchange) -> None:
    miss(exchange, LegEnd.NO_ANSWER)
    exchange.wait(60.0)
    exchange.talk("101")
    exchange.leave()
    exchange.confirm_hang_ups()
    exchange.wait(30.0)
    miss(exchange, LegEnd.NO_ANSWER)

    assert reason(exchange) == MISSED


def test_hanging_up_during_the_whisper_again_and_again_counts_as_missing(
    exchange: Exchange,
) -> None:
    for call, expected in (("first", REJECTED), ("second", TOO_MANY)):
        exchange.choose_housing(call)
        exchange.answer("101")
        exchange.end_leg("101")
        exchange.leave(call)
        assert reason(exchange) == expected
        exchange.wait(30.0)


def test_an_informateur_without_a_reachable_phone_is_found_out(exchange: Exchange) -> None:
    """Ringing is never reported."""
    exchange.rings = False
    exchange.choose_housing()
    exchange.wait(4.9)
    assert exchange.agent("101") == "reserved"
    exchange.wait(0.1)

    assert (exchange.agent("101"), reason(exchange)) == ("paused", UNREACHABLE)
    assert exchange.state() == "waiting"
