"""Phones that lose their registration, and leases that end a state which nothing else ends."""

from dataclasses import replace

import pytest

from router.core.commands import HangUp, Verify
from router.core.desk.agents import TOO_MANY
from router.core.desk.duty import HELD_MAX_S, RELEASE_S
from router.core.events import LegEnd, LegEnded, PhoneVanished
from router.core.ids import AgentId, CallId, ChannelId, PhoneId
from router.core.requests import LogIn, LogOut, Pause, Ready, Reply
from tests.core.desk.steps import BY_CODE, TARGETS, miss, reason
from tests.exchange import Exchange
from tests.service_plan import BREAK, HOUSING, LUNCH, MONDAY_10H, agent, day_plan


@pytest.fixture
def exchange() -> Exchange:
    """101 of housing and 103 of work are ready: registering logs them in."""
    exchange = Exchange(day_plan())
    exchange.appear("101", "103")
    return exchange


@pytest.fixture
def by_code() -> Exchange:
    """The phones are registered; nobody has logged in yet."""
    exchange = Exchange(day_plan(BY_CODE))
    exchange.appear("101", "102", "103", "190")
    return exchange


# Phones that vanish.


def test_a_phone_that_comes_back_soon_needs_no_new_log_in(by_code: Exchange) -> None:
    by_code.ask("101", LogIn())
    by_code.vanish("101")
    assert by_code.agent("101") == "logged out"
    by_code.wait(899.9)
    by_code.appear("101")

    assert by_code.agent("101") == "ready"


def test_a_phone_that_comes_back_late_needs_one(by_code: Exchange) -> None:
    by_code.ask("101", LogIn())
    by_code.vanish("101")
    by_code.wait(900.0)
    by_code.appear("101")

    assert by_code.agent("101") == "logged out"
    assert by_code.sessions[AgentId("101")].phone is None
    assert by_code.ask("101", LogIn()) is Reply.LOGGED_IN


def test_an_informateur_who_is_away_can_log_in_elsewhere_and_out(by_code: Exchange) -> None:
    by_code.ask("101", LogIn())
    by_code.vanish("101")
    assert by_code.ask("101", Ready()) is Reply.PHONE_ABSENT
    assert by_code.ask("101", Pause(LUNCH)) is Reply.PHONE_ABSENT
    assert by_code.ask("101", LogIn()) is Reply.PHONE_ABSENT
    assert by_code.ask("101", LogIn(PhoneId("102"))) is Reply.LOGGED_IN
    by_code.vanish("102")

    assert by_code.ask("101", LogOut()) is Reply.LOGGED_OUT


def test_a_chosen_pause_outlives_the_phones_absence(exchange: Exchange) -> None:
    exchange.ask("101", Pause(LUNCH))
    exchange.wait(600.0)
    exchange.vanish("101")
    exchange.wait(600.0)
    exchange.appear("101")
    assert (exchange.agent("101"), reason(exchange)) == ("paused", LUNCH)
    exchange.wait(3600.0 - 1200.0)

    assert exchange.agent("101") == "logged out"


def test_a_pause_that_ended_during_the_absence_is_over(exchange: Exchange) -> None:
    exchange.ask("101", Pause(BREAK))
    exchange.vanish("101")
    exchange.wait(700.0)
    exchange.appear("101")

    assert (exchange.agent("101"), reason(exchange)) == ("ready", None)
    assert exchange.sessions[AgentId("101")].reason is None


def test_a_pause_after_too_many_misses_outlives_it_too(exchange: Exchange) -> None:
    miss(exchange, LegEnd.NO_ANSWER)
    exchange.wait(60.0)
    miss(exchange, LegEnd.NO_ANSWER)
    exchange.vanish("101")
    exchange.appear("101")

    assert (exchange.agent("101"), reason(exchange)) == ("paused", TOO_MANY)


def test_a_phone_that_vanishes_while_it_rings_misses_nothing(exchange: Exchange) -> None:
    exchange.choose_housing()
    exchange.vanish("101")
    exchange.leave()
    exchange.appear("101")
    view = exchange.engine.desk(AgentId("101"))

    assert view is not None
    assert (view.state, view.misses) == ("ready", 0)


