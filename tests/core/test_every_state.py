"""Anything that may happen in any state of a call: hang-ups, repeated reports, requests."""

from collections.abc import Callable

import pytest

from router.core.call.life import CONVERSATION as TALKED_TO
from router.core.call.life import CallState
from router.core.commands import HangUp, Step
from router.core.events import (
    Absence,
    CallArrived,
    CallFound,
    CallLeft,
    CommandFailed,
    Event,
    KeyPressed,
    LegAnswered,
    LegEnd,
    LegEnded,
    LegKeyPressed,
    LegRang,
    PageCame,
    PageWent,
    PhoneAppeared,
    PhoneVanished,
    PromptEnded,
    SnoopStarted,
    TimePassed,
)
from router.core.facts import Outcome
from router.core.ids import CallId, ChannelId, PhoneId, PlaybackId
from router.core.plan import Plan
from router.core.requests import (
    GRANTED,
    Cancel,
    Complete,
    Consult,
    Hold,
    InCall,
    LogIn,
    Pause,
    Ready,
    Refer,
    Reply,
    Retrieve,
    Transfer,
    Watching,
)
from tests.exchange import Exchange
from tests.service_plan import HEALTH, HOUR, HOUSING, LUNCH, WORK, day_plan, small_plan

CALLER = CallId("caller")
STRANGER = CallId("stranger")


def open_exchange(plan: Plan | None = None) -> Exchange:
    exchange = Exchange(plan or small_plan())
    exchange.appear("101", "103")
    return exchange


@pytest.fixture
def exchange() -> Exchange:
    return open_exchange()


def welcome(exchange: Exchange) -> None:
    exchange.arrive()


def closed(exchange: Exchange) -> None:
    exchange.now += 10 * HOUR
    exchange.arrive()


