"""Menus, recorded information, and what callers hear outside opening hours."""

from datetime import date

import pytest

from router.core.call.journey import MOST_WRONG_CHOICES
from router.core.commands import Step
from router.core.facts import Outcome
from router.core.hours import DayException, Hours
from router.core.menus import Back, Menu, ToMenu
from router.core.plan import Targets
from tests.core.call.steps import INFORMATION, INFORMATION_PROMPT, MENU, QUESTION, QUESTION_AGAIN
from tests.exchange import MUSIC, Exchange
from tests.service_plan import DOMAINS, HOUR, MONDAY_10H, OFFICE_DAY, PAGE, small_plan
from tests.service_plan import INFORMATION as INFORMATION_MENU


@pytest.fixture
def exchange() -> Exchange:
    """The service is open, with one informateur of housing."""
    exchange = Exchange()
    exchange.appear("101")
    return exchange


# Menus.


def test_menu_to_sub_menu_to_a_sector_by_a_choice_of_two_keys(exchange: Exchange) -> None:
    exchange.appear("103")
    exchange.arrive()
    exchange.press("#1")
    assert exchange.hears() == ("menu-travail",)
    exchange.press("1")
    assert exchange.hears() == ()
    exchange.press("1")

    assert exchange.hears() == ("queue-joined",)
    assert exchange.ringing() == {"103": "caller"}
    assert exchange.details(Step.MENU) == ["menu-travail"]


