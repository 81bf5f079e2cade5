"""Who is served first and by whom, and what happens to a call that is not answered."""

import pytest

from router.core.commands import HangUp, Step
from router.core.desk.duty import RELEASE_S
from router.core.events import LegAnswered, LegEnd, LegRang, PhoneVanished
from router.core.facts import Outcome
from router.core.ids import CallId, PhoneId
from tests.core.call.steps import TWO_EXPERTS
from tests.exchange import MUSIC, Exchange
from tests.service_plan import agent, small_plan


@pytest.fixture
def exchange() -> Exchange:
    """Two informateurs of housing at the same level; the first is ready."""
    exchange = Exchange(small_plan(agents=TWO_EXPERTS))
    exchange.appear("101")
    return exchange


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


def test_an_informateur_of_two_sectors_takes_the_caller_due_first_in_either() -> None:
    exchange = Exchange(small_plan(agents=(agent("102", logement=1, travail=1),)))
    exchange.appear("102")
    exchange.talk("102", "talking")
    exchange.arrive("work")
    exchange.press("#111", "work")
    exchange.choose_housing("housing")
    exchange.end_leg("102")
    exchange.wait(30.0)

    assert exchange.ringing() == {"102": "work"}


def test_the_longest_idle_informateur_is_rung_first(exchange: Exchange) -> None:
    exchange.wait(10.0)
    exchange.appear("102")
    exchange.talk("101", "first")
    exchange.leave("first")
    exchange.confirm_hang_ups()
    exchange.wait(60.0)
    exchange.choose_housing("second", "third")

    assert exchange.ringing() == {"102": "second", "101": "third"}


def test_a_second_level_is_rung_only_after_the_choice_has_widened() -> None:
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


def test_an_informateur_who_does_not_answer_is_paused_and_the_next_one_rung(
    exchange: Exchange,
) -> None:
    exchange.appear("102")
    exchange.choose_housing()
    exchange.wait(15.0)

    assert exchange.ringing() == {"102": "caller"}
    assert exchange.agent("101") == "paused"
    assert exchange.details(Step.MISSED) == ["no answer"]
    exchange.confirm_hang_ups()
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


def test_a_phone_picked_up_just_as_we_gave_up_is_hung_up(exchange: Exchange) -> None:
    exchange.choose_housing()
    leg = exchange.leg("101").id
    exchange.wait(15.0)
    commands = exchange.tell(LegAnswered(CallId("caller"), leg))

    assert commands == [HangUp(CallId("caller"), leg)]
    assert exchange.state() == "waiting"


def test_the_time_to_pick_up_counts_from_when_the_phone_begins_to_ring(exchange: Exchange) -> None:
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


def test_a_phone_may_be_picked_up_before_ringing_is_reported(exchange: Exchange) -> None:
    exchange.rings = False
    exchange.choose_housing()
    leg = exchange.leg("101").id
    exchange.answer("101")
    assert exchange.tell(LegRang(CallId("caller"), leg)) == []
    exchange.hear_whisper("101")

    assert exchange.talking() == {"101": "caller"}


# A caller who hangs up while a phone rings.


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


def test_the_informateur_is_free_after_a_while_even_if_the_end_is_never_reported(
    exchange: Exchange,
) -> None:
    exchange.choose_housing()
    exchange.leave()
    exchange.wait(RELEASE_S - 0.1)
    assert exchange.lost == []
    exchange.wait(0.1)
    assert exchange.agent("101") == "ringing"
    exchange.tell_lost()  # Asterisk was asked for the leg

    assert exchange.agent("101") == "ready"


def test_the_informateurs_idle_time_counts_on(exchange: Exchange) -> None:
    exchange.wait(10.0)
    exchange.appear("102")
    exchange.choose_housing()
    exchange.wait(10.0)
    exchange.leave()
    exchange.confirm_hang_ups()
    exchange.choose_housing("second")

    assert exchange.ringing() == {"101": "second"}