def question(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.press("#523")


def checking(exchange: Exchange) -> None:
    for call in range(22):
        exchange.arrive(f"guess {call}")
        exchange.press("#50000000", f"guess {call}")
        exchange.leave(f"guess {call}")
    exchange.arrive()
    exchange.press("#" + exchange.code)


def menu(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.press("#11")


def page(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.press("##1")


def waiting(exchange: Exchange) -> None:
    exchange.talk("101", "other")
    exchange.choose_housing()


def ringing(exchange: Exchange) -> None:
    exchange.choose_housing()


def whispering(exchange: Exchange) -> None:
    exchange.choose_housing()
    exchange.answer("101")


def talking(exchange: Exchange) -> None:
    exchange.talk("101")


def held(exchange: Exchange) -> None:
    exchange.talk("101")
    exchange.ask("101", Hold())


def consulting(exchange: Exchange) -> None:
    exchange.talk("101")
    exchange.ask("101", Consult(WORK))


def referring(exchange: Exchange) -> None:
    exchange.talk("101")
    exchange.ask("101", Refer(HEALTH, spoken=False))


def referred(exchange: Exchange) -> None:
    referring(exchange)
    exchange.answer(HEALTH)


def reading(exchange: Exchange) -> None:
    exchange.talk("101")
    exchange.ask("101", Refer(HEALTH, spoken=True))


def voting(exchange: Exchange) -> None:
    exchange.talk("101")
    exchange.end_leg("101")


def leaving(exchange: Exchange) -> None:
    voting(exchange)
    exchange.press("41")


def entering(exchange: Exchange) -> None:
    """The caller has waited long enough to be offered a callback, and accepts."""
    exchange.ask("101", Pause(LUNCH))
    exchange.choose_housing()
    exchange.wait(exchange.plan.callbacks.offer_after_s + exchange.plan.targets.announce_every_s)
    exchange.press("5")
    exchange.ask("101", Ready())


WAYS: dict[str, Callable[[Exchange], None]] = {
    way.__name__: way
    for way in (
        *(welcome, closed, question, checking, menu, page),
        *(waiting, ringing, whispering, entering, talking, held, consulting),
        *(referring, referred, reading, voting, leaving),
    )
}
OUTCOMES = {
    "closed": Outcome.CLOSED,
    "page": Outcome.INFORMED,
    "entering": Outcome.ABANDONED,
    "waiting": Outcome.ABANDONED,
    "ringing": Outcome.ABANDONED,
    "whispering": Outcome.ABANDONED,
    **dict.fromkeys(
        ("talking", "held", "consulting", "referring", "referred", "reading", "voting", "leaving"),
        Outcome.ANSWERED,
    ),
}


def in_state(state: CallState) -> Exchange:
    exchange = open_exchange(day_plan())
    WAYS[state.value](exchange)
    assert exchange.state() == state.value
    return exchange


def call_timers(exchange: Exchange) -> list[object]:
    return [key for key in exchange.engine.board.timers if key[0] == "call"]


@pytest.mark.parametrize("state", CallState)
def test_hanging_up_in_any_state_leaves_nothing_behind(state: CallState) -> None:
    exchange = in_state(state)
    exchange.leave()
    assert exchange.state() is None
    assert exchange.outcome() is OUTCOMES.get(state.value, Outcome.LEFT)
    if state is CallState.WAITING:
        exchange.leave("other")
    assert call_timers(exchange) == []
    exchange.confirm_hang_ups()
    exchange.wait(60.0)

    assert exchange.engine.known() == (frozenset(), frozenset())
    assert exchange.bridges == {}
    assert exchange.talking() == exchange.ringing() == {}
    assert (exchange.agent("101"), exchange.agent("103")) == ("ready", "ready")
    assert len(exchange.engine.board.queue) == 0


@pytest.mark.parametrize("state", CallState)
def test_a_command_that_failed_on_the_caller_ends_the_call_in_any_state(state: CallState) -> None:
    exchange = in_state(state)
    commands = exchange.tell(CommandFailed(CALLER, ChannelId(CALLER)))

    assert HangUp(CALLER, ChannelId(CALLER)) in commands
    assert exchange.state() is None
    assert exchange.outcome() is OUTCOMES.get(state.value, Outcome.LEFT)


@pytest.mark.parametrize("state", CallState)
def test_events_that_mean_nothing_are_counted_and_change_nothing(state: CallState) -> None:
    exchange = in_state(state)
    notes, heard, legs = len(exchange.notes), exchange.hears(), exchange.engine.known()
    nonsense: list[Event] = [
        CallArrived(CALLER),
        CallFound(CALLER, HOUSING, 0.0),
        PromptEnded(CALLER, PlaybackId("run-play-0")),
        LegEnded(CALLER, ChannelId("run-leg-0"), LegEnd.LOST),
        CommandFailed(CALLER, ChannelId("run-leg-0")),
        LegRang(CALLER, ChannelId("run-leg-0")),
        LegKeyPressed(CALLER, ChannelId("run-leg-0"), "*"),
        PhoneAppeared(PhoneId("999")),
        PhoneVanished(PhoneId("999")),
        PageCame(PhoneId("999.web"), in_call=True),
        PageWent(PhoneId("999.web"), Absence.CLOSED),
        CallLeft(STRANGER),
        KeyPressed(STRANGER, "1"),
        PromptEnded(STRANGER, PlaybackId("run-play-1")),
        LegEnded(STRANGER, ChannelId("other-leg-1"), LegEnd.HUNG_UP),
        CommandFailed(STRANGER, ChannelId(STRANGER)),
        TimePassed(),
    ]
    before = sum(exchange.engine.counts.values())
    for event in nonsense:
        assert exchange.tell(event) == []

    assert exchange.state() == state.value
    assert exchange.hears() == heard
    assert exchange.engine.known() == legs
    assert len(exchange.notes) == notes
    assert sum(exchange.engine.counts.values()) == before + len(nonsense) - 1  # time is no nonsense


@pytest.mark.parametrize("state", CallState)
def test_an_unknown_leg_that_answers_is_hung_up_in_any_state(state: CallState) -> None:
    exchange = in_state(state)
    leg = ChannelId("run-leg-0")

    assert exchange.tell(LegAnswered(CALLER, leg)) == [HangUp(CALLER, leg)]
    assert exchange.state() == state.value


@pytest.mark.parametrize("state", CallState)
def test_a_repeated_answer_is_ignored(state: CallState) -> None:
    exchange = in_state(state)
    for leg in list(exchange.legs):
        if leg.alive and leg.answered:
            assert exchange.tell(LegAnswered(leg.call, leg.id)) == []
    assert exchange.state() == state.value


@pytest.mark.parametrize("state", CallState)
def test_an_unexpected_snoop_is_hung_up_in_any_state(state: CallState) -> None:
    exchange = in_state(state)
    snoop = ChannelId("run-snoop-0")

    assert exchange.tell(SnoopStarted(CALLER, snoop)) == [HangUp(CALLER, snoop)]
    assert exchange.state() == state.value


@pytest.mark.parametrize("state", CallState)
def test_every_call_ends_in_one_fact(state: CallState) -> None:
    exchange = in_state(state)
    exchange.leave()
    exchange.confirm_hang_ups()
    exchange.wait(60.0)

    own = [fact for fact in exchange.call_facts() if fact.outcome is exchange.outcome()]
    ends = [note for note in exchange.notes if note.step is Step.ENDED]
    assert len(exchange.call_facts()) == len(ends)
    assert own


def test_a_request_of_an_unknown_informateur_or_supervisor_is_answered() -> None:
    exchange = open_exchange(day_plan())

    assert exchange.ask("999", Hold()) is Reply.NOT_LOGGED_IN
    assert exchange.ask("999", LogIn()) is Reply.NOT_LOGGED_IN
    assert exchange.watch("999", Watching.LISTEN) is Reply.NOT_IN_CALL


@pytest.mark.parametrize("state", sorted(set(CallState) - TALKED_TO))
def test_requests_about_a_call_need_a_call(state: CallState) -> None:
    exchange = in_state(state)
    for request in (Hold(), Retrieve(), Complete(), Cancel(), Transfer(WORK), Consult(WORK)):
        assert exchange.ask("103", request) is Reply.NOT_IN_CALL
    assert exchange.state() == state.value


#: In which states of a call each request may be granted.
MEANS = {
    Hold(): {"talking"},
    Retrieve(): {"held", "consulting", "referring"},
    Transfer(WORK): {"talking", "held"},
    Consult(WORK): {"talking", "held"},
    Refer(HEALTH, spoken=False): {"talking", "held"},
    Refer(HEALTH, spoken=True): {"talking", "held"},
    Cancel(): {"consulting", "referring"},
    Complete(): set[str](),  # not before the colleague has answered
}


@pytest.mark.parametrize("state", ["talking", "held", "consulting", "referring"])
@pytest.mark.parametrize("request_", MEANS, ids=repr)
def test_a_request_at_the_wrong_moment_is_refused_and_changes_nothing(
    state: str, request_: InCall
) -> None:
    exchange = in_state(CallState(state))
    reply = exchange.ask("101", request_)

    if state in MEANS[request_]:
        assert reply in GRANTED
    else:
        assert reply is Reply.NOT_NOW
        assert exchange.state() == state


def test_ignored_events_are_counted_by_name_and_state(exchange: Exchange) -> None:
    exchange.talk("101")
    exchange.press("5")
    exchange.press("5")
    exchange.tell(CallLeft(STRANGER))

    assert exchange.engine.counts["ignored KeyPressed in talking"] == 2
    assert exchange.engine.counts["ignored CallLeft"] == 1


def test_a_failed_command_for_an_unknown_channel_leads_to_no_other(
    exchange: Exchange,
) -> None:
    exchange.arrive()
    failed = CommandFailed(CALLER, ChannelId(CALLER))
    assert exchange.tell(failed)[0] == HangUp(CALLER, ChannelId(CALLER))

    assert exchange.tell(failed) == []