def test_repeat_back_and_information_keys(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.press("#1")
    exchange.press("0")
    assert exchange.hears() == ("menu-travail", "menu-keys")
    exchange.press("*")
    assert exchange.hears() == QUESTION
    exchange.press("0")
    assert exchange.hears() == QUESTION_AGAIN
    exchange.press("1#")
    assert exchange.hears() == INFORMATION
    exchange.press("0")
    assert exchange.hears() == (*INFORMATION, "information-keys")
    exchange.press("*")
    assert exchange.hears() == ("menu-travail",)


def test_back_leads_to_the_question_after_a_look_at_the_information(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.press("##*")
    assert exchange.hears() == QUESTION

    exchange.press(exchange.code)
    assert exchange.ringing() == {"101": "caller"}


def test_returning_to_a_menu_forgets_what_came_after_it() -> None:
    plan = small_plan()
    information = Menu(INFORMATION_MENU, (INFORMATION_PROMPT,), {"2": ToMenu(DOMAINS), "*": Back()})
    exchange = Exchange(small_plan(menus={**plan.menus, INFORMATION_MENU: information}))
    exchange.arrive()
    exchange.press("#1" + "#2" * 5)
    assert exchange.hears() == ("menu-travail",)

    exchange.press("*")
    assert exchange.hears() == QUESTION


def test_a_wrong_choice_is_announced_and_the_menu_repeated(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.press("#19")

    assert exchange.hears() == ("menu-invalid", "menu-travail", "menu-keys")


@pytest.mark.parametrize("keys", ["#1", "##", "##1"])
def test_keys_a_to_d_change_nothing_in_menus_and_pages(exchange: Exchange, keys: str) -> None:
    exchange.arrive()
    exchange.press(keys)
    heard = exchange.hears()
    exchange.press("ABCD" * MOST_WRONG_CHOICES)

    assert exchange.hears() == heard


def test_a_choice_of_two_keys_left_unfinished_is_no_choice(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.press("#11")
    assert exchange.hears() == ()
    exchange.wait(4.0)

    assert exchange.hears() == ("menu-invalid", "menu-travail", "menu-keys")


def test_endless_wrong_choices_end_with_goodbye(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.press("#1" + "9" * (MOST_WRONG_CHOICES - 1))
    assert exchange.hears() == ("menu-invalid", "menu-travail", "menu-keys")
    exchange.press("9")
    assert exchange.hears() == ("menu-invalid", "goodbye")
    exchange.press("9")  # ignored
    exchange.hear_out()
    exchange.confirm_hang_ups()

    assert exchange.outcome() is Outcome.LEFT


def test_silence_without_a_general_queue_leads_to_the_information_then_to_goodbye(
    exchange: Exchange,
) -> None:
    exchange.arrive()
    heard = []
    while exchange.outcome() is None and exchange.now < MONDAY_10H + HOUR:
        if exchange.hears():
            heard.append(exchange.hears())
            exchange.hear_out()
        exchange.confirm_hang_ups()
        exchange.wait(6.0)

    assert heard == [
        ("welcome",),
        QUESTION,
        ("nothing-heard", *MENU),
        ("menu-abandoned", *INFORMATION),
        ("nothing-heard", *INFORMATION),
        ("goodbye",),
    ]
    assert exchange.outcome() is Outcome.SILENT


def test_a_caller_who_pressed_a_key_once_is_not_silent(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.press("#")
    exchange.wait(HOUR)

    assert exchange.outcome() is Outcome.INFORMED


# Information.


def test_after_a_page_the_caller_is_back_in_its_menu(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.press("##1")
    page = exchange.hears()
    assert page[0] == "page-hours-intro"
    assert "@hours" not in page
    assert "hour-18" in page  # the week is spelled out
    exchange.hear_out()
    assert exchange.hears() == INFORMATION

    exchange.leave()
    assert exchange.outcome() is Outcome.INFORMED
    assert exchange.details(Step.PAGE) == [PAGE]


def test_a_key_in_a_page_is_a_choice_of_its_menu(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.press("##1")
    exchange.press("*")

    assert exchange.hears() == QUESTION


# Closed.

CLOSED_HOLIDAY = Hours(
    week=dict.fromkeys(range(1, 6), OFFICE_DAY), holiday_name={date(2026, 11, 23): "Fête"}.get
)
CLOSED_EXCEPTIONALLY = Hours(
    week=dict.fromkeys(range(1, 6), OFFICE_DAY),
    exceptions={date(2026, 11, 23): DayException(reason="Travaux")},
)


@pytest.mark.parametrize(
    ("exchange", "why", "when"),
    [
        (Exchange(now=MONDAY_10H + 10 * HOUR), "closed", "word-tomorrow"),
        (Exchange(now=MONDAY_10H - 2 * HOUR), "closed", "word-today"),
        (Exchange(small_plan(hours=CLOSED_HOLIDAY)), "closed-holiday", "word-tomorrow"),
        (Exchange(small_plan(hours=CLOSED_EXCEPTIONALLY)), "closed-exceptional", "word-tomorrow"),
    ],
    ids=["evening", "morning", "holiday", "exceptional"],
)
def test_closed_says_why_and_until_when_then_offers_information(
    exchange: Exchange, why: str, when: str
) -> None:
    exchange.appear("101")
    exchange.arrive()
    assert exchange.hears()[:4] == ("welcome", why, "next-opening", when)
    exchange.hear_out()
    assert exchange.hears() == INFORMATION

    exchange.press("1")
    exchange.hear_out()
    exchange.press("*")  # not to the code
    assert exchange.hears() == INFORMATION
    exchange.wait(HOUR)
    assert exchange.outcome() is Outcome.CLOSED
    assert exchange.ringing() == {}


def test_a_key_cuts_the_closed_message_and_is_a_choice_of_the_information() -> None:
    exchange = Exchange(now=MONDAY_10H + 10 * HOUR)
    exchange.arrive()
    exchange.press("1")

    assert exchange.hears()[0] == "page-hours-intro"


# Prompts whose end is never reported.


def test_a_prompt_that_never_ends_is_considered_over_after_the_guard() -> None:
    targets = Targets(prompt_guard_s=30)
    exchange = Exchange(small_plan(targets=targets))
    exchange.arrive()
    heard = []
    while exchange.outcome() is None and exchange.now < MONDAY_10H + HOUR:
        heard.append(exchange.hears())
        exchange.wait(30.0)

    assert heard[:2] == [("welcome",), QUESTION]
    assert heard[-3:] == [("nothing-heard", *INFORMATION), ("goodbye",), ()]
    assert exchange.outcome() is Outcome.SILENT


def test_a_page_that_never_ends_goes_back_to_the_menu_after_the_guard(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.press("##1")
    exchange.wait(120.0)

    assert exchange.hears() == INFORMATION


def test_a_hang_up_that_is_never_reported_is_assumed_after_its_guard(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.press("#1" + "9" * MOST_WRONG_CHOICES)
    exchange.hear_out()
    assert exchange.caller("caller").hung_up
    assert exchange.outcome() is None
    exchange.wait(10.0)

    assert exchange.outcome() is Outcome.LEFT


def test_music_is_not_heard_before_the_queue(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.press("#")
    exchange.hear_out()

    assert exchange.hears() != MUSIC
