"""The desk by phone: short codes, the PIN and pauses; questions and replies."""

from datetime import date

import pytest

from router.core.commands import HangUp, Told
from router.core.desk.by_phone import PROMPTS
from router.core.desk.desk_call import DeskDue, DeskState
from router.core.events import (
    CallLeft,
    CommandFailed,
    DeskCalled,
    KeyPressed,
    LegEnd,
    PromptEnded,
    TimePassed,
)
from router.core.ids import AgentId, CallId, ChannelId, PhoneId
from router.core.plan import Desk as DeskRules
from router.core.plan import LogInBy
from router.core.requests import ON_SCREEN, LogIn, Pause, Ready, Reply
from router.core.table import What
from tests.core.desk.steps import LOG_IN, LOG_OUT, NOTE, PAUSE, READY, after_a_call, dial
from tests.exchange import Exchange
from tests.service_plan import BREAK, LUNCH, day_plan, working_desk

ASK_REASON = ("desk-ask-reason-courte", "desk-ask-reason-dejeuner")


@pytest.fixture
def exchange() -> Exchange:
    """Everybody must log in; all phones are registered."""
    exchange = Exchange(day_plan(working_desk(log_in=LogInBy.CODE)))
    exchange.appear("101", "102", "103", "190")
    return exchange


@pytest.fixture
def at_work(exchange: Exchange) -> Exchange:
    exchange.ask("101", LogIn())
    return exchange


# The table.


@pytest.mark.parametrize("state", DeskState)
@pytest.mark.parametrize("event", [KeyPressed, PromptEnded, CallLeft, DeskDue.SILENCE])
def test_a_pair_without_a_row_is_counted_and_ignored(state: DeskState, event: What) -> None:
    exchange = Exchange()
    call = exchange.desk_call("101", LOG_IN)
    table = exchange.engine.desk_table
    desk_call = exchange.engine.board.desk_calls[CallId(call)]
    desk_call.state = state
    if not table.has(state, event):
        table.answer(desk_call, event)
        assert list(exchange.engine.counts.values()) == [1]


@pytest.mark.parametrize("state", DeskState)
def test_every_state_ends_by_itself_and_when_the_informateur_hangs_up(state: DeskState) -> None:
    table = Exchange().engine.desk_table
    assert table.has(state, DeskDue.SILENCE)
    assert table.has(state, CallLeft)


# Log-in.


@pytest.mark.parametrize("keys", ["#1111#", "101#1111#", "9*101#99*1111#"])
def test_log_in_at_the_informateurs_own_phone(exchange: Exchange, keys: str) -> None:
    """Nothing typed means the phone's own number; `*` starts again."""
    assert dial(exchange, LOG_IN) == ("desk-ask-agent",)
    assert dial(exchange, LOG_IN, keys.partition("#")[0] + "#") == ("desk-ask-pin",)
    assert dial(exchange, LOG_IN, keys) == ("desk-logged-in",)
    assert exchange.agent("101") == "ready"


def test_log_in_at_anothers_phone(exchange: Exchange) -> None:
    assert dial(exchange, LOG_IN, "101#1111#", phone="103") == ("desk-logged-in",)
    exchange.choose_housing()

    assert exchange.sessions[AgentId("101")].phone == "103"
    assert [leg.phone for leg in exchange.legs] == ["103"]


def test_log_in_at_a_phone_where_somebody_else_is_logged_in(exchange: Exchange) -> None:
    exchange.ask("103", LogIn())

    assert dial(exchange, LOG_IN, "101#1111#", phone="103") == ("desk-phone-taken",)
    assert (exchange.agent("101"), exchange.agent("103")) == ("logged out", "ready")


def test_a_second_log_in_is_refused_on_the_phone_too(at_work: Exchange) -> None:
    assert dial(at_work, LOG_IN, "101#1111#", phone="102") == ("desk-logged-in-elsewhere",)
    assert dial(at_work, LOG_IN, "#1111#") == ("desk-already-logged-in",)


def test_a_phone_that_is_not_registered_or_not_known(exchange: Exchange) -> None:
    exchange.vanish("102")

    assert dial(exchange, LOG_IN, "101#1111#", phone="102") == ("desk-phone-absent",)
    assert dial(exchange, LOG_IN, "101#1111#", phone="777") == ("desk-phone-unknown",)


def test_a_wrong_pin_may_be_typed_again_the_third_locks_for_a_while(exchange: Exchange) -> None:
    call = exchange.desk_call("101", LOG_IN)
    exchange.press("#9999#", call)
    assert exchange.hears(call) == ("desk-wrong-pin", "desk-ask-pin")
    exchange.press("9999#", call)
    assert exchange.hears(call) == ("desk-wrong-pin", "desk-ask-pin")
    exchange.press("9999#", call)
    assert exchange.hears(call) == ("desk-locked",)
    assert dial(exchange, LOG_IN, "#1111#") == ("desk-locked",)
    assert dial(exchange, LOG_IN, "101#1111#", phone="102") == ("desk-locked",)
    assert dial(exchange, LOG_IN, "#3333#", phone="103") == ("desk-logged-in",)  # others may
    exchange.wait(299.9)
    assert dial(exchange, LOG_IN, "#1111#") == ("desk-locked",)
    exchange.wait(0.1)

    assert dial(exchange, LOG_IN, "#1111#") == ("desk-logged-in",)


