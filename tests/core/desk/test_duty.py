"""An informateur's day: log-in and log-out, pauses, missed calls, leases, phones that vanish."""

from datetime import date

import pytest

from router.core.commands import Ring, Verify
from router.core.desk.duty import BUSY, MISSED, REJECTED, RELEASE_S, TOO_MANY, UNREACHABLE
from router.core.events import LegEnd, LegEnded, PhoneVanished
from router.core.facts import DutyFact
from router.core.ids import AgentId, CallId, PhoneId, ReasonId
from router.core.plan import LogInBy, SecondLogIn, Targets
from router.core.requests import LogIn, LogOut, Note, Pause, Ready, Reply
from tests.exchange import Exchange
from tests.service_plan import BREAK, HOUSING, LUNCH, MONDAY_10H, agent, day_plan, working_desk

TARGETS = Targets()
BY_CODE = working_desk(log_in=LogInBy.CODE)
TAKE_OVER = working_desk(log_in=LogInBy.CODE, second_log_in=SecondLogIn.TAKE_OVER)


@pytest.fixture
def exchange() -> Exchange:
    """101 of housing and 103 of work are ready: who registers is logged in."""
    exchange = Exchange(day_plan())
    exchange.appear("101", "103")
    return exchange


@pytest.fixture
def by_code() -> Exchange:
    """The phones are registered; nobody has logged in yet."""
    exchange = Exchange(day_plan(BY_CODE))
    exchange.appear("101", "102", "103", "190")
    return exchange


def reason(exchange: Exchange, name: str = "101") -> ReasonId | None:
    view = exchange.engine.desk(AgentId(name))
    assert view is not None
    return view.reason


def wrapping_up(exchange: Exchange) -> None:
    exchange.talk("101")
    exchange.leave()
    exchange.confirm_hang_ups()
    assert exchange.agent("101") == "wrapping up"


# Log-in.


def test_who_must_log_in_is_not_ready_by_the_phone_alone(by_code: Exchange) -> None:
    assert by_code.agent("101") == "logged out"
    assert by_code.ask("101", LogIn()) is Reply.LOGGED_IN
    assert by_code.agent("101") == "ready"
    assert by_code.ask("101", LogIn()) is Reply.ALREADY_LOGGED_IN


def test_who_logs_in_takes_the_call_that_waits(by_code: Exchange) -> None:
    by_code.ask("102", LogIn())
    by_code.choose_housing()
    by_code.ask("101", LogIn())

    assert by_code.ringing() == {"101": "caller"}


def test_an_informateur_works_at_another_phone(by_code: Exchange) -> None:
    assert by_code.ask("101", LogIn(PhoneId("102"))) is Reply.LOGGED_IN
    by_code.arrive()
    by_code.press("#")
    [ring] = [one for one in by_code.press("2") if isinstance(one, Ring)]

    assert (ring.agent, ring.phone) == ("101", "102")


@pytest.mark.parametrize(
    ("phone", "reply"),
    [
        ("999", Reply.PHONE_UNKNOWN),
        ("103", Reply.PHONE_TAKEN),
        ("102", Reply.PHONE_ABSENT),
        ("190", Reply.LOGGED_IN),  # a supervisor's
    ],
)
def test_phones_at_which_one_may_not_log_in(by_code: Exchange, phone: str, reply: Reply) -> None:
    by_code.ask("103", LogIn())
    by_code.vanish("102")

    assert by_code.ask("101", LogIn(PhoneId(phone))) is reply
    assert by_code.agent("101") == ("ready" if reply is Reply.LOGGED_IN else "logged out")


def test_a_second_log_in_is_refused_if_the_plan_says_so(by_code: Exchange) -> None:
    by_code.ask("101", LogIn())

    assert by_code.ask("101", LogIn(PhoneId("102"))) is Reply.LOGGED_IN_ELSEWHERE
    assert by_code.sessions[AgentId("101")].phone == "101"


def test_a_second_log_in_takes_over_if_the_plan_says_so() -> None:
    exchange = Exchange(day_plan(TAKE_OVER))
    exchange.appear("101", "102", "103")
    exchange.ask("101", LogIn())

    assert exchange.ask("101", LogIn(PhoneId("102"))) is Reply.LOGGED_IN
    assert exchange.sessions[AgentId("101")].phone == "102"
    assert exchange.agent("101") == "ready"
    assert exchange.ask("103", LogIn(PhoneId("101"))) is Reply.LOGGED_IN  # free again
    assert exchange.ask("102", LogIn()) is Reply.PHONE_TAKEN


def test_nobody_takes_over_in_a_call() -> None:
    exchange = Exchange(day_plan(TAKE_OVER))
    exchange.appear("101", "102")
    exchange.ask("101", LogIn())
    exchange.talk("101")

    assert exchange.ask("101", LogIn(PhoneId("102"))) is Reply.LOGGED_IN_ELSEWHERE
    assert exchange.agent("101") == "talking"


