"""The caller's way to a sector, in simulated time: what is pressed, what is heard."""

from datetime import date

import pytest

from router.core.commands import Outcome, Step
from router.core.hours import DayException, Hours
from router.core.ids import PromptId
from router.core.journey import MOST_WRONG_CHOICES
from router.core.plan import Back, CodePolicy, Menu, Targets, ToMenu
from tests.caller import MUSIC, Exchange
from tests.service_plan import (
    DOMAINS,
    FICHE,
    HOUR,
    HOUSING,
    MONDAY_10H,
    OFFICE_DAY,
    PAGE,
    small_plan,
)
from tests.service_plan import INFORMATION as INFORMATION_MENU

MENU = ("menu-main",)
INFORMATION_PROMPT = PromptId("information-menu")
INFORMATION = (INFORMATION_PROMPT,)


@pytest.fixture
def exchange() -> Exchange:
    """A service that is open, with one informateur of housing."""
    exchange = Exchange()
    exchange.appear("101")
    return exchange


def wrong(code: str) -> str:
    """A code with one wrong digit: the check digit sees it."""
    return str((int(code[0]) + 1) % 10) + code[1:]


# Welcome and code.


def test_a_code_leads_to_the_sector_of_its_fiche(exchange: Exchange) -> None:
    exchange.arrive()
    assert exchange.hears() == ("welcome",)
    exchange.hear_out()
    assert exchange.hears() == ("code-ask",)
    exchange.hear_out()
    exchange.press(exchange.code)

    assert exchange.hears() == ("code-accepted", "queue-joined")
    assert exchange.ringing() == {"101": "caller"}
    [accepted] = [note for note in exchange.notes if note.step is Step.CODE_ACCEPTED]
    assert (accepted.fiche, accepted.sector) == (FICHE, HOUSING)


