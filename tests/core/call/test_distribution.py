"""From the queue to the informateur and back, in simulated time."""

from datetime import time

import pytest

from router.core.call.distribution import WHISPER_GUARD_S
from router.core.commands import HangUp, Play, Ring, Step
from router.core.desk.duty import RELEASE_S, RING_BACKSTOP_S
from router.core.events import LegAnswered, LegEnd, LegEnded, LegRang, PhoneVanished
from router.core.facts import CallFact, Door, Outcome
from router.core.hours import Hours
from router.core.ids import CallId, PhoneId
from router.core.plan import Targets
from tests.exchange import MUSIC, Exchange
from tests.service_plan import HOUR, HOUSING, MONDAY_10H, agent, small_plan

TWO_EXPERTS = (agent("101", logement=1), agent("102", logement=1))
#: 18:15, when the small plan closes.
CLOSING = MONDAY_10H + 8.25 * HOUR


@pytest.fixture
def exchange() -> Exchange:
    """Two informateurs of housing of the same level, the first of them at work."""
    exchange = Exchange(small_plan(agents=TWO_EXPERTS))
    exchange.appear("101")
    return exchange


# Joining the queue.


def test_a_free_informateur_is_rung_at_once(exchange: Exchange) -> None:
    exchange.choose_housing()

    assert exchange.ringing() == {"101": "caller"}
    assert exchange.hears() == ("queue-joined",)
    exchange.hear_out()
    assert exchange.hears() == MUSIC
    [ring] = [note for note in exchange.notes if note.step is Step.RINGING]
    assert ring.seconds == 0.0