@pytest.mark.parametrize("when", ["ringing", "talking"])
def test_a_pause_asked_for_during_a_call_waits_for_a_phone_that_vanished(
    exchange: Exchange, when: str
) -> None:
    exchange.choose_housing()
    if when == "talking":
        exchange.answer("101")
        exchange.hear_whisper("101")
    exchange.ask("101", Pause(LUNCH))
    exchange.vanish("101")
    exchange.leave()
    exchange.confirm_hang_ups()
    assert exchange.agent("101") == "logged out"
    exchange.appear("101")

    assert (exchange.agent("101"), reason(exchange)) == ("paused", LUNCH)


@pytest.mark.parametrize("when", ["ringing", "talking"])
def test_an_informateur_who_asked_to_log_out_is_not_logged_in_again_by_the_phone(
    exchange: Exchange, when: str
) -> None:
    by_code = Exchange(day_plan(BY_CODE))
    by_code.appear("101")
    by_code.ask("101", LogIn())
    by_code.choose_housing()
    if when == "talking":
        by_code.answer("101")
        by_code.hear_whisper("101")
    by_code.ask("101", LogOut())
    by_code.vanish("101")
    by_code.leave()
    by_code.confirm_hang_ups()
    by_code.appear("101")

    assert by_code.agent("101") == "logged out"
    assert by_code.sessions[AgentId("101")].phone is None


# Leases.


def test_asterisk_is_asked_at_intervals_whether_the_conversation_goes_on(
    exchange: Exchange,
) -> None:
    exchange.talk("101")
    leg = exchange.leg("101").id
    exchange.wait(3 * TARGETS.verify_s)

    asked = [
        (at - MONDAY_10H, one)
        for _, at, commands in exchange.told
        for one in commands
        if isinstance(one, Verify)
    ]
    times = [TARGETS.verify_s * time for time in (1, 2, 3)]
    assert asked == [(at, Verify(CallId("caller"), leg)) for at in times]
    assert exchange.lost == []


def test_an_informateur_whose_leg_ended_unnoticed_is_freed(exchange: Exchange) -> None:
    exchange.talk("101")
    exchange.lose_leg("101")
    exchange.wait(TARGETS.verify_s)
    exchange.tell_lost()

    assert exchange.hears()[0] == "agent-lost"
    assert exchange.agent("101") == "wrapping up"


@pytest.mark.parametrize("rings", [False, True])
def test_ringing_that_the_call_forgot_ends_with_its_lease(exchange: Exchange, rings: bool) -> None:
    exchange.rings = rings
    exchange.choose_housing()
    exchange.engine.board.timers.cancel(("ring", exchange.leg("101").id))
    exchange.wait(20.0)

    assert exchange.agent("101") == "paused"
    assert exchange.state() == "waiting"


def test_an_informateur_let_go_is_ready_soon_even_if_the_end_is_never_reported(
    exchange: Exchange,
) -> None:
    exchange.choose_housing()
    exchange.leave()
    exchange.wait(RELEASE_S)
    exchange.tell_lost()

    assert exchange.agent("101") == "ready"


def test_events_about_a_call_long_gone_change_nothing(exchange: Exchange) -> None:
    exchange.choose_housing()
    leg = exchange.leg("101")
    exchange.leave()
    exchange.wait(RELEASE_S)
    exchange.tell_lost()
    exchange.choose_housing("second")
    exchange.tell(LegEnded(CallId("caller"), leg.id, LegEnd.NO_ANSWER))

    assert exchange.ringing()["101"] == "second"
    assert exchange.agent("101") == "ringing"


def test_a_phone_that_vanishes_twice_is_gone_once(exchange: Exchange) -> None:
    exchange.vanish("101")
    assert exchange.tell(PhoneVanished(PhoneId("101"))) == []
    assert exchange.agent("101") == "logged out"


def test_a_log_out_frees_the_sector_for_others_to_see() -> None:
    exchange = Exchange(day_plan(agents=(agent("101", logement=1),)))
    exchange.appear("101")
    exchange.ask("101", LogOut())
    exchange.choose_housing()

    assert exchange.hears() == ("refused-no-agent",)
    assert exchange.engine.sectors()[0].sector == HOUSING
    assert exchange.engine.sectors()[0].on_duty == 0


