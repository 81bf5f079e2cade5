"""The conversation: how it begins, how it ends, and what is counted."""

import pytest

from router.core.call.distribution import WHISPER_GUARD_S
from router.core.commands import Play, Step
from router.core.desk.duty import RELEASE_S
from router.core.events import LegEnd, LegEnded
from router.core.facts import CallFact, Door, Outcome
from router.core.ids import CallId
from router.core.plan import Targets
from tests.core.call.steps import TWO_EXPERTS
from tests.exchange import Exchange
from tests.service_plan import HOUR, HOUSING, MONDAY_10H, small_plan


@pytest.fixture
def exchange() -> Exchange:
    """Two informateurs of housing at the same level; the first is ready."""
    exchange = Exchange(small_plan(agents=TWO_EXPERTS))
    exchange.appear("101")
    return exchange


# Answered.


def test_the_informateur_hears_the_whisper_then_both_hear_each_other(
    exchange: Exchange,
) -> None:
    exchange.choose_housing()
    exchange.hear_out()
    exchange.answer("101")
    assert exchange.leg("101").prompts == (
        *("whisper-call", "sector-logement", "whisper-waited", "under-a-minute"),
    )
    assert exchange.hears() == ("connecting",)
    assert exchange.talking() == {}
    exchange.hear_whisper("101")

    assert exchange.talking() == {"101": "caller"}
    assert exchange.hears() == ()
    assert exchange.agent("101") == "talking"


def test_a_caller_told_that_somebody_is_coming_is_told_when_nobody_does(exchange: Exchange) -> None:
    exchange.choose_housing()
    exchange.hear_out()
    exchange.answer("101")
    exchange.end_leg("101", LegEnd.HUNG_UP)

    assert exchange.hears() == ("agent-missed",)
    assert exchange.agent("101") == "paused"


def test_the_whisper_says_how_long_the_caller_waited(exchange: Exchange) -> None:
    exchange.talk("101", "first")
    exchange.choose_housing()
    exchange.wait(150.0)
    exchange.appear("102")
    exchange.answer("102")

    assert exchange.leg("102").prompts[-1] == "minutes-2"


def test_a_caller_who_is_still_hearing_a_prompt_is_joined_all_the_same(exchange: Exchange) -> None:
    exchange.talk("101")

    assert exchange.talking() == {"101": "caller"}


def test_a_whisper_that_never_ends_is_cut_short(exchange: Exchange) -> None:
    exchange.choose_housing()
    exchange.answer("101")
    exchange.wait(WHISPER_GUARD_S)

    assert exchange.talking() == {"101": "caller"}


def test_an_informateur_who_hangs_up_during_the_whisper_has_missed_the_call(
    exchange: Exchange,
) -> None:
    exchange.appear("102")
    exchange.choose_housing()
    exchange.answer("101")
    exchange.end_leg("101")

    assert exchange.agent("101") == "paused"
    assert exchange.ringing() == {"102": "caller"}


def test_a_caller_who_hangs_up_during_the_whisper_soon_frees_the_informateur(
    exchange: Exchange,
) -> None:
    exchange.choose_housing()
    exchange.answer("101")
    exchange.leave()
    assert exchange.outcome() is Outcome.ABANDONED
    exchange.confirm_hang_ups()
    exchange.wait(RELEASE_S)

    assert exchange.agent("101") == "ready"


@pytest.mark.parametrize("who", ["caller", "informateur"])
def test_wrap_up_follows_the_conversation(exchange: Exchange, who: str) -> None:
    exchange.talk("101")
    exchange.wait(200.0)
    if who == "caller":
        exchange.leave()
    else:
        exchange.end_leg("101")
        assert exchange.hears() == ("goodbye",)
        exchange.hear_out()
    exchange.confirm_hang_ups()
    assert exchange.outcome() is Outcome.ANSWERED
    assert exchange.bridges == {}
    exchange.choose_housing("next")
    assert exchange.agent("101") == "wrapping up"
    exchange.wait(29.9)
    assert exchange.ringing() == {}
    exchange.wait(0.1)

    assert exchange.ringing() == {"101": "next"}