def test_who_takes_over_in_a_pause_is_ready_and_known_to_be() -> None:
    exchange = Exchange(day_plan(TAKE_OVER))
    exchange.appear("101", "102")
    exchange.ask("101", LogIn())
    exchange.ask("101", Pause(LUNCH))
    exchange.ask("101", LogIn(PhoneId("102")))

    assert exchange.agent("101") == "ready"
    session = exchange.sessions[AgentId("101")]
    assert (session.phone, session.reason, session.until_at) == ("102", None, None)
    exchange.wait(7200.0)
    assert exchange.agent("101") == "ready"


def test_being_ready_is_counted_by_day(by_code: Exchange) -> None:
    by_code.ask("101", LogIn())

    assert by_code.facts == [DutyFact(date(2026, 11, 23), AgentId("101"))]


def test_a_registration_told_again_logs_nobody_in(exchange: Exchange) -> None:
    exchange.ask("101", LogOut())
    exchange.appear("101")
    assert exchange.agent("101") == "logged out"
    exchange.vanish("101")
    exchange.appear("101")

    assert exchange.agent("101") == "ready"


def test_the_owner_of_a_phone_is_not_logged_in_where_another_works(exchange: Exchange) -> None:
    exchange.appear("102")
    exchange.ask("101", LogOut())
    exchange.ask("102", LogOut())
    exchange.ask("102", LogIn(PhoneId("101")))
    exchange.vanish("101")
    exchange.appear("101")

    assert (exchange.agent("101"), exchange.agent("102")) == ("logged out", "ready")


# Log-out.


@pytest.mark.parametrize("request_", [LogOut(), Pause(LUNCH), Ready(), Note()])
def test_who_is_not_logged_in_can_only_log_in(
    by_code: Exchange, request_: LogOut | Pause | Ready | Note
) -> None:
    assert by_code.ask("101", request_) is Reply.NOT_LOGGED_IN
    assert by_code.ask("999", request_) is Reply.NOT_LOGGED_IN


@pytest.mark.parametrize("state", ["ready", "paused", "wrapping up"])
def test_log_out_outside_a_call(exchange: Exchange, state: str) -> None:
    if state == "paused":
        exchange.ask("101", Pause(LUNCH))
    elif state == "wrapping up":
        wrapping_up(exchange)
    assert exchange.agent("101") == state

    assert exchange.ask("101", LogOut()) is Reply.LOGGED_OUT
    assert exchange.agent("101") == "logged out"
    assert exchange.sessions[AgentId("101")].phone is None
    exchange.wait(7200.0)
    assert exchange.agent("101") == "logged out"


@pytest.mark.parametrize("state", ["reserved", "ringing", "talking"])
def test_log_out_in_a_call_comes_after_it_and_its_wrap_up(exchange: Exchange, state: str) -> None:
    exchange.rings = state != "reserved"
    exchange.choose_housing()
    if state == "talking":
        exchange.answer("101")
    assert exchange.agent("101") == state
    assert exchange.ask("101", LogOut()) is Reply.AFTER_CALL
    if state != "talking":
        exchange.answer("101")
    exchange.hear_whisper("101")
    exchange.leave()
    exchange.confirm_hang_ups()
    assert exchange.agent("101") == "wrapping up"
    assert exchange.ask("101", Note()) is Reply.NOTED
    exchange.wait(29.9)
    assert exchange.agent("101") == "wrapping up"
    exchange.wait(0.1)

    assert exchange.agent("101") == "logged out"


def test_log_out_while_the_phone_rings_for_a_caller_who_leaves(exchange: Exchange) -> None:
    exchange.choose_housing()
    exchange.ask("101", LogOut())
    exchange.leave()
    exchange.confirm_hang_ups()

    assert exchange.agent("101") == "logged out"
    assert exchange.sessions[AgentId("101")].phone is None


def test_log_out_while_the_phone_rings_that_nobody_answers(exchange: Exchange) -> None:
    exchange.choose_housing()
    exchange.ask("101", LogOut())
    exchange.wait(15.0)

    assert exchange.agent("101") == "logged out"


# Pauses.


def test_a_pause_has_a_reason_and_is_kept_over_a_restart(exchange: Exchange) -> None:
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


def test_another_pause_begins_its_own_time(exchange: Exchange) -> None:
    exchange.ask("101", Pause(BREAK))
    exchange.wait(500.0)
    assert exchange.ask("101", Pause(LUNCH)) is Reply.PAUSED
    exchange.wait(3599.9)
    assert (exchange.agent("101"), reason(exchange)) == ("paused", LUNCH)
    exchange.wait(0.1)

    assert exchange.agent("101") == "logged out"


def test_a_pause_in_a_call_comes_after_it_and_its_wrap_up(exchange: Exchange) -> None:
    exchange.talk("101")
    assert exchange.ask("101", Pause(LUNCH)) is Reply.AFTER_CALL
    exchange.leave()
    exchange.confirm_hang_ups()
    assert exchange.agent("101") == "wrapping up"
    exchange.wait(30.0)

    assert (exchange.agent("101"), reason(exchange)) == ("paused", LUNCH)