# Phones that we hang up.


def without_wrap_up() -> Exchange:
    """101 of housing talks with the caller, the next one waits, and there is no wrap-up."""
    exchange = Exchange(day_plan(targets=replace(TARGETS, wrap_up_s=0)))
    exchange.appear("101")
    exchange.talk("101")
    exchange.choose_housing("next")
    return exchange


def test_a_phone_is_rung_again_only_when_it_has_heard_of_our_hanging_up() -> None:
    """The new call would overtake the end of the old one, and find the phone busy (measured)."""
    exchange = without_wrap_up()
    exchange.leave()
    exchange.wait(0.5)
    assert exchange.ringing() == {}
    exchange.confirm_hang_ups()
    exchange.wait(0.0)
    assert exchange.ringing() == {"101": "next"}


def test_a_hang_up_that_is_never_confirmed_holds_a_phone_for_a_moment() -> None:
    exchange = without_wrap_up()
    exchange.leave()
    exchange.wait(RELEASE_S)
    assert exchange.ringing() == {}
    exchange.tell_lost()  # Asterisk was asked for the leg
    exchange.wait(0.0)
    assert exchange.ringing() == {"101": "next"}


def a_phone_that_stays_up() -> tuple[Exchange, ChannelId]:
    """101's phone is to be hung up, and Asterisk says neither that it is nor that it is gone."""
    exchange = without_wrap_up()
    leg = exchange.leg("101").id
    exchange.leave()
    return exchange, leg


def test_a_phone_that_stays_up_is_hung_up_again_and_not_rung() -> None:
    exchange, leg = a_phone_that_stays_up()
    for _ in range(3):
        exchange.wait(RELEASE_S)
        _, _, commands = exchange.told[-1]
        assert commands == [HangUp(CallId(leg), leg), Verify(CallId(leg), leg)]
    assert exchange.ringing() == {}
    exchange.tell(LegEnded(CallId("caller"), leg, LegEnd.HUNG_UP))
    exchange.wait(0.0)
    assert exchange.ringing() == {"101": "next"}


def test_after_a_minute_a_phone_is_rung_whatever_asterisk_says() -> None:
    exchange, _ = a_phone_that_stays_up()
    exchange.wait(RELEASE_S + HELD_MAX_S - 0.1)
    assert exchange.ringing() == {}
    exchange.wait(0.1)
    assert exchange.ringing() == {"101": "next"}


def test_a_pause_chosen_while_a_phone_is_held_is_a_pause() -> None:
    exchange, leg = a_phone_that_stays_up()
    exchange.wait(RELEASE_S)
    exchange.ask("101", Pause(BREAK))
    exchange.tell(LegEnded(CallId("caller"), leg, LegEnd.HUNG_UP))
    exchange.wait(0.0)
    assert exchange.agent("101") == "paused"


def test_whose_phone_is_held_after_a_pause_is_ready_once_it_is_free_and_not_logged_out() -> None:
    exchange, leg = a_phone_that_stays_up()
    exchange.ask("101", Pause(BREAK))
    exchange.ask("101", Ready())
    exchange.wait(RELEASE_S)
    assert exchange.agent("101") == "paused"
    exchange.tell(LegEnded(CallId("caller"), leg, LegEnd.HUNG_UP))
    exchange.wait(0.0)
    assert exchange.ringing() == {"101": "next"}


def test_who_presses_ready_while_the_phone_is_held_is_ready_once_it_is_free() -> None:
    exchange = Exchange()
    exchange.appear("101")
    exchange.talk("101")
    exchange.choose_housing("next")
    exchange.leave()
    exchange.ask("101", Ready())
    assert exchange.ringing() == {}
    exchange.confirm_hang_ups()
    exchange.wait(0.0)
    assert exchange.ringing() == {"101": "next"}


def test_who_hangs_up_is_rung_again_at_once() -> None:
    exchange = without_wrap_up()
    exchange.end_leg("101")
    exchange.wait(0.0)
    assert exchange.ringing() == {"101": "next"}