def test_asterisk_gives_up_on_the_phone_a_little_after_we_should_have(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.press("#")
    [ring] = [one for one in exchange.press("2") if isinstance(one, Ring)]

    assert ring.timeout_s == 5 + 15 + RING_BACKSTOP_S


def test_a_queue_full_of_others_refuses_nobody_who_can_be_served_at_once() -> None:
    exchange = Exchange(small_plan(targets=Targets(queue_max=2)))
    exchange.appear("101", "103")
    exchange.talk("101", "talks")
    exchange.choose_housing("first", "second", "refused")
    assert exchange.hears("refused") == ("refused-full",)
    exchange.arrive("of work", "behind")
    exchange.press("#111", "of work")
    exchange.press("#111", "behind")

    assert exchange.ringing() == {"103": "of work"}
    assert exchange.hears("behind") == ("refused-full",)


def test_pages_are_told_whose_callers_are_refused() -> None:
    exchange = Exchange(small_plan(targets=Targets(queue_max=2)))
    exchange.appear("101", "103")
    exchange.talk("101", "talks")
    exchange.choose_housing("first")
    assert [one.is_answered for one in exchange.engine.sectors()] == [True, True]
    exchange.choose_housing("second")
    assert [one.is_answered for one in exchange.engine.sectors()] == [False, True]
    exchange.vanish("103")
    assert [one.is_full for one in exchange.engine.sectors()] == [True, True]


def test_nor_who_waits_a_little_for_an_informateur_of_another_level() -> None:
    exchange = Exchange(small_plan(targets=Targets(queue_max=0, widening_s=(0, 20, 40))))
    exchange.appear("102")
    exchange.choose_housing("served", "refused")
    assert exchange.hears("refused") == ("refused-full",)
    exchange.wait(20.0)

    assert exchange.ringing() == {"102": "served"}


def test_where_the_caller_waits_is_written_on_the_channel(exchange: Exchange) -> None:
    exchange.choose_housing()

    remembered = exchange.caller("caller").remembered
    assert remembered is not None
    assert (remembered.sector, remembered.joined_at) == (HOUSING, MONDAY_10H)


def test_with_everybody_busy_the_caller_hears_the_rank_then_music(exchange: Exchange) -> None:
    exchange.choose_housing("first", "second", "third")

    assert exchange.hears("second") == ("queue-joined", "rank-next")
    assert exchange.hears("third") == ("queue-joined", "people-before-1")
    exchange.hear_out("third")
    assert exchange.hears("third") == MUSIC


def test_a_full_queue_refuses() -> None:
    exchange = Exchange(small_plan(targets=Targets(queue_max=2)))
    exchange.appear("101")
    exchange.choose_housing("rung", "first", "second", "refused")
    assert exchange.hears("refused") == ("refused-full",)
    exchange.hear_out("refused")
    exchange.confirm_hang_ups()

    assert exchange.outcome("refused") is Outcome.REFUSED_FULL
    assert exchange.state("second") == "waiting"


def test_a_full_queue_thanks_for_the_code_before_it_refuses() -> None:
    exchange = Exchange(small_plan(targets=Targets(queue_max=0)))
    exchange.appear("101")
    exchange.talk("101", "other")
    exchange.arrive()
    exchange.press(exchange.code)

    assert exchange.hears() == ("code-accepted", "refused-full")


def test_nobody_on_duty_for_the_sector_refuses() -> None:
    exchange = Exchange()
    exchange.appear("103")  # of another sector
    exchange.choose_housing()
    assert exchange.hears() == ("refused-no-agent",)
    exchange.wait(HOUR)

    assert exchange.outcome() is Outcome.REFUSED_NO_AGENT


def test_who_chooses_a_sector_after_closing_is_refused_and_told_the_next_opening(
    exchange: Exchange,
) -> None:
    exchange.wait(8.24 * HOUR)
    exchange.arrive()
    exchange.press("#")
    exchange.now = CLOSING
    exchange.press("2")
    assert exchange.hears()[:3] == ("refused-closing", "next-opening", "word-tomorrow")
    exchange.wait(HOUR)

    assert exchange.outcome() is Outcome.REFUSED_CLOSING


def test_a_service_that_never_closes_refuses_nobody() -> None:
    always = Hours(week=dict.fromkeys(range(1, 8), ((time.min, time.min),)))
    assert always.closes_at(MONDAY_10H) is None
    exchange = Exchange(small_plan(hours=always))
    exchange.appear("101")
    exchange.choose_housing()

    assert exchange.ringing() == {"101": "caller"}


# Waiting.


def test_waiting_callers_are_told_again_and_again_where_they_stand(exchange: Exchange) -> None:
    exchange.talk("101", "first")
    exchange.choose_housing("second", "third")
    exchange.hear_out("third")
    exchange.wait(60.0)
    assert exchange.hears("third") == ("queue-still", "people-before-1")
    exchange.hear_out("third")
    assert exchange.hears("third") == MUSIC
    exchange.leave("second")
    exchange.wait(60.0)

    assert exchange.hears("third") == ("queue-still", "rank-next")
    assert exchange.details(Step.ANNOUNCED, "third") == ["rank 2", "rank 1"]


def test_the_wait_is_told_once_it_is_known(exchange: Exchange) -> None:
    for number in range(1, 6):
        exchange.talk("101", f"served-{number}")
        exchange.wait(270.0)
        exchange.leave(f"served-{number}")
        exchange.confirm_hang_ups()
        exchange.wait(30.0)
    exchange.talk("101")
    for number in range(1, 6):
        exchange.choose_housing(f"waiting-{number}")

    # 300 s a call with the wrap-up, one informateur: whoever is next may be so in a second.
    assert exchange.hears("waiting-1") == ("queue-joined", "rank-next")
    assert exchange.hears("waiting-5") == (
        *("queue-joined", "people-before-4"),
        *("wait-between", "clock-minute-14", "word-and", "minutes-37"),
    )


def test_an_announcement_that_never_ends_gives_way_to_music(exchange: Exchange) -> None:
    targets = Targets(announce_every_s=300)
    exchange = Exchange(small_plan(agents=TWO_EXPERTS, targets=targets))
    exchange.appear("101")
    exchange.talk("101", "first")
    exchange.choose_housing()
    exchange.wait(120.0)

    assert exchange.hears() == MUSIC


def test_nobody_waits_longer_than_the_longest_wait(exchange: Exchange) -> None:
    exchange.talk("101", "first")
    exchange.choose_housing()
    exchange.wait(2699.0)
    assert exchange.state() == "waiting"
    exchange.wait(1.0)
    assert exchange.hears() == ("refused-long",)
    exchange.hear_out()
    exchange.confirm_hang_ups()

    assert exchange.outcome() is Outcome.REFUSED_LONG


def test_the_longest_wait_ends_though_phones_ring_without_a_break() -> None:
    names = [str(number) for number in range(101, 107)]
    exchange = Exchange(small_plan(agents=tuple(agent(name, logement=1) for name in names)))
    exchange.appear(*names)
    exchange.choose_housing()
    while exchange.state() != "leaving" and exchange.now < MONDAY_10H + HOUR:
        exchange.wait(1.0)

    assert exchange.hears() == ("refused-long",)
    assert exchange.now - MONDAY_10H <= 2700 + 15


def test_the_longest_wait_ends_no_hope_that_is_there() -> None:
    """Nobody answered until it was over; somebody who missed nothing has become free meanwhile."""
    exchange = Exchange(small_plan(agents=TWO_EXPERTS))
    exchange.appear("101")
    exchange.talk("101", "first")
    exchange.choose_housing()
    exchange.wait(2675.0)
    exchange.end_leg("101")  # ready after the wrap-up
    exchange.wait(15.0)
    exchange.appear("102")
    assert exchange.ringing() == {"102": "caller"}
    exchange.wait(15.0)
    assert exchange.ringing() == {"101": "caller"}
    exchange.wait(15.0)

    assert exchange.hears() == ("refused-long",)


def test_who_gives_up_waiting_has_abandoned(exchange: Exchange) -> None:
    exchange.talk("101", "first")
    exchange.choose_housing()
    exchange.wait(30.0)
    exchange.leave()

    assert exchange.outcome() is Outcome.ABANDONED
    assert exchange.state("first") == "talking"


def test_who_waits_at_closing_is_told_and_still_served(exchange: Exchange) -> None:
    exchange.wait(8.24 * HOUR)
    exchange.talk("101", "first")
    exchange.choose_housing()
    exchange.hear_out()
    exchange.wait(CLOSING - exchange.now)
    assert exchange.hears() == ("queue-closing",)
    exchange.hear_out()
    exchange.end_leg("101")
    exchange.wait(30.0)

    assert exchange.ringing() == {"101": "caller"}


def test_what_is_said_at_closing_is_not_cut_by_an_announcement(exchange: Exchange) -> None:
    exchange.talk("101", "first")
    exchange.wait(CLOSING - exchange.now - 58.0)
    exchange.choose_housing()
    exchange.wait(58.0 + 59.0)
    assert exchange.hears() == ("queue-closing",)
    exchange.wait(1.0)

    assert exchange.hears() == ("queue-still", "rank-next")


# Who is served first, and by whom.


def test_callers_are_served_in_the_order_in_which_they_are_due(exchange: Exchange) -> None:
    exchange.talk("101", "talking")
    for call in ("first", "second", "third"):
        exchange.choose_housing(call)
        exchange.wait(1.0)
    served = []
    for _ in range(3):
        exchange.end_leg("101")
        exchange.wait(30.0)
        [call] = exchange.ringing().values()
        served.append(call)
        exchange.answer("101")
        exchange.hear_whisper("101")

    assert served == ["first", "second", "third"]


def test_an_informateur_of_two_sectors_takes_who_is_due_first_of_both() -> None:
    exchange = Exchange(small_plan(agents=(agent("102", logement=1, travail=1),)))
    exchange.appear("102")
    exchange.talk("102", "talking")
    exchange.arrive("work")
    exchange.press("#111", "work")
    exchange.choose_housing("housing")
    exchange.end_leg("102")
    exchange.wait(30.0)

    assert exchange.ringing() == {"102": "work"}


def test_the_longest_idle_informateur_is_asked_first(exchange: Exchange) -> None:
    exchange.wait(10.0)
    exchange.appear("102")
    exchange.talk("101", "first")
    exchange.leave("first")
    exchange.confirm_hang_ups()
    exchange.wait(60.0)
    exchange.choose_housing("second", "third")

    assert exchange.ringing() == {"102": "second", "101": "third"}


def test_a_second_level_is_asked_only_after_the_choice_has_widened() -> None:
    exchange = Exchange()
    exchange.appear("102")
    exchange.choose_housing()
    assert exchange.ringing() == {}
    exchange.wait(59.9)
    assert exchange.ringing() == {}
    exchange.wait(0.1)

    assert exchange.ringing() == {"102": "caller"}


def test_the_choice_widens_level_by_level() -> None:
    exchange = Exchange(small_plan(agents=(agent("101", logement=3), agent("102", travail=1))))
    exchange.appear("101")
    exchange.choose_housing()
    exchange.wait(119.9)
    assert exchange.ringing() == {}
    exchange.wait(0.1)

    assert exchange.ringing() == {"101": "caller"}


def test_a_widened_call_is_taken_by_the_second_level_as_soon_as_it_is_free() -> None:
    exchange = Exchange()
    exchange.appear("101")
    exchange.talk("101", "first")
    exchange.choose_housing()
    exchange.wait(70.0)
    exchange.appear("102")

    assert exchange.ringing() == {"102": "caller"}


# An informateur who does not answer.


def test_who_does_not_answer_is_paused_and_the_next_one_rung(exchange: Exchange) -> None:
    exchange.appear("102")
    exchange.choose_housing()
    exchange.wait(15.0)

    assert exchange.ringing() == {"102": "caller"}
    assert exchange.agent("101") == "paused"
    assert exchange.details(Step.MISSED) == ["no answer"]
    exchange.wait(59.9)
    assert exchange.agent("101") == "paused"
    exchange.wait(0.1)
    assert exchange.agent("101") in ("ready", "ringing")


def test_a_caller_whose_informateur_did_not_answer_keeps_the_rank(exchange: Exchange) -> None:
    exchange.choose_housing("first", "second")
    exchange.wait(15.0)
    assert exchange.state("first") == "waiting"
    exchange.wait(5.0)
    exchange.appear("102")

    assert exchange.ringing() == {"102": "first"}
    assert exchange.steps("first")[-2:] == [Step.MISSED, Step.RINGING]


def test_music_goes_on_from_one_phone_to_the_next(exchange: Exchange) -> None:
    exchange.appear("102")
    exchange.choose_housing()
    exchange.hear_out()
    exchange.wait(15.0)

    assert exchange.hears() == MUSIC


@pytest.mark.parametrize(
    "why", [LegEnd.BUSY, LegEnd.REJECTED, LegEnd.UNREACHABLE, LegEnd.NO_ANSWER, LegEnd.LOST]
)
def test_a_phone_that_refuses_the_call_is_paused_with_the_reason(
    exchange: Exchange, why: LegEnd
) -> None:
    exchange.appear("102")
    exchange.choose_housing()
    exchange.end_leg("101", why)

    assert exchange.ringing() == {"102": "caller"}
    assert exchange.agent("101") == "paused"
    assert exchange.details(Step.MISSED) == [why.value]


def test_a_phone_that_vanishes_while_it_rings_is_logged_out(exchange: Exchange) -> None:
    exchange.appear("102")
    exchange.choose_housing()
    leg = exchange.leg("101").id
    commands = exchange.tell(PhoneVanished(PhoneId("101")))

    assert HangUp(CallId("caller"), leg) in commands
    assert exchange.agent("101") == "logged out"
    assert exchange.ringing() == {"102": "caller"}


def test_a_phone_answered_in_the_instant_we_gave_up_is_hung_up(exchange: Exchange) -> None:
    exchange.choose_housing()
    leg = exchange.leg("101").id
    exchange.wait(15.0)
    commands = exchange.tell(LegAnswered(CallId("caller"), leg))

    assert commands == [HangUp(CallId("caller"), leg)]
    assert exchange.state() == "waiting"


def test_a_phone_has_its_whole_time_from_when_it_begins_to_ring(exchange: Exchange) -> None:
    exchange.rings = False
    exchange.choose_housing()
    assert exchange.agent("101") == "reserved"
    exchange.wait(4.0)
    exchange.tell(LegRang(CallId("caller"), exchange.leg("101").id))
    assert exchange.agent("101") == "ringing"
    exchange.wait(14.0)
    exchange.tell(LegRang(CallId("caller"), exchange.leg("101").id))  # told again
    exchange.wait(0.9)
    assert exchange.state() == "ringing"
    exchange.wait(0.1)

    assert exchange.details(Step.MISSED) == ["no answer"]


def test_a_phone_that_does_not_begin_to_ring_is_given_up_soon(exchange: Exchange) -> None:
    exchange.rings = False
    exchange.appear("102")
    exchange.choose_housing()
    exchange.wait(5.0)

    assert exchange.ringing() == {"102": "caller"}
    assert exchange.details(Step.MISSED) == ["unreachable"]


def test_a_phone_may_be_picked_up_before_anybody_tells_that_it_rings(exchange: Exchange) -> None:
    exchange.rings = False
    exchange.choose_housing()
    leg = exchange.leg("101").id
    exchange.answer("101")
    assert exchange.tell(LegRang(CallId("caller"), leg)) == []
    exchange.hear_whisper("101")

    assert exchange.talking() == {"101": "caller"}


# A caller who leaves while a phone rings.


def test_the_informateur_is_free_once_the_phone_has_stopped_ringing(exchange: Exchange) -> None:
    exchange.choose_housing()
    exchange.leave()
    assert exchange.ringing() == {}
    assert exchange.outcome() is Outcome.ABANDONED
    exchange.choose_housing("second")
    assert exchange.agent("101") == "ringing"
    assert exchange.state("second") == "waiting"
    exchange.confirm_hang_ups()

    assert exchange.ringing() == {"101": "second"}


def test_the_informateur_is_free_after_a_while_though_nobody_told_the_end(
    exchange: Exchange,
) -> None:
    exchange.choose_housing()
    exchange.leave()
    exchange.wait(RELEASE_S - 0.1)
    assert exchange.agent("101") == "ringing"
    exchange.wait(0.1)

    assert exchange.agent("101") == "ready"


def test_the_informateur_keeps_the_idle_rank(exchange: Exchange) -> None:
    exchange.wait(10.0)
    exchange.appear("102")
    exchange.choose_housing()
    exchange.wait(10.0)
    exchange.leave()
    exchange.confirm_hang_ups()
    exchange.choose_housing("second")

    assert exchange.ringing() == {"101": "second"}


# Answered.


def test_the_informateur_is_told_what_it_is_about_then_both_hear_each_other(
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


def test_who_was_told_that_somebody_comes_is_told_when_nobody_does(exchange: Exchange) -> None:
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


def test_a_caller_who_still_hears_a_sentence_is_joined_all_the_same(exchange: Exchange) -> None:
    exchange.talk("101")

    assert exchange.talking() == {"101": "caller"}


def test_a_whisper_that_never_ends_is_cut(exchange: Exchange) -> None:
    exchange.choose_housing()
    exchange.answer("101")
    exchange.wait(WHISPER_GUARD_S)

    assert exchange.talking() == {"101": "caller"}


def test_an_informateur_who_hangs_up_in_the_whisper_has_missed_the_call(
    exchange: Exchange,
) -> None:
    exchange.appear("102")
    exchange.choose_housing()
    exchange.answer("101")
    exchange.end_leg("101")

    assert exchange.agent("101") == "paused"
    assert exchange.ringing() == {"102": "caller"}


def test_a_caller_who_leaves_in_the_whisper_frees_the_informateur_soon(exchange: Exchange) -> None:
    exchange.choose_housing()
    exchange.answer("101")
    exchange.leave()
    assert exchange.outcome() is Outcome.ABANDONED
    exchange.wait(RELEASE_S)

    assert exchange.agent("101") == "ready"


@pytest.mark.parametrize("who", ["caller", "informateur"])
def test_after_the_talk_the_informateur_wraps_up(exchange: Exchange, who: str) -> None:
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


def test_a_caller_whose_informateur_is_cut_off_comes_first(exchange: Exchange) -> None:
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


def test_an_informateur_whose_phone_vanishes_in_the_talk_logs_out_after_it(
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


def test_a_phone_that_vanishes_and_comes_back_in_the_talk_stays_logged_in(
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


def test_what_is_counted_of_a_call() -> None:
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


def test_what_is_counted_of_a_call_that_never_waited(exchange: Exchange) -> None:
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


def test_who_is_told_that_the_longest_wait_is_over_waits_no_longer(exchange: Exchange) -> None:
    exchange.talk("101", "first")
    exchange.choose_housing()
    exchange.wait(2700.0)
    exchange.wait(30.0)  # it takes a while to say so
    exchange.leave()

    [fact] = exchange.call_facts()
    assert (fact.outcome, fact.waited_s) == (Outcome.REFUSED_LONG, 2700)


def test_all_conversations_of_a_call_count_as_talk(exchange: Exchange) -> None:
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
def test_who_is_refused_is_counted_without_a_wait(why: Outcome) -> None:
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


def test_whispers_and_goodbyes_are_the_only_sentences_of_a_talk(exchange: Exchange) -> None:
    exchange.talk("101")
    leg = exchange.leg("101")
    exchange.wait(HOUR)  # no announcement disturbs
    commands = exchange.tell(LegEnded(CallId("caller"), leg.id, LegEnd.HUNG_UP))

    assert [one.prompts for one in commands if isinstance(one, Play)] == [("goodbye",)]
