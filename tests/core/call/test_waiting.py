"""From joining the queue until somebody is rung: what callers hear, and who is refused."""

from datetime import time

import pytest

from router.core.commands import Ring, Step
from router.core.desk.duty import RING_BACKSTOP_S
from router.core.facts import Outcome
from router.core.hours import Hours
from router.core.plan import Targets
from tests.core.call.steps import TWO_EXPERTS
from tests.exchange import MUSIC, Exchange
from tests.service_plan import HOUR, HOUSING, MONDAY_10H, agent, small_plan

#: 18:15, when the small plan closes.
CLOSING = MONDAY_10H + 8.25 * HOUR


@pytest.fixture
def exchange() -> Exchange:
    """Two informateurs of housing at the same level; the first is ready."""
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


def test_pages_are_told_which_sectors_refuse_callers() -> None:
    exchange = Exchange(small_plan(targets=Targets(queue_max=2)))
    exchange.appear("101", "103")
    exchange.talk("101", "talks")
    exchange.choose_housing("first")
    assert [one.is_answered for one in exchange.engine.sectors()] == [True, True]
    exchange.choose_housing("second")
    assert [one.is_answered for one in exchange.engine.sectors()] == [False, True]
    exchange.vanish("103")
    assert [one.is_full for one in exchange.engine.sectors()] == [True, True]


def test_a_full_queue_refuses_nobody_who_is_served_after_widening() -> None:
    exchange = Exchange(small_plan(targets=Targets(queue_max=0, widening_s=(0, 20, 40))))
    exchange.appear("102")
    exchange.choose_housing("served", "refused")
    assert exchange.hears("refused") == ("refused-full",)
    exchange.wait(20.0)

    assert exchange.ringing() == {"102": "served"}


def test_where_the_caller_is_waiting_is_noted_on_the_channel(exchange: Exchange) -> None:
    exchange.choose_housing()

    remembered = exchange.caller("caller").remembered
    assert remembered is not None
    assert (remembered.sector, remembered.joined_at) == (HOUSING, MONDAY_10H)


def test_with_everybody_busy_the_caller_hears_the_place_then_music(exchange: Exchange) -> None:
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


def test_a_full_queue_acknowledges_the_code_before_it_refuses() -> None:
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


def test_a_caller_who_chooses_a_sector_after_closing_is_told_the_next_opening(
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


def test_waiting_callers_are_told_their_place_at_intervals(exchange: Exchange) -> None:
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


def test_the_wait_is_announced_once_it_is_known(exchange: Exchange) -> None:
    for number in range(1, 6):
        exchange.talk("101", f"served-{number}")
        exchange.wait(270.0)
        exchange.leave(f"served-{number}")
        exchange.confirm_hang_ups()
        exchange.wait(30.0)
    exchange.talk("101")
    for number in range(1, 6):
        exchange.choose_housing(f"waiting-{number}")

    # 300 s a call with wrap-up, one informateur: the next caller may be answered in a second.
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


def test_the_longest_wait_ends_even_if_phones_ring_all_the_time() -> None:
    names = [str(number) for number in range(101, 107)]
    exchange = Exchange(small_plan(agents=tuple(agent(name, logement=1) for name in names)))
    exchange.appear(*names)
    exchange.choose_housing()
    while exchange.state() != "leaving" and exchange.now < MONDAY_10H + HOUR:
        exchange.wait(1.0)

    assert exchange.hears() == ("refused-long",)
    assert exchange.now - MONDAY_10H <= 2700 + 15


def test_the_longest_wait_does_not_turn_away_a_caller_for_whom_somebody_is_free() -> None:
    """Nobody answered in all that time, but somebody who missed nothing has become free."""
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


def test_a_caller_who_gives_up_waiting_has_abandoned(exchange: Exchange) -> None:
    exchange.talk("101", "first")
    exchange.choose_housing()
    exchange.wait(30.0)
    exchange.leave()

    assert exchange.outcome() is Outcome.ABANDONED
    assert exchange.state("first") == "talking"


def test_callers_who_are_waiting_at_closing_are_told_and_still_served(exchange: Exchange) -> None:
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


def test_the_closing_prompt_is_not_cut_short_by_an_announcement(exchange: Exchange) -> None:
    exchange.talk("101", "first")
    exchange.wait(CLOSING - exchange.now - 58.0)
    exchange.choose_housing()
    exchange.wait(58.0 + 59.0)
    assert exchange.hears() == ("queue-closing",)
    exchange.wait(1.0)

    assert exchange.hears() == ("queue-still", "rank-next")
