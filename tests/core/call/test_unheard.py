"""A prompt that breaks off was not heard: the listener is gone, or its file is missing."""

import pytest

from router.core.call.distribution import VERIFY_S
from router.core.call.life import CallState
from router.core.callback.tickets import Failure, TicketState
from router.core.commands import Step, Verify
from router.core.events import LegEnd, LegEnded, PromptFailed
from router.core.facts import Outcome, VoteFact
from router.core.ids import AgentId, CallId, PlaybackId, TicketId
from router.core.requests import Consult, Refer, Reply, Transfer, Watching
from router.core.routing import ENDS_WITHIN_S
from tests.exchange import MUSIC, Exchange
from tests.service_plan import HEALTH, HOUSING, WORK, agent, day_plan

SOON_S = ENDS_WITHIN_S + VERIFY_S
AGENTS = (agent("101", logement=1), agent("102", logement=1), agent("103", travail=1))


@pytest.fixture
def exchange() -> Exchange:
    """Two informateurs of housing, of whom the first is ready, and one of work."""
    exchange = Exchange(day_plan(agents=AGENTS))
    exchange.appear("101", "103")
    return exchange


def whisper_breaks_off(exchange: Exchange, agent: str, call: str = "caller") -> None:
    exchange.break_off(exchange.leg(agent).playback, call)


def said_breaks_off(exchange: Exchange, call: str = "caller") -> None:
    exchange.break_off(exchange.caller(call).playback, call)


# The informateur.


def test_hanging_up_during_the_whisper_misses_the_call_but_loses_no_caller() -> None:
    impatient = [f"20{number}" for number in range(8)]
    exchange = Exchange(day_plan(agents=tuple(agent(one, logement=1) for one in impatient)))
    exchange.appear(*impatient)
    exchange.choose_housing()
    for one in impatient:
        assert exchange.ringing() == {one: "caller"}
        exchange.answer(one)
        exchange.end_leg(one)
        assert exchange.agent(one) == "paused"
    assert exchange.state() == "waiting"
    assert exchange.hears() == ("agent-missed",)
    exchange.choose_housing("behind")
    exchange.wait(exchange.plan.targets.reject_pause_s)

    assert exchange.ringing()["200"] == "caller", "still the first"
    assert Step.TALKING not in exchange.steps()


def test_the_pause_is_that_of_a_call_rejected(exchange: Exchange) -> None:
    exchange.choose_housing()
    exchange.answer("101")
    exchange.end_leg("101")
    desk = exchange.engine.board.roster.desks[AgentId("101")]

    assert (desk.state, desk.reason, desk.misses) == ("paused", "rejected", 1)
    assert exchange.details(Step.MISSED) == ["hung up"]


def test_a_leg_whose_end_is_reported_late_is_joined_with_nobody(exchange: Exchange) -> None:
    """The router stood still: what fell due is done before what happened meanwhile is reported."""
    exchange.appear("102")
    exchange.choose_housing()
    exchange.answer("101")
    whisper_breaks_off(exchange, "101")
    leg = exchange.lose_leg("101")
    exchange.now += 60.0
    exchange.tell(LegEnded(leg.call, leg.id, LegEnd.HUNG_UP))

    assert exchange.ringing() == {"102": "caller"}
    assert Step.TALKING not in exchange.steps()


def test_a_leg_whose_end_is_never_reported_is_verified(exchange: Exchange) -> None:
    exchange.appear("102")
    exchange.choose_housing()
    exchange.answer("101")
    whisper_breaks_off(exchange, "101")
    exchange.lose_leg("101")
    exchange.wait(ENDS_WITHIN_S)
    exchange.tell_lost()

    assert exchange.ringing() == {"102": "caller"}
    assert exchange.details(Step.MISSED) == ["unreachable"]