def test_wrong_pins_are_counted_across_calls_and_phones_until_a_right_one(
    exchange: Exchange,
) -> None:
    for phone in ("101", "102"):
        dial(exchange, LOG_IN, "101#9999#", phone=phone)
    assert dial(exchange, LOG_IN, "#1111#") == ("desk-logged-in",)
    dial(exchange, "12")
    for phone in ("101", "102"):
        assert dial(exchange, LOG_IN, "101#9999#", phone=phone)[0] == "desk-wrong-pin"
    assert dial(exchange, LOG_IN, "101#9999#") == ("desk-locked",)


@pytest.mark.parametrize("calls", ["one call", "three calls"])
def test_a_number_that_is_nobodys_cannot_be_told_from_one_that_is(
    exchange: Exchange, calls: str
) -> None:
    heard: dict[str, list[tuple[str, ...]]] = {}
    for number in ("101", "999"):
        said = heard.setdefault(number, [])
        call = exchange.desk_call("103", LOG_IN)
        for _ in range(4):
            if calls == "three calls":
                call = exchange.desk_call("103", LOG_IN)
            exchange.press(f"{number}#9999#", call)
            said.append(exchange.hears(call))
        exchange.leave(call)
        exchange.wait(299.0)
        said.append(dial(exchange, LOG_IN, f"{number}#9999#", phone="103"))
        exchange.wait(1.0)
        said.append(dial(exchange, LOG_IN, f"{number}#9999#", phone="103"))

    assert heard["999"] == heard["101"]
    assert ("desk-locked",) in heard["101"]


@pytest.mark.parametrize("typed", ["A", "1A", "123456789"])
def test_a_pin_of_letters_or_too_long_is_refused_but_not_counted_as_a_guess(
    exchange: Exchange, typed: str
) -> None:
    call = exchange.desk_call("101", LOG_IN)
    exchange.press("#", call)
    exchange.press(typed, call)
    assert exchange.hears(call) == ("desk-invalid", "desk-ask-pin")
    exchange.press("1111#", call)

    assert exchange.hears(call) == ("desk-logged-in",)


@pytest.mark.parametrize("number", ["A", "1A", "12345678901"])
def test_a_number_of_letters_or_too_long_is_refused(exchange: Exchange, number: str) -> None:
    assert dial(exchange, LOG_IN, number) == ("desk-invalid", "desk-ask-agent")


def test_without_a_pin_nobody_can_log_in_by_phone() -> None:
    exchange = Exchange(day_plan(working_desk(log_in=LogInBy.CODE)), pins={})
    exchange.appear("101")

    assert dial(exchange, LOG_IN, "##")[0] == "desk-wrong-pin"
    assert exchange.agent("101") == "logged out"


def test_keys_are_not_answered_before_the_hash(exchange: Exchange) -> None:
    call = exchange.desk_call("101", LOG_IN)
    exchange.press("101", call)
    assert exchange.hears(call) == ()  # the question is cut short
    exchange.press("#", call)

    assert exchange.hears(call) == ("desk-ask-pin",)


# Log-out, pause, ready.


def test_a_code_that_does_not_exist(exchange: Exchange) -> None:
    assert dial(exchange, "19") == ("desk-unknown-code",)


@pytest.mark.parametrize("code", [LOG_OUT, PAUSE, READY, NOTE])
def test_where_nobody_is_logged_in_the_reply_says_so(at_work: Exchange, code: str) -> None:
    assert dial(at_work, code, phone="103") == ("desk-not-logged-in",)


def test_log_out_by_phone(at_work: Exchange) -> None:
    assert dial(at_work, LOG_OUT) == ("desk-logged-out",)
    assert at_work.agent("101") == "logged out"


def test_a_pause_with_its_reason_by_phone(at_work: Exchange) -> None:
    assert dial(at_work, PAUSE) == ASK_REASON
    assert dial(at_work, PAUSE, "2") == ("desk-paused",)
    view = at_work.engine.desk(AgentId("101"))
    assert view is not None
    assert (view.state, view.reason) == ("paused", LUNCH)

    assert dial(at_work, READY) == ("desk-ready",)
    assert at_work.agent("101") == "ready"


def test_a_wrong_reason_is_asked_for_again_up_to_a_limit(at_work: Exchange) -> None:
    call = at_work.desk_call("101", PAUSE)
    for _ in range(2):
        at_work.press("9", call)
        assert at_work.hears(call) == ("desk-invalid", *ASK_REASON)
    at_work.press("9", call)
    assert at_work.hears(call) == ("desk-invalid",)
    at_work.hear_out(call)

    assert at_work.caller(call).hung_up
    assert at_work.agent("101") == "ready"


