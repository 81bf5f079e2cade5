"""The caller's vote: two questions, one key each, and nothing that leads back to the call."""

from collections.abc import Callable
from dataclasses import fields
from datetime import date

import pytest

from router.core.commands import Counted
from router.core.events import CommandFailed, LegEnd
from router.core.facts import BallotFact, Outcome, VoteFact
from router.core.ids import CallId, ChannelId
from router.core.requests import Refer, Transfer
from tests.exchange import Exchange
from tests.service_plan import ANSWERED, HEALTH, SATISFIED, WORK, day_plan, small_plan

FIRST, SECOND = ("vote-intro", "vote-satisfaction"), ("vote-reponse",)
MONDAY = date(2026, 11, 23)


@pytest.fixture
def exchange() -> Exchange:
    """The informateur has hung up; the caller has not."""
    exchange = Exchange(day_plan())
    exchange.appear("101", "103")
    exchange.talk("101")
    exchange.wait(60.0)
    exchange.end_leg("101")
    return exchange


def votes(exchange: Exchange) -> list[tuple[str, int | None]]:
    facts = [fact for fact in exchange.facts if isinstance(fact, VoteFact)]
    return [(fact.question, fact.score) for fact in facts]


def test_two_questions_one_key_each(exchange: Exchange) -> None:
    assert exchange.hears() == FIRST
    exchange.hear_out()
    exchange.press("3")
    assert exchange.hears() == SECOND
    exchange.press("2")  # during the question
    assert exchange.hears() == ("vote-thanks",)
    exchange.hear_out()
    exchange.confirm_hang_ups()

    assert votes(exchange) == [(SATISFIED, 3), (ANSWERED, 0)]
    assert exchange.outcome() is Outcome.ANSWERED


def test_a_wrong_key_is_pointed_out_once(exchange: Exchange) -> None:
    exchange.press("9")
    assert exchange.hears() == ("vote-invalid", "vote-satisfaction")
    exchange.press("4")
    assert exchange.hears() == SECOND
    exchange.press("#")
    assert exchange.hears() == ("vote-invalid", "vote-reponse")  # once for each question
    exchange.press("A")

    assert exchange.hears() == ("goodbye",)
    assert votes(exchange) == [(SATISFIED, 4), (ANSWERED, None)]


@pytest.mark.parametrize(
    ("key", "counted"),
    [("", [(SATISFIED, None)]), ("1", [(SATISFIED, 1), (ANSWERED, None)])],
)
def test_a_caller_who_does_not_answer_is_thanked(
    exchange: Exchange, key: str, counted: list[tuple[str, int | None]]
) -> None:
    if key:
        exchange.press(key)
    exchange.hear_out()
    exchange.wait(5.9)
    assert exchange.state() == "voting"
    exchange.wait(0.1)

    assert exchange.hears() == ("goodbye",)
    assert votes(exchange) == counted


def test_a_question_whose_end_is_never_reported_is_not_waited_for(exchange: Exchange) -> None:
    exchange.wait(120.0)

    assert exchange.hears() == ("goodbye",)
    assert votes(exchange) == [(SATISFIED, None)]


@pytest.mark.parametrize("keys", ["", "4", "9", "49"])
def test_a_caller_who_hangs_up_has_not_answered_the_question(exchange: Exchange, keys: str) -> None:
    if keys:
        exchange.press(keys)
    exchange.leave()

    scores = [(SATISFIED, 4), (ANSWERED, None)] if "4" in keys else [(SATISFIED, None)]
    assert votes(exchange) == scores
    assert exchange.outcome() is Outcome.ANSWERED


def test_a_caller_who_is_already_gone_has_not_answered_either(exchange: Exchange) -> None:
    exchange.tell(CommandFailed(CallId("caller"), ChannelId("caller")))

    assert votes(exchange) == [(SATISFIED, None)]


def test_keys_after_the_last_answer_do_not_count(exchange: Exchange) -> None:
    exchange.press("41")
    exchange.press("1234")

    assert votes(exchange) == [(SATISFIED, 4), (ANSWERED, 1)]


def test_a_service_without_questions_says_goodbye() -> None:
    exchange = Exchange(small_plan())
    exchange.appear("101")
    exchange.talk("101")
    exchange.end_leg("101")

    assert exchange.hears() == ("goodbye",)
    exchange.hear_out()
    assert votes(exchange) == []


def refer_dialled(exchange: Exchange) -> None:
    exchange.ask("101", Refer(HEALTH, spoken=False))
    exchange.answer(HEALTH)
    exchange.end_leg(HEALTH)


def refer_spoken(exchange: Exchange) -> None:
    exchange.ask("101", Refer(HEALTH, spoken=True))
    exchange.hear_out()


def transfer(exchange: Exchange) -> None:
    exchange.ask("101", Transfer(WORK))
    exchange.answer("103")
    exchange.hear_whisper("103")
    exchange.end_leg("103")


@pytest.mark.parametrize("way", [refer_dialled, refer_spoken, transfer])
def test_callers_who_were_referred_or_transferred_may_vote_too(
    way: Callable[[Exchange], None],
) -> None:
    exchange = Exchange(day_plan())
    exchange.appear("101", "103")
    exchange.talk("101")
    way(exchange)

    assert exchange.hears() == FIRST


def test_a_caller_who_was_cut_off_is_served_and_not_asked() -> None:
    exchange = Exchange(day_plan())
    exchange.appear("101")
    exchange.talk("101")
    exchange.end_leg("101", LegEnd.LOST)
    exchange.leave()

    assert votes(exchange) == []


@pytest.mark.parametrize("keys", ["", "4", "41", "9"])
def test_that_somebody_was_asked_is_counted_once_with_the_first_vote(
    exchange: Exchange, keys: str
) -> None:
    assert not ballots(exchange)
    if keys:
        exchange.press(keys)
    exchange.leave()

    assert ballots(exchange) == [BallotFact(MONDAY, SATISFIED)]


def ballots(exchange: Exchange) -> list[BallotFact]:
    return [fact for fact in exchange.facts if isinstance(fact, BallotFact)]


# A vote cannot be tied to its call.


def test_a_vote_says_the_day_the_question_and_the_score_only() -> None:
    assert [one.name for one in fields(VoteFact)] == ["day", "question", "score"]
    assert [one.name for one in fields(BallotFact)] == ["day", "question"]
    assert type(VoteFact(MONDAY, SATISFIED, 4).day) is date


def test_nothing_but_the_count_says_how_a_caller_voted() -> None:
    """Of two callers who vote differently, everything else the service says is the same."""

    def told(key: str) -> list[object]:
        exchange = Exchange(day_plan())
        exchange.appear("101")
        exchange.talk("101")
        exchange.end_leg("101")
        before = len(exchange.told)
        exchange.press(key)
        exchange.press("1")
        exchange.hear_out()
        exchange.confirm_hang_ups()
        return [
            one
            for *_, commands in exchange.told[before:]
            for one in commands
            if not (isinstance(one, Counted) and isinstance(one.fact, VoteFact))
        ]

    assert told("1") == told("4")


def test_a_call_does_not_remember_how_its_caller_voted() -> None:
    def known_after(key: str) -> dict[str, str]:
        exchange = Exchange(day_plan())
        exchange.appear("101")
        exchange.talk("101")
        exchange.end_leg("101")
        exchange.press(key)
        call = exchange.engine.board.calls[CallId("caller")]
        return {
            one.name: repr(getattr(call, one.name)) for one in fields(call) if one.name != "item"
        }

    assert known_after("1") == known_after("4")
