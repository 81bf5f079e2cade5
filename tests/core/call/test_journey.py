"""The caller's way to a sector, in simulated time: what is pressed, what is heard."""

from dataclasses import replace
from datetime import date

import pytest

from router.core.call.journey import MOST_WRONG_CHOICES, RECORDING_S
from router.core.commands import Step
from router.core.events import CallerSpoke
from router.core.facts import Door, Outcome
from router.core.hours import DayException, Hours
from router.core.ids import CallId, PromptId
from router.core.plan import Back, CodePolicy, Menu, Targets, ToMenu
from router.core.requests import Reply, Transfer
from tests.exchange import MUSIC, Exchange
from tests.service_plan import (
    DOMAINS,
    FICHE,
    GENERAL,
    HOUR,
    HOUSING,
    MAIN,
    MONDAY_10H,
    OFFICE_DAY,
    PAGE,
    code_book,
    general_plan,
    small_plan,
)
from tests.service_plan import INFORMATION as INFORMATION_MENU

MENU = ("menu-main",)
QUESTION = ("code-ask", *MENU)
#: Said again: with the keys that nobody needs at first.
QUESTION_AGAIN = (*QUESTION, "question-keys")
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


# The welcome, and the one question: a code, or a choice of the first menu.


def test_a_code_leads_to_the_sector_of_its_fiche(exchange: Exchange) -> None:
    exchange.arrive()
    assert exchange.hears() == ("welcome",)
    exchange.hear_out()
    assert exchange.hears() == QUESTION
    exchange.hear_out()
    exchange.press(exchange.code)

    assert exchange.hears() == ("code-accepted", "queue-joined")
    assert exchange.ringing() == {"101": "caller"}
    [accepted] = [note for note in exchange.notes if note.step is Step.CODE_ACCEPTED]
    assert (accepted.fiche, accepted.sector) == (FICHE, HOUSING)


