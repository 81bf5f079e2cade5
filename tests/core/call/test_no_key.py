"""Callers who press nothing: people waiting for a person, and machines."""

from dataclasses import replace

import pytest

from router.core.call.no_key import RECORDING_S
from router.core.commands import Step
from router.core.events import CallerSpoke
from router.core.facts import Door, Outcome
from router.core.ids import CallId
from router.core.plan import CodePolicy, Targets
from router.core.requests import Reply, Transfer
from tests.core.call.steps import INFORMATION, MENU, wrong
from tests.exchange import Exchange
from tests.service_plan import GENERAL, HOUR, HOUSING, MONDAY_10H, general_plan, small_plan


@pytest.fixture
def exchange() -> Exchange:
    """The service is open, with one informateur of housing."""
    exchange = Exchange()
    exchange.appear("101")
    return exchange


def say_nothing(exchange: Exchange) -> None:
    """Hear the prompt out and press nothing until the silence is too long."""
    exchange.hear_out()
    exchange.wait(6.0)


def test_a_caller_who_presses_nothing_reaches_a_person() -> None:
    exchange = Exchange(general_plan())
    exchange.appear("103")
    exchange.arrive()
    exchange.hear_out()
    say_nothing(exchange)
    assert exchange.hears() == ("no-key-hint", *MENU)
    say_nothing(exchange)

    assert exchange.hears() == ("no-key", "queue-joined")
    assert exchange.ringing() == {"103": "caller"}


def test_a_caller_who_presses_nothing_in_a_later_menu_reaches_a_person_too() -> None:
    exchange = Exchange(general_plan())
    exchange.appear("103")
    exchange.arrive()
    exchange.press("#1")
    say_nothing(exchange)
    assert exchange.hears() == ("no-key-hint", "menu-travail")
    say_nothing(exchange)

    assert exchange.hears() == ("no-key", "queue-joined")


def test_callers_who_pressed_nothing_are_counted_separately() -> None:
    exchange = Exchange(general_plan())
    exchange.appear("103")
    exchange.arrive()
    exchange.hear_out()
    say_nothing(exchange)
    say_nothing(exchange)
    exchange.leave()

    [fact] = exchange.call_facts()
    assert (fact.door, fact.sector, fact.outcome) == (Door.NO_KEY, GENERAL, Outcome.ABANDONED)


def test_a_caller_who_pressed_nothing_is_transferred_to_the_domain() -> None:
    exchange = Exchange(general_plan())
    exchange.appear("103")
    exchange.arrive()
    exchange.hear_out()
    say_nothing(exchange)
    say_nothing(exchange)
    exchange.answer("103")
    assert "sector-general" in exchange.informateur_hears("103")
    exchange.hear_whisper("103")
    exchange.appear("101")

    assert exchange.ask("103", Transfer(HOUSING)) is Reply.TRANSFERRED
    assert exchange.ringing() == {"101": "caller"}


def silent_twice(exchange: Exchange, call: str, spoke_s: float | None = None) -> None:
    """Call and press nothing, perhaps saying something meanwhile."""
    exchange.arrive(call)
    exchange.hear_out(call)
    for _ in range(2):
        if spoke_s is not None and exchange.caller(call).listened_to:
            exchange.tell(CallerSpoke(CallId(call), spoke_s))
        exchange.hear_out(call)
        exchange.wait(6.0)


def unheard(most: int) -> Exchange:
    """Nobody is free, so callers who get there wait."""
    exchange = Exchange(replace(general_plan(), targets=Targets(unheard_max=most)))
    exchange.appear("103")
    silent_twice(exchange, "served", spoke_s=1.0)
    assert exchange.ringing() == {"103": "served"}
    return exchange


def test_callers_who_neither_press_nor_speak_are_limited() -> None:
    exchange = unheard(most=2)
    for call in ("machine 1", "machine 2"):
        silent_twice(exchange, call)
        assert exchange.state(call) == "waiting"
    silent_twice(exchange, "machine 3")
    assert exchange.hears("machine 3") == ("refused-unheard",)
    exchange.hear_out("machine 3")
    exchange.confirm_hang_ups()
    assert exchange.outcome("machine 3") is Outcome.REFUSED_FULL