def test_how_long_they_talked_is_noted(exchange: Exchange) -> None:
    exchange.talk("101")
    exchange.wait(200.0)
    exchange.end_leg("101")

    [done] = [note for note in exchange.notes if note.step is Step.AGENT_DONE]
    assert (done.agent, done.seconds) == ("101", 200.0)


def test_a_caller_whose_informateur_is_cut_off_is_served_next(exchange: Exchange) -> None:
    exchange.talk("101", "cut off")
    exchange.choose_housing("waiting")
    exchange.wait(100.0)
    exchange.end_leg("101", LegEnd.LOST)
    assert exchange.hears("cut off") == ("agent-lost",)
    assert exchange.details(Step.REQUEUED, "cut off") == ["lost"]
    exchange.appear("102")
    assert exchange.ringing() == {"102": "cut off"}
    exchange.answer("102")
    exchange.hear_whisper("102")
    exchange.leave("cut off")

    assert exchange.outcome("cut off") is Outcome.ANSWERED


def test_a_caller_whose_informateur_is_cut_off_is_connected_at_once_if_somebody_is_free(
    exchange: Exchange,
) -> None:
    exchange.appear("102")
    exchange.talk("101")
    exchange.end_leg("101", LegEnd.LOST)

    assert exchange.hears() == ("agent-lost",)
    assert exchange.ringing() == {"102": "caller"}


def test_a_caller_cut_off_who_is_not_served_again_is_lost(exchange: Exchange) -> None:
    exchange.talk("101")
    exchange.end_leg("101", LegEnd.LOST)
    exchange.leave()

    assert exchange.outcome() is Outcome.LOST


def test_an_informateur_whose_phone_vanishes_during_the_conversation_is_logged_out_after_it(
    exchange: Exchange,
) -> None:
    exchange.talk("101")
    exchange.vanish("101")
    assert exchange.talking() == {"101": "caller"}
    assert exchange.agent("101") == "talking"
    exchange.leave()

    assert exchange.agent("101") == "logged out"
    exchange.appear("101")
    assert exchange.agent("101") == "ready"


def test_a_phone_that_vanishes_and_returns_during_the_conversation_stays_logged_in(
    exchange: Exchange,
) -> None:
    exchange.talk("101")
    exchange.vanish("101")
    exchange.appear("101")
    exchange.leave()

    assert exchange.agent("101") == "wrapping up"


def test_an_informateur_who_was_logged_out_by_a_vanished_phone_is_not_paused_on_return(
    exchange: Exchange,
) -> None:
    exchange.choose_housing()
    exchange.wait(15.0)
    assert exchange.agent("101") == "paused"
    exchange.vanish("101")
    exchange.appear("101")

    assert exchange.ringing() == {"101": "caller"}


# What is counted.


def test_what_is_counted_for_a_call() -> None:
    exchange = Exchange(small_plan(agents=TWO_EXPERTS), now=MONDAY_10H + 1801.0)
    exchange.appear("101")
    exchange.arrive()
    exchange.press(exchange.code)
    exchange.end_leg("101", LegEnd.BUSY)
    exchange.wait(19.6)
    exchange.appear("102")
    exchange.answer("102")
    exchange.hear_whisper("102")
    exchange.wait(100.4)
    exchange.leave()

    assert exchange.call_facts() == [
        CallFact(
            period_at=int(MONDAY_10H) + 1800,
            door=Door.CODE,
            sector=HOUSING,
            outcome=Outcome.ANSWERED,
            waited_s=20,
            talked_s=100,
            attempts=2,
            kept=True,
            transfers=0,
            referral=None,
        )
    ]