def test_a_choice_of_the_first_menu_answers_the_same_question(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.hear_out()
    exchange.press("2")

    assert exchange.hears() == ("queue-joined",)
    assert exchange.ringing() == {"101": "caller"}


def test_no_code_begins_with_a_key_of_the_first_menu() -> None:
    plan = small_plan()
    book = code_book(plan)
    for week in range(200):
        code = book.code(FICHE, MONDAY_10H + week * plan.code.period_s)
        assert not any(key.startswith(code[0]) for key in plan.menus[MAIN].keys)


@pytest.mark.parametrize("keys", ["code", "2"])
def test_the_answer_may_be_typed_from_the_welcome_on(exchange: Exchange, keys: str) -> None:
    exchange.arrive()
    exchange.press(exchange.code if keys == "code" else keys)

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
    assert exchange.hears() == QUESTION

    exchange.wait(5.0)
    exchange.press(exchange.code)

    assert exchange.ringing() == {"101": "caller"}
    assert Step.CODE_REFUSED not in exchange.steps()


def test_a_digit_that_skips_the_welcome_leaves_the_whole_silence_after_the_question(
    exchange: Exchange,
) -> None:
    exchange.arrive()
    exchange.press("5")
    exchange.wait(3.0)
    exchange.hear_out()
    exchange.wait(4.0 + 5.9)
    assert exchange.hears() == ()

    exchange.wait(0.2)
    assert exchange.hears() == ("nothing-heard", *MENU)


def test_a_wrong_code_is_said_and_asked_again(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.press("#" + wrong(exchange.code))
    assert exchange.hears() == ("code-wrong", *QUESTION_AGAIN)

    exchange.press(exchange.code)

    assert exchange.hears() == ("code-accepted", "queue-joined")
    assert exchange.details(Step.CODE_REFUSED) == ["code-wrong"]


def test_after_three_wrong_codes_only_the_menu_is_left(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.press("#" + 2 * wrong(exchange.code))
    assert exchange.state() == "question"
    exchange.press(wrong(exchange.code))
    assert exchange.hears() == ("code-abandoned", *MENU)

    exchange.press("*")  # no help about a code that is no longer taken
    assert exchange.hears() == MENU
    exchange.press(exchange.code)  # no more tries, and none of its digits is a choice
    assert exchange.hears() == ("code-abandoned", *MENU)
    exchange.press("2")
    assert exchange.ringing() == {"101": "caller"}


def test_codes_typed_without_end_end_with_goodbye(exchange: Exchange) -> None:
    exchange.arrive()
    for _ in range(3 + MOST_WRONG_CHOICES):
        exchange.press(wrong(exchange.code))

    assert exchange.hears() == ("code-abandoned", "goodbye")


@pytest.mark.parametrize("tries", [1, 3])
def test_a_hash_right_after_a_code_only_ends_it(tries: int) -> None:
    exchange = Exchange(small_plan(code=CodePolicy(tries=tries)))
    exchange.arrive()
    exchange.press(wrong(exchange.code) + "#")
    assert exchange.hears() == (
        ("code-wrong", *QUESTION_AGAIN) if tries > 1 else ("code-abandoned", *MENU)
    )
    exchange.wait(5.0)
    exchange.press("#")  # later it is what it always is
    assert exchange.hears() == INFORMATION


def code_required() -> Exchange:
    return Exchange(small_plan(code=CodePolicy(required=True)))


def test_three_wrong_codes_lead_to_information_only_when_a_code_is_required() -> None:
    exchange = code_required()
    exchange.arrive()
    exchange.press("#" + 3 * wrong(exchange.code))
    assert exchange.hears() == ("code-abandoned", "code-required", *INFORMATION)

    exchange.press("*")  # no way from there into the menu
    assert exchange.hears() == INFORMATION
    exchange.leave()
    assert exchange.outcome() is Outcome.INFORMED


def test_where_a_code_is_required_it_alone_is_asked_for() -> None:
    exchange = code_required()
    exchange.arrive()
    exchange.hear_out()
    assert exchange.hears() == ("code-ask-alone",)
    exchange.press("2*")  # begins a code, whatever the first menu's keys
    assert exchange.hears() == ("code-help", "code-ask-alone")
    exchange.press("#")

    assert exchange.hears() == ("code-required", *INFORMATION)


def test_hash_leads_from_the_question_to_the_information(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.hear_out()
    exchange.press("#")

    assert exchange.hears() == INFORMATION


def test_a_code_ended_too_early_is_incomplete(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.hear_out()
    exchange.press("5234#")

    assert exchange.hears() == ("code-incomplete", *QUESTION_AGAIN)


def test_a_code_left_unfinished_is_incomplete_after_the_silence(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.hear_out()
    exchange.press("52")
    exchange.wait(3.9)
    exchange.press("3")
    exchange.wait(3.9)
    assert exchange.hears() == ()

    exchange.wait(0.2)
    assert exchange.hears() == ("code-incomplete", *QUESTION_AGAIN)


@pytest.mark.parametrize("keys", ["*", "52*"])
def test_help_explains_the_code_and_costs_no_try(exchange: Exchange, keys: str) -> None:
    exchange.arrive()
    exchange.hear_out()
    exchange.press(keys)
    assert exchange.hears() == ("code-help", *QUESTION_AGAIN)

    exchange.press(exchange.code)
    assert exchange.ringing() == {"101": "caller"}


def test_keys_a_to_d_are_no_part_of_a_code(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.hear_out()
    exchange.press("".join(f"A{digit}D" for digit in exchange.code))

    assert exchange.ringing() == {"101": "caller"}
    assert exchange.engine.counts["keys A-D ignored"] == 15


def test_silence_at_the_question_is_said_once_then_leads_to_the_information(
    exchange: Exchange,
) -> None:
    exchange.arrive()
    exchange.hear_out()
    exchange.hear_out()
    exchange.wait(6.0)
    assert exchange.hears() == ("nothing-heard", *MENU)
    exchange.hear_out()
    exchange.wait(6.0)

    assert exchange.hears() == ("menu-abandoned", *INFORMATION)


def test_a_code_may_still_be_typed_after_the_first_silence(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.hear_out()
    exchange.hear_out()
    exchange.wait(6.0)
    exchange.press(exchange.code)

    assert exchange.ringing() == {"101": "caller"}


def test_a_key_between_two_silences_starts_the_count_anew(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.hear_out()
    exchange.hear_out()
    exchange.wait(6.0)
    exchange.press("1")
    assert exchange.hears() == ("menu-travail",)
    exchange.hear_out()
    exchange.wait(6.0)

    assert exchange.hears() == ("nothing-heard", "menu-travail")


# Who presses nothing.


def say_nothing(exchange: Exchange) -> None:
    """Hear what is said, then nothing, until the silence is too long."""
    exchange.hear_out()
    exchange.wait(6.0)


def test_who_presses_nothing_reaches_a_person() -> None:
    exchange = Exchange(general_plan())
    exchange.appear("103")
    exchange.arrive()
    exchange.hear_out()
    say_nothing(exchange)
    assert exchange.hears() == ("no-key-hint", *MENU)
    say_nothing(exchange)

    assert exchange.hears() == ("no-key", "queue-joined")
    assert exchange.ringing() == {"103": "caller"}


def test_who_presses_nothing_in_a_later_menu_reaches_a_person_too() -> None:
    exchange = Exchange(general_plan())
    exchange.appear("103")
    exchange.arrive()
    exchange.press("#1")
    say_nothing(exchange)
    assert exchange.hears() == ("no-key-hint", "menu-travail")
    say_nothing(exchange)

    assert exchange.hears() == ("no-key", "queue-joined")


def test_who_pressed_nothing_is_counted_apart() -> None:
    exchange = Exchange(general_plan())
    exchange.appear("103")
    exchange.arrive()
    exchange.hear_out()
    say_nothing(exchange)
    say_nothing(exchange)
    exchange.leave()

    [fact] = exchange.call_facts()
    assert (fact.door, fact.sector, fact.outcome) == (Door.NO_KEY, GENERAL, Outcome.ABANDONED)


def test_the_informateur_gives_who_pressed_nothing_on_to_the_domain() -> None:
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
    """Call and press nothing; say something meanwhile, perhaps."""
    exchange.arrive(call)
    exchange.hear_out(call)
    for _ in range(2):
        if spoke_s is not None and exchange.caller(call).listened_to:
            exchange.tell(CallerSpoke(CallId(call), spoke_s))
        exchange.hear_out(call)
        exchange.wait(6.0)


def unheard(most: int) -> Exchange:
    """Nobody is free: who gets there waits."""
    exchange = Exchange(replace(general_plan(), targets=Targets(unheard_max=most)))
    exchange.appear("103")
    silent_twice(exchange, "served", spoke_s=1.0)
    assert exchange.ringing() == {"103": "served"}
    return exchange


def test_of_those_who_neither_press_nor_speak_only_so_many_wait() -> None:
    exchange = unheard(most=2)
    for call in ("machine 1", "machine 2"):
        silent_twice(exchange, call)
        assert exchange.state(call) == "waiting"
    silent_twice(exchange, "machine 3")
    assert exchange.hears("machine 3") == ("refused-unheard",)
    exchange.hear_out("machine 3")
    exchange.confirm_hang_ups()
    assert exchange.outcome("machine 3") is Outcome.REFUSED_FULL


def test_who_is_heard_to_speak_is_never_limited() -> None:
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


def test_who_pressed_a_key_is_no_machine() -> None:
    exchange = unheard(most=1)
    silent_twice(exchange, "machine")
    exchange.arrive("person")
    exchange.press("#1", "person")
    for _ in range(2):
        exchange.hear_out("person")
        exchange.wait(6.0)

    assert exchange.state("person") == "waiting"
    assert not exchange.caller("person").listened_to


def test_after_a_restart_who_waits_in_the_general_queue_may_be_a_machine() -> None:
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


def test_who_falls_silent_in_the_information_reaches_a_person_too() -> None:
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


def test_while_closed_nobody_is_led_to_the_general_queue() -> None:
    exchange = Exchange(general_plan(), now=MONDAY_10H + 10 * HOUR)
    exchange.arrive()
    exchange.wait(HOUR)

    assert exchange.outcome() is Outcome.CLOSED


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


def test_a_menu_met_again_forgets_what_came_after_it() -> None:
    plan = small_plan()
    information = Menu(INFORMATION_MENU, (INFORMATION_PROMPT,), {"2": ToMenu(DOMAINS), "*": Back()})
    exchange = Exchange(small_plan(menus={**plan.menus, INFORMATION_MENU: information}))
    exchange.arrive()
    exchange.press("#1" + "#2" * 5)
    assert exchange.hears() == ("menu-travail",)

    exchange.press("*")
    assert exchange.hears() == QUESTION


def test_a_choice_that_does_not_exist_is_said_and_the_menu_repeated(exchange: Exchange) -> None:
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


def test_wrong_choices_without_end_end_with_goodbye(exchange: Exchange) -> None:
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


def test_who_pressed_a_key_once_is_not_silent(exchange: Exchange) -> None:
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


# Prompts whose end is never told.


def test_every_prompt_that_never_ends_is_taken_as_ended_after_the_guard() -> None:
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


def test_a_hang_up_that_is_never_told_is_forgotten_after_its_guard(exchange: Exchange) -> None:
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
