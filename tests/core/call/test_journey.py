"""The welcome, and the one question: type a code, or choose from the first menu."""

import pytest

from router.core.call.journey import MOST_WRONG_CHOICES
from router.core.commands import Step
from router.core.facts import Outcome
from router.core.plan import CodePolicy
from tests.core.call.steps import INFORMATION, MENU, QUESTION, QUESTION_AGAIN, wrong
from tests.exchange import Exchange
from tests.service_plan import FICHE, HOUSING, MAIN, MONDAY_10H, code_book, small_plan


@pytest.fixture
def exchange() -> Exchange:
    """The service is open, with one informateur of housing."""
    exchange = Exchange()
    exchange.appear("101")
    return exchange


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


def test_a_wrong_code_is_announced_and_asked_for_again(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.press("#" + wrong(exchange.code))
    assert exchange.hears() == ("code-wrong", *QUESTION_AGAIN)

    exchange.press(exchange.code)

    assert exchange.hears() == ("code-accepted", "queue-joined")
    assert exchange.details(Step.CODE_REFUSED) == ["code-wrong"]


def test_after_three_wrong_codes_only_the_menu_remains(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.press("#" + 2 * wrong(exchange.code))
    assert exchange.state() == "question"
    exchange.press(wrong(exchange.code))
    assert exchange.hears() == ("code-abandoned", *MENU)

    exchange.press("*")  # no help with a code once no more are accepted
    assert exchange.hears() == MENU
    exchange.press(exchange.code)  # no more tries, and none of its digits is a choice
    assert exchange.hears() == ("code-abandoned", *MENU)
    exchange.press("2")
    assert exchange.ringing() == {"101": "caller"}


def test_endless_wrong_codes_end_with_goodbye(exchange: Exchange) -> None:
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
    exchange.press("#")  # later it has its usual meaning
    assert exchange.hears() == INFORMATION


def code_required() -> Exchange:
    return Exchange(small_plan(code=CodePolicy(required=True)))


def test_when_a_code_is_required_three_wrong_ones_lead_to_information_only() -> None:
    exchange = code_required()
    exchange.arrive()
    exchange.press("#" + 3 * wrong(exchange.code))
    assert exchange.hears() == ("code-abandoned", "code-required", *INFORMATION)

    exchange.press("*")  # the menu cannot be reached from there
    assert exchange.hears() == INFORMATION
    exchange.leave()
    assert exchange.outcome() is Outcome.INFORMED


def test_when_a_code_is_required_nothing_else_is_offered() -> None:
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


def test_a_code_ended_early_is_incomplete(exchange: Exchange) -> None:
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


def test_silence_at_the_question_is_mentioned_once_then_leads_to_the_information(
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


def test_a_key_between_two_silences_restarts_the_count(exchange: Exchange) -> None:
    exchange.arrive()
    exchange.hear_out()
    exchange.hear_out()
    exchange.wait(6.0)
    exchange.press("1")
    assert exchange.hears() == ("menu-travail",)
    exchange.hear_out()
    exchange.wait(6.0)

    assert exchange.hears() == ("nothing-heard", "menu-travail")