@pytest.mark.parametrize("how", ["the caller leaves", "nobody answers", "rejected"])
def test_a_pause_wanted_while_the_phone_rings(exchange: Exchange, how: str) -> None:
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
def test_ready_in_a_call_takes_back_what_was_wanted_after_it(
    exchange: Exchange, wish: Pause | LogOut
) -> None:
    exchange.talk("101")
    exchange.ask("101", wish)
    assert exchange.ask("101", Ready()) is Reply.AFTER_CALL
    exchange.leave()
    exchange.confirm_hang_ups()
    exchange.wait(30.0)

    assert exchange.agent("101") == "ready"


def test_who_is_ready_stays_so(exchange: Exchange) -> None:
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


def miss(exchange: Exchange, why: LegEnd) -> None:
    """One call is not taken by 101 and given up; then 101 is rung no more."""
    exchange.choose_housing(f"missed {exchange.now}")
    exchange.end_leg("101", why)
    exchange.leave(f"missed {exchange.now}")


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
    miss(exchange, LegEnd.NO_ANSWER)  # counted anew
    assert reason(exchange) == MISSED


def test_who_missed_too_many_and_does_not_come_back_is_logged_out(exchange: Exchange) -> None:
    miss(exchange, LegEnd.NO_ANSWER)
    exchange.wait(60.0)
    miss(exchange, LegEnd.NO_ANSWER)
    exchange.wait(1800.0)

    assert exchange.agent("101") == "logged out"


@pytest.mark.parametrize("why", [LegEnd.BUSY, LegEnd.UNREACHABLE, LegEnd.LOST])
def test_a_phone_that_is_busy_or_not_reached_misses_nothing(
    exchange: Exchange, why: LegEnd
) -> None:
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


def test_to_hang_up_in_the_whisper_again_and_again_is_to_miss(exchange: Exchange) -> None:
    for call, expected in (("first", REJECTED), ("second", TOO_MANY)):
        exchange.choose_housing(call)
        exchange.answer("101")
        exchange.end_leg("101")
        exchange.leave(call)
        assert reason(exchange) == expected
        exchange.wait(30.0)


def test_an_informateur_without_a_reachable_phone_is_found_out(exchange: Exchange) -> None:
    """Nobody tells that it rings."""
    exchange.rings = False
    exchange.choose_housing()
    exchange.wait(4.9)
    assert exchange.agent("101") == "reserved"
    exchange.wait(0.1)

    assert (exchange.agent("101"), reason(exchange)) == ("paused", UNREACHABLE)
    assert exchange.state() == "waiting"


# Phones that vanish.


def test_a_phone_that_comes_back_soon_needs_no_new_log_in(by_code: Exchange) -> None:
    by_code.ask("101", LogIn())
    by_code.vanish("101")
    assert by_code.agent("101") == "logged out"
    by_code.wait(899.9)
    by_code.appear("101")

    assert by_code.agent("101") == "ready"


def test_a_phone_that_comes_back_late_does(by_code: Exchange) -> None:
    by_code.ask("101", LogIn())
    by_code.vanish("101")
    by_code.wait(900.0)
    by_code.appear("101")

    assert by_code.agent("101") == "logged out"
    assert by_code.sessions[AgentId("101")].phone is None
    assert by_code.ask("101", LogIn()) is Reply.LOGGED_IN


def test_who_is_away_can_log_in_elsewhere_and_out(by_code: Exchange) -> None:
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


def test_a_pause_after_too_many_misses_does_too(exchange: Exchange) -> None:
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
def test_a_pause_wanted_in_a_call_waits_for_a_phone_that_vanished(
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
def test_who_wanted_to_log_out_is_not_logged_in_again_by_the_phone(
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


def test_asterisk_is_asked_again_and_again_whether_the_talk_goes_on(exchange: Exchange) -> None:
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


def test_an_informateur_whose_leg_went_unnoticed_is_freed(exchange: Exchange) -> None:
    exchange.talk("101")
    exchange.lose_leg("101")
    exchange.wait(TARGETS.verify_s)
    exchange.tell_lost()

    assert exchange.hears()[0] == "agent-lost"
    assert exchange.agent("101") == "wrapping up"


@pytest.mark.parametrize("rings", [False, True])
def test_a_ringing_that_the_call_forgot_ends_with_its_lease(
    exchange: Exchange, rings: bool
) -> None:
    exchange.rings = rings
    exchange.choose_housing()
    exchange.engine.board.timers.cancel(("ring", exchange.leg("101").id))
    exchange.wait(20.0)

    assert exchange.agent("101") == "paused"
    assert exchange.state() == "waiting"


def test_who_is_let_go_is_ready_soon_though_nobody_tells_that_it_stopped_ringing(
    exchange: Exchange,
) -> None:
    exchange.choose_housing()
    exchange.leave()
    exchange.wait(RELEASE_S)

    assert exchange.agent("101") == "ready"


def test_events_about_a_call_long_gone_change_nothing(exchange: Exchange) -> None:
    exchange.choose_housing()
    leg = exchange.leg("101")
    exchange.leave()
    exchange.wait(RELEASE_S)
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