def test_callers_who_are_heard_to_speak_are_never_limited() -> None:
    exchange = unheard(most=1)
    silent_twice(exchange, "machine")
    for call in ("person 1", "person 2"):
        silent_twice(exchange, call, spoke_s=0.8)
        assert exchange.state(call) == "waiting"
        assert Step.SPOKE in exchange.steps(call)


def test_a_recording_that_never_pauses_is_no_person() -> None:
    exchange = unheard(most=1)
    silent_twice(exchange, "machine 1", spoke_s=RECORDING_S)
    silent_twice(exchange, "machine 2", spoke_s=RECORDING_S)

    assert exchange.state("machine 1") == "waiting"
    assert exchange.hears("machine 2") == ("refused-unheard",)


def test_a_caller_who_pressed_a_key_is_no_machine() -> None:
    exchange = unheard(most=1)
    silent_twice(exchange, "machine")
    exchange.arrive("person")
    exchange.press("#1", "person")
    for _ in range(2):
        exchange.hear_out("person")
        exchange.wait(6.0)

    assert exchange.state("person") == "waiting"
    assert not exchange.caller("person").listened_to


def test_after_a_restart_callers_in_the_general_queue_may_be_machines() -> None:
    exchange = Exchange(replace(general_plan(), targets=Targets(unheard_max=1)))
    exchange.find("found", GENERAL, exchange.now - 30.0)
    exchange.appear("103")
    exchange.leave("found")
    assert exchange.call_facts()[-1].door is Door.NO_KEY

    exchange = unheard(most=1)
    exchange.find("found", GENERAL, exchange.now - 30.0)
    silent_twice(exchange, "machine")
    assert exchange.hears("machine") == ("refused-unheard",)


def test_a_place_is_free_again_once_one_of_them_has_left() -> None:
    exchange = unheard(most=1)
    silent_twice(exchange, "machine 1")
    exchange.leave("machine 1")
    silent_twice(exchange, "machine 2")

    assert exchange.state("machine 2") == "waiting"


def test_nobody_is_listened_to_before_the_first_silence_or_without_a_limit() -> None:
    exchange = unheard(most=1)
    exchange.arrive("caller")
    exchange.hear_out("caller")
    exchange.hear_out("caller")
    assert not exchange.caller("caller").listened_to
    exchange.wait(6.0)
    assert exchange.caller("caller").listened_to

    free = Exchange(replace(general_plan(), targets=Targets(unheard_max=0)))
    free.appear("103")
    for call in ("one", "two", "three"):
        silent_twice(free, call)
        assert not free.caller(call).listened_to
        assert free.state(call) in ("ringing", "waiting")


def test_a_caller_who_falls_silent_in_the_information_reaches_a_person_too() -> None:
    """A hash pressed by mistake must not end in goodbye."""
    exchange = Exchange(general_plan())
    exchange.appear("103")
    exchange.arrive()
    exchange.press("##")
    assert exchange.hears() == INFORMATION
    say_nothing(exchange)
    assert exchange.hears() == ("no-key-hint", *INFORMATION)
    say_nothing(exchange)
    assert exchange.hears() == ("no-key", "queue-joined")


def test_while_closed_nobody_gets_into_the_general_queue() -> None:
    exchange = Exchange(general_plan(), now=MONDAY_10H + 10 * HOUR)
    exchange.arrive()
    exchange.wait(HOUR)

    assert exchange.outcome() is Outcome.CLOSED


def test_while_codes_are_being_guessed_the_verdict_is_delayed_right_or_wrong() -> None:
    exchange = Exchange(small_plan(code=CodePolicy(failures_per_minute=2, delay_s=5.0)))
    exchange.appear("101")
    for call in ("a", "b", "c"):
        exchange.arrive(call)
        exchange.press("#" + wrong(exchange.code), call)
    exchange.arrive("right")
    exchange.press("#" + exchange.code, "right")
    assert (exchange.state("right"), exchange.hears("right")) == ("checking", ())

    exchange.press("5", "right")  # too late to change anything
    exchange.wait(4.9)
    assert exchange.state("right") == "checking"
    exchange.wait(0.2)
    assert exchange.hears("right") == ("code-accepted", "queue-joined")

    exchange.wait(60.0)
    exchange.arrive("later")
    exchange.press("#" + exchange.code, "later")
    assert exchange.state("later") == "waiting"