def test_what_is_counted_for_a_call_that_never_waited(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.wait(3.0)
    exchange.leave()

    [fact] = exchange.call_facts()
    assert (fact.outcome, fact.door, fact.sector) == (Outcome.LEFT, Door.NONE, None)
    assert (fact.waited_s, fact.talked_s, fact.attempts, fact.kept) == (None, None, 0, None)


@pytest.mark.parametrize(("waits_s", "kept"), [(179.0, None), (180.0, None), (181.0, False)])
def test_a_promise_is_broken_only_once_its_instant_has_come(
    exchange: Exchange, waits_s: float, kept: bool | None
) -> None:
    exchange.talk("101", "first")
    exchange.choose_housing()
    exchange.wait(waits_s)
    exchange.leave()

    [fact] = exchange.call_facts()
    assert (fact.outcome, fact.waited_s, fact.kept) == (Outcome.ABANDONED, int(waits_s), kept)
    assert fact.talked_s is None


@pytest.mark.parametrize(("waits_s", "kept"), [(179.0, True), (181.0, False)])
def test_a_promise_is_kept_when_the_conversation_begins_in_time(
    exchange: Exchange, waits_s: float, kept: bool
) -> None:
    exchange.talk("101", "first")
    exchange.choose_housing()
    exchange.wait(waits_s)
    exchange.appear("102")
    exchange.answer("102")
    exchange.hear_whisper("102")
    exchange.leave()

    [fact] = exchange.call_facts()
    assert (fact.kept, fact.door) == (kept, Door.MENU)


def test_the_wait_ends_when_the_caller_is_told_that_it_was_too_long(exchange: Exchange) -> None:
    exchange.talk("101", "first")
    exchange.choose_housing()
    exchange.wait(2700.0)
    exchange.wait(30.0)  # the prompt takes a while
    exchange.leave()

    [fact] = exchange.call_facts()
    assert (fact.outcome, fact.waited_s) == (Outcome.REFUSED_LONG, 2700)


def test_all_conversations_of_a_call_count_as_talk_time(exchange: Exchange) -> None:
    exchange.appear("102")
    exchange.talk("101")
    exchange.wait(100.0)
    exchange.end_leg("101", LegEnd.LOST)
    exchange.wait(7.0)
    exchange.answer("102")
    exchange.hear_whisper("102")
    exchange.wait(50.0)
    exchange.leave()

    [fact] = exchange.call_facts()
    assert (fact.waited_s, fact.talked_s, fact.attempts) == (0, 150, 2)


@pytest.mark.parametrize("why", [Outcome.REFUSED_FULL, Outcome.REFUSED_NO_AGENT, Outcome.CLOSED])
def test_a_refused_caller_is_counted_without_a_wait(why: Outcome) -> None:
    full = Targets(queue_max=0 if why is Outcome.REFUSED_FULL else 100)
    exchange = Exchange(small_plan(targets=full))
    if why is Outcome.CLOSED:
        exchange.now += 10 * HOUR
    exchange.appear("103" if why is Outcome.REFUSED_NO_AGENT else "101")
    if why is Outcome.REFUSED_FULL:
        exchange.talk("101", "other")
    if why is Outcome.CLOSED:
        exchange.arrive()
        exchange.leave()
    else:
        exchange.choose_housing()
        exchange.wait(HOUR)

    [fact] = exchange.call_facts()
    assert (fact.outcome, fact.waited_s, fact.kept) == (why, None, None)


def test_a_conversation_has_no_prompts_but_the_whisper_and_the_goodbye(exchange: Exchange) -> None:
    exchange.talk("101")
    leg = exchange.leg("101")
    exchange.wait(HOUR)  # no announcement disturbs
    commands = exchange.tell(LegEnded(CallId("caller"), leg.id, LegEnd.HUNG_UP))

    assert [one.prompts for one in commands if isinstance(one, Play)] == [("goodbye",)]