def test_the_code_may_be_typed_from_the_welcome_on(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.press(exchange.code)

    assert exchange.ringing() == {"101": "caller"}


def test_the_first_key_of_the_code_silences_the_question(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.hear_out()
    exchange.press(exchange.code[0])

    assert exchange.hears() == ()


@pytest.mark.parametrize("key", ["0", "5", "*", "#", "A"])
def test_a_key_may_only_skip_the_welcome(exchange: Exchange, key: str) -> None:
    exchange.arrive()
    exchange.press(key)
    assert exchange.hears() == ("code-ask",)

    exchange.wait(5.0)
    exchange.press(exchange.code)

    assert exchange.ringing() == {"101": "caller"}
    assert Step.CODE_REFUSED not in exchange.steps()


def test_a_digit_that_skips_the_welcome_leaves_the_whole_silence_after_the_question(
    exchange: Exchange,
) -> None:
    exchange.arrive()
    exchange.press("1")
    exchange.wait(3.0)
    exchange.hear_out()
    exchange.wait(4.0 + 5.9)
    assert exchange.hears() == ()

    exchange.wait(0.2)
    assert exchange.hears() == ("code-nothing-heard", "code-ask")


def test_a_wrong_code_is_said_and_asked_again(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.press("#" + wrong(exchange.code))
    assert exchange.hears() == ("code-wrong", "code-ask")

    exchange.press(exchange.code)

    assert exchange.hears() == ("code-accepted", "queue-joined")
    assert exchange.details(Step.CODE_REFUSED) == ["code-wrong"]


def test_three_wrong_codes_lead_to_the_menu(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.press("#" + 2 * wrong(exchange.code))
    assert exchange.state() == "code"
    exchange.press(wrong(exchange.code))

    assert exchange.hears() == ("code-abandoned", *MENU)


def test_three_wrong_codes_lead_to_information_only_when_a_code_is_required() -> None:
    exchange = Exchange(small_plan(code=CodePolicy(required=True)))
    exchange.arrive()
    exchange.press("#" + 3 * wrong(exchange.code))
    assert exchange.hears() == ("code-abandoned", "code-required", *INFORMATION)

    exchange.press("*")  # no way from there into the menu
    assert exchange.hears() == INFORMATION
    exchange.leave()
    assert exchange.outcome() is Outcome.INFORMED


def test_no_code_leads_to_the_menu(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.hear_out()
    exchange.press("#")

    assert exchange.hears() == MENU


def test_a_code_ended_too_early_is_incomplete(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.hear_out()
    exchange.press("1234#")

    assert exchange.hears() == ("code-incomplete", "code-ask")


def test_a_code_left_unfinished_is_incomplete_after_the_silence(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.hear_out()
    exchange.press("12")
    exchange.wait(3.9)
    exchange.press("3")
    exchange.wait(3.9)
    assert exchange.hears() == ()

    exchange.wait(0.2)
    assert exchange.hears() == ("code-incomplete", "code-ask")


def test_help_explains_the_code_and_costs_no_try(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.hear_out()
    exchange.press("12*")
    assert exchange.hears() == ("code-help", "code-ask")

    exchange.press(exchange.code)
    assert exchange.ringing() == {"101": "caller"}


def test_keys_a_to_d_are_no_part_of_a_code(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.hear_out()
    exchange.press("".join(f"A{digit}D" for digit in exchange.code))

    assert exchange.ringing() == {"101": "caller"}
    assert exchange.engine.counts["keys A-D ignored"] == 15


def test_silence_at_the_code_is_said_once_then_leads_to_the_menu(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.hear_out()
    exchange.hear_out()
    exchange.wait(6.0)
    assert exchange.hears() == ("code-nothing-heard", "code-ask")
    exchange.hear_out()
    exchange.wait(6.0)

    assert exchange.hears() == MENU


def test_a_key_between_two_silences_starts_the_count_anew(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.hear_out()
    exchange.hear_out()
    exchange.wait(6.0)
    exchange.press("#")
    assert exchange.hears() == MENU
    exchange.hear_out()
    exchange.wait(6.0)

    assert exchange.hears() == ("menu-nothing-heard", *MENU)


def test_when_codes_are_being_guessed_right_and_wrong_are_answered_late() -> None:
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


# Menus.


def test_menu_to_sub_menu_to_a_sector_by_a_choice_of_two_keys(exchange: Exchange) -> None:
    exchange.appear("103")
    exchange.arrive()
    exchange.press("##1")
    assert exchange.hears() == ("menu-travail",)
    exchange.press("1")
    assert exchange.hears() == ()
    exchange.press("1")

    assert exchange.hears() == ("queue-joined",)
    assert exchange.ringing() == {"103": "caller"}
    assert exchange.details(Step.MENU) == ["menu-main", "menu-travail"]


def test_repeat_back_and_information_keys(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.press("##1")
    exchange.press("0")
    assert exchange.hears() == ("menu-travail",)
    exchange.press("*")
    assert exchange.hears() == MENU
    exchange.press("1#")
    assert exchange.hears() == INFORMATION
    exchange.press("*")
    assert exchange.hears() == ("menu-travail",)


def test_back_from_the_first_menu_leads_to_the_code(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.press("##*")
    assert exchange.hears() == ("code-ask",)

    exchange.press(exchange.code)
    assert exchange.ringing() == {"101": "caller"}


def test_back_leads_to_the_code_after_a_look_at_the_information_too(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.press("###*")
    assert exchange.hears() == MENU
    exchange.press("*")

    assert exchange.hears() == ("code-ask",)


def test_a_menu_met_again_forgets_what_came_after_it() -> None:
    plan = small_plan()
    information = Menu(INFORMATION_MENU, (INFORMATION_PROMPT,), {"2": ToMenu(DOMAINS), "*": Back()})
    exchange = Exchange(small_plan(menus={**plan.menus, INFORMATION_MENU: information}))
    exchange.arrive()
    exchange.press("##1" + "#2" * 5)
    assert exchange.hears() == ("menu-travail",)

    exchange.press("*")
    assert exchange.hears() == MENU


@pytest.mark.parametrize("keys", ["9", "A", "D"])
def test_a_choice_that_does_not_exist_is_said_and_the_menu_repeated(
    exchange: Exchange, keys: str
) -> None:
    exchange.arrive()
    exchange.press("##" + keys)

    assert exchange.hears() == ("menu-invalid", *MENU)


def test_a_choice_of_two_keys_left_unfinished_is_no_choice(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.press("##11")
    assert exchange.hears() == ()
    exchange.wait(4.0)

    assert exchange.hears() == ("menu-invalid", "menu-travail")


def test_wrong_choices_without_end_end_with_goodbye(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.press("##" + "9" * (MOST_WRONG_CHOICES - 1))
    assert exchange.hears() == ("menu-invalid", *MENU)
    exchange.press("9")
    assert exchange.hears() == ("menu-invalid", "goodbye")
    exchange.press("9")  # ignored
    exchange.hear_out()
    exchange.confirm_hang_ups()

    assert exchange.outcome() is Outcome.LEFT


def test_silence_in_the_menus_leads_to_the_information_then_to_goodbye(
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
        ("code-ask",),
        ("code-nothing-heard", "code-ask"),
        MENU,
        ("menu-nothing-heard", *MENU),
        ("menu-abandoned", *INFORMATION),
        ("menu-nothing-heard", *INFORMATION),
        ("goodbye",),
    ]
    assert exchange.outcome() is Outcome.SILENT


def test_who_pressed_a_key_once_is_not_silent(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.press("#")
    exchange.wait(HOUR)

    assert exchange.outcome() is Outcome.INFORMED


# Information.


def test_after_a_page_the_caller_is_back_in_its_menu(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.press("###1")
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
    exchange.press("###1")
    exchange.press("*")

    assert exchange.hears() == MENU


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
    assert exchange.hears()[:3] == (why, "next-opening", when)
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


# Prompts whose end is never told.


def test_every_prompt_that_never_ends_is_taken_as_ended_after_the_guard() -> None:
    targets = Targets(prompt_guard_s=30)
    exchange = Exchange(small_plan(targets=targets))
    exchange.arrive()
    heard = []
    while exchange.outcome() is None and exchange.now < MONDAY_10H + HOUR:
        heard.append(exchange.hears())
        exchange.wait(30.0)

    assert heard[:2] == [("welcome",), ("code-ask",)]
    assert heard[-3:] == [("menu-nothing-heard", *INFORMATION), ("goodbye",), ()]
    assert exchange.outcome() is Outcome.SILENT


def test_a_page_that_never_ends_goes_back_to_the_menu_after_the_guard(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.press("###1")
    exchange.wait(120.0)

    assert exchange.hears() == INFORMATION


def test_a_hang_up_that_is_never_told_is_forgotten_after_its_guard(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.press("##" + "9" * MOST_WRONG_CHOICES)
    exchange.hear_out()
    assert exchange.callers["caller"].hung_up
    assert exchange.outcome() is None
    exchange.wait(10.0)

    assert exchange.outcome() is Outcome.LEFT


def test_music_is_not_heard_before_the_queue(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.press("##")
    exchange.hear_out()

    assert exchange.hears() != MUSIC
