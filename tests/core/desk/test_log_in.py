"""An informateur logs in and out, by HTTP."""

from datetime import date

import pytest

from router.core.commands import Ring
from router.core.facts import DutyFact
from router.core.ids import AgentId, PhoneId
from router.core.plan import LogInBy, SecondLogIn
from router.core.requests import LogIn, LogOut, Note, Pause, Ready, Reply
from tests.core.desk.steps import BY_CODE, wrapping_up
from tests.exchange import Exchange
from tests.service_plan import LUNCH, day_plan, working_desk

TAKE_OVER = working_desk(log_in=LogInBy.CODE, second_log_in=SecondLogIn.TAKE_OVER)


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


# Log-in.


def test_where_log_in_is_by_code_the_phone_alone_makes_nobody_ready(by_code: Exchange) -> None:
    assert by_code.agent("101") == "logged out"
    assert by_code.ask("101", LogIn()) is Reply.LOGGED_IN
    assert by_code.agent("101") == "ready"
    assert by_code.ask("101", LogIn()) is Reply.ALREADY_LOGGED_IN


def test_an_informateur_who_logs_in_takes_the_waiting_call(by_code: Exchange) -> None:
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
def test_phones_at_which_log_in_is_refused(by_code: Exchange, phone: str, reply: Reply) -> None:
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


def test_nobody_takes_over_during_a_call() -> None:
    exchange = Exchange(day_plan(TAKE_OVER))
    exchange.appear("101", "102")
    exchange.ask("101", LogIn())
    exchange.talk("101")

    assert exchange.ask("101", LogIn(PhoneId("102"))) is Reply.LOGGED_IN_ELSEWHERE
    assert exchange.agent("101") == "talking"


def test_taking_over_during_a_pause_makes_ready_and_is_stored() -> None:
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


def test_a_registration_reported_again_logs_nobody_in(exchange: Exchange) -> None:
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
def test_an_informateur_who_is_logged_out_can_only_log_in(
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
def test_a_log_out_during_a_call_comes_after_it_and_its_wrap_up(
    exchange: Exchange, state: str
) -> None:
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


def test_log_out_while_the_phone_rings_for_a_caller_who_hangs_up(exchange: Exchange) -> None:
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