def test_a_whisper_without_a_file_does_not_prevent_the_conversation(exchange: Exchange) -> None:
    exchange.choose_housing()
    exchange.answer("101")
    whisper_breaks_off(exchange, "101")
    assert exchange.talking() == {}
    exchange.wait(SOON_S)

    assert exchange.talking() == {"101": "caller"}
    assert Step.UNPLAYED in exchange.steps()
    asked = [one for *_, told in exchange.told for one in told if isinstance(one, Verify)]
    assert asked == [Verify(CallId("caller"), exchange.leg("101").id)]


def test_the_same_goes_for_a_transfer(exchange: Exchange) -> None:
    exchange.talk("101")
    assert exchange.ask("101", Transfer(WORK)) is Reply.TRANSFERRED
    exchange.answer("103")
    exchange.end_leg("103")

    assert exchange.state() == "waiting"
    assert exchange.agent("103") == "paused"
    assert exchange.steps().count(Step.TALKING) == 1


def test_a_colleague_who_hangs_up_during_the_whisper_was_not_consulted(exchange: Exchange) -> None:
    exchange.talk("101")
    exchange.ask("101", Consult(WORK))
    exchange.answer("103")
    exchange.end_leg("103")

    assert exchange.together("101", "caller")
    assert exchange.agent("103") == "paused"
    assert Step.CONSULTED not in exchange.steps()


def test_a_colleague_is_joined_without_the_whisper_if_still_there(exchange: Exchange) -> None:
    exchange.talk("101")
    exchange.ask("101", Consult(WORK))
    exchange.answer("103")
    whisper_breaks_off(exchange, "103")
    assert not exchange.together("101", "103")
    exchange.wait(SOON_S)

    assert exchange.together("101", "103")


def test_a_colleague_who_is_gone_is_found_out(exchange: Exchange) -> None:
    exchange.talk("101")
    exchange.ask("101", Consult(WORK))
    exchange.answer("103")
    whisper_breaks_off(exchange, "103")
    exchange.lose_leg("103")
    exchange.wait(ENDS_WITHIN_S)
    exchange.tell_lost()

    assert exchange.together("101", "caller")
    assert exchange.agent("103") == "paused"


@pytest.mark.parametrize("who", ["caller", "101"])
def test_a_supervisor_hears_nothing_if_one_of_the_two_was_not_told(
    exchange: Exchange, who: str
) -> None:
    exchange.appear("190")
    exchange.talk("101")
    exchange.watch("101", Watching.LISTEN)
    exchange.answer("190")
    if who == "caller":
        said_breaks_off(exchange)
    else:
        whisper_breaks_off(exchange, "101")
        assert exchange.caller("caller").playback is None, "cut short"

    assert not any(leg.alive for leg in exchange.legs if leg.name == "190")
    assert Step.WATCHED not in exchange.steps()
    assert exchange.together("101", "caller")


# The caller.


def test_a_caller_who_hangs_up_while_a_number_is_read_out_is_not_asked_to_vote(
    exchange: Exchange,
) -> None:
    exchange.talk("101")
    exchange.ask("101", Refer(HEALTH, spoken=True))
    assert exchange.state() == CallState.READING
    exchange.leave()

    assert Step.VOTE_ASKED not in exchange.steps()
    assert not [fact for fact in exchange.facts if isinstance(fact, VoteFact)]


@pytest.mark.parametrize("keys", ["", "#", "##", "#1", "#2"])
def test_nothing_is_played_or_logged_once_a_caller_is_hanging_up(
    exchange: Exchange, keys: str
) -> None:
    exchange.arrive()
    if keys:
        exchange.press(keys)
    said = exchange.caller("caller").playback
    assert said is not None
    exchange.lose_caller("caller")

    assert exchange.tell(PromptFailed(CallId("caller"), said)) == []