def test_ready_after_too_many_misses_says_why_there_was_a_pause(at_work: Exchange) -> None:
    for call in ("first", "second"):
        at_work.choose_housing(call)
        at_work.end_leg("101", LegEnd.NO_ANSWER)
        at_work.leave(call)
        at_work.wait(60.0)

    assert dial(at_work, READY) == ("desk-missed", "desk-ready-after-misses")


def test_a_pause_for_an_informateur_who_has_logged_out_meanwhile(at_work: Exchange) -> None:
    call = at_work.desk_call("101", PAUSE)
    dial(at_work, LOG_OUT)
    at_work.press("2", call)
    assert at_work.hears(call) == ("desk-not-logged-in",)


def test_a_pause_is_not_given_to_whoever_took_over_the_phone(at_work: Exchange) -> None:
    call = at_work.desk_call("101", PAUSE)
    dial(at_work, LOG_OUT)
    at_work.ask("102", LogIn(PhoneId("101")))
    at_work.press("2", call)

    assert at_work.hears(call) == ("desk-not-logged-in",)
    assert at_work.agent("102") == "ready"


# Silence, hang-ups, failures.


@pytest.mark.parametrize(
    ("code", "keys", "question"),
    [
        (LOG_IN, "", ("desk-ask-agent",)),
        (LOG_IN, "#", ("desk-ask-pin",)),
        (PAUSE, "", ASK_REASON),
        (NOTE, "", ("desk-ask-subject",)),
        (NOTE, "#", ("desk-ask-result",)),
        (NOTE, "#1", ("desk-ask-improve",)),
    ],
)
def test_after_silence_the_question_is_put_again_then_the_call_ends(
    at_work: Exchange, code: str, keys: str, question: tuple[str, ...]
) -> None:
    after_a_call(at_work)
    call = at_work.desk_call("101", code)
    if keys:
        at_work.press(keys, call)
    for _ in range(2):
        assert at_work.hears(call)[-len(question) :] == question
        at_work.hear_out(call)
        at_work.wait(6.0)
        assert at_work.hears(call) == ("desk-nothing-heard", *question)
    at_work.hear_out(call)
    at_work.wait(6.0)
    assert at_work.hears(call) == ("desk-nothing-heard",)
    at_work.hear_out(call)
    at_work.confirm_hang_ups()

    assert at_work.engine.known()[0] == frozenset()


def test_a_hang_up_never_reported_is_assumed_after_a_while(exchange: Exchange) -> None:
    call = exchange.desk_call("101", "19")
    exchange.hear_out(call)
    assert exchange.engine.known()[0] == {call}
    exchange.wait(10.0)

    assert exchange.engine.known()[0] == frozenset()


def test_a_prompt_whose_end_is_never_reported_does_not_hold_the_call_up(exchange: Exchange) -> None:
    call = exchange.desk_call("101", "19")
    exchange.wait(120.0)

    assert exchange.caller(call).hung_up


@pytest.mark.parametrize("code", [LOG_IN, PAUSE, NOTE, LOG_OUT])
def test_hanging_up_leaves_nothing_behind(at_work: Exchange, code: str) -> None:
    after_a_call(at_work)
    call = at_work.desk_call("101", code)
    at_work.leave(call)

    board = at_work.engine.board
    assert at_work.engine.known()[0] == frozenset()
    assert not [key for key in board.timers if key[0] == "desk"]


def test_a_command_that_failed_ends_the_desk_call(exchange: Exchange) -> None:
    call = CallId(exchange.desk_call("101", LOG_IN))
    commands = exchange.tell(CommandFailed(call, ChannelId(call)))

    assert HangUp(call, ChannelId(call)) in commands
    assert exchange.engine.known()[0] == frozenset()


def test_a_desk_call_reported_twice_is_one(exchange: Exchange) -> None:
    call = CallId(exchange.desk_call("101", LOG_IN))

    assert exchange.tell(DeskCalled(call, PhoneId("101"), LOG_IN)) == []
    assert exchange.hears(call) == ("desk-ask-agent",)


def test_the_desk_knows_the_day_of_the_service_not_of_utc() -> None:
    """23:30 UTC is the next day in Paris."""
    exchange = Exchange(day_plan(working_desk(log_in=LogInBy.CODE)))
    exchange.appear("101")
    exchange.wait(14.5 * 3600.0)
    exchange.tell(TimePassed())

    assert exchange.engine.board.service_day() == date(2026, 11, 24)


def test_a_pause_asked_for_by_http_gets_one_answer(at_work: Exchange) -> None:
    assert at_work.ask("101", Pause(BREAK)) is Reply.PAUSED
    at_work.ask("101", Ready())

    answers = [one for *_, commands in at_work.told for one in commands if isinstance(one, Told)]
    assert [one.reply for one in answers] == [Reply.LOGGED_IN, Reply.PAUSED, Reply.READY]


def test_every_reply_can_be_played() -> None:
    assert {f"desk-{reply.value}" for reply in Reply if reply not in ON_SCREEN} <= PROMPTS


def test_the_rules_have_a_code_for_everything() -> None:
    assert len(set(DeskRules().codes.values())) == len(DeskRules().codes)