def test_a_service_without_a_voice_still_lets_callers_through(exchange: Exchange) -> None:
    """No file can be played at all: nothing loops, and keys work as ever."""
    exchange.arrive()
    said_breaks_off(exchange)  # the welcome
    exchange.wait(ENDS_WITHIN_S)
    assert exchange.hears() == ("code-ask", "menu-main")
    said_breaks_off(exchange)
    exchange.press("1")
    said_breaks_off(exchange)  # the menu
    exchange.press("*2")
    said_breaks_off(exchange)
    exchange.wait(ENDS_WITHIN_S)
    assert exchange.hears() == MUSIC
    exchange.answer("101")
    said_breaks_off(exchange)
    whisper_breaks_off(exchange, "101")
    exchange.wait(SOON_S)

    assert exchange.talking() == {"101": "caller"}
    assert exchange.steps().count(Step.UNPLAYED) == 4


def test_a_service_without_a_voice_keeps_nobody_in_a_loop(exchange: Exchange) -> None:
    exchange.arrive()
    for _ in range(100):
        if exchange.caller("caller").hung_up:
            break
        if exchange.caller("caller").playback is not None:
            said_breaks_off(exchange)
        at = exchange.engine.next_deadline()
        assert at is not None
        exchange.wait(at - exchange.now)
    exchange.confirm_hang_ups()

    assert exchange.outcome() in (Outcome.SILENT, Outcome.INFORMED)


def test_a_broken_prompt_is_forgotten_once_another_is_played(exchange: Exchange) -> None:
    exchange.arrive()
    said_breaks_off(exchange)
    exchange.press("#")  # skips the welcome: the question is put
    asked = exchange.caller("caller").playback
    exchange.wait(ENDS_WITHIN_S)

    assert exchange.caller("caller").playback == asked
    assert Step.UNPLAYED not in exchange.steps()


def test_a_broken_prompt_is_reported_twice_and_late(exchange: Exchange) -> None:
    exchange.choose_housing()
    exchange.answer("101")
    whisper = exchange.leg("101").playback
    exchange.hear_whisper("101")
    assert whisper is not None
    for late in (whisper, PlaybackId("run-play-0")):
        assert exchange.tell(PromptFailed(CallId("caller"), late)) == []
        assert exchange.tell(PromptFailed(CallId("stranger"), late)) == []
    exchange.wait(SOON_S)

    assert exchange.talking() == {"101": "caller"}


# Calls to the desk, and callbacks.


def test_a_desk_call_goes_on_without_the_prompt(exchange: Exchange) -> None:
    call = exchange.desk_call("101", "11")
    said_breaks_off(exchange, call)
    exchange.press("101#1111#", call)

    assert exchange.hears(call) == ("desk-already-logged-in",)


def test_an_informateur_who_hangs_up_on_a_callback_has_missed_it(exchange: Exchange) -> None:
    """The second attempt goes to another informateur."""
    exchange.appear("102")
    exchange.ask_callback("t", HOUSING)
    exchange.answer("101")
    dialled = exchange.attempt("t")
    exchange.end_leg("101")

    assert exchange.caller(dialled).hung_up
    assert exchange.agent("101") == "paused"
    assert exchange.saved[TicketId("t")].failure is Failure.INTERRUPTED
    assert exchange.ringing().keys() == {"102"}


def test_a_person_who_cannot_hear_the_question_is_no_voicemail(exchange: Exchange) -> None:
    exchange.ask_callback("t", HOUSING)
    exchange.answer("101")
    call = exchange.pick_up("t")
    for _ in range(2):
        said_breaks_off(exchange, call)
        exchange.wait(exchange.plan.targets.first_key_s)

    ticket = exchange.saved[TicketId("t")]
    assert (ticket.state, ticket.failure) == (TicketState.WAITING, Failure.INTERRUPTED)


def test_a_person_who_hangs_up_during_the_question_has_hung_up(exchange: Exchange) -> None:
    exchange.ask_callback("t", HOUSING)
    exchange.answer("101")
    exchange.leave(exchange.pick_up("t"))

    assert exchange.saved[TicketId("t")].failure is Failure.HUNG_UP
