"""What a call was about, noted by keys or by HTTP."""

from datetime import date

import pytest

from router.core.facts import SubjectFact
from router.core.ids import FicheId, SectorId
from router.core.plan import LogInBy, Sector
from router.core.requests import LogIn, Note, Noting, Reply, Result
from tests.core.desk.steps import NOTE, after_a_call, dial
from tests.exchange import Exchange
from tests.service_plan import FICHE, HEALTH, HOUSING, WORK, day_plan, small_plan, working_desk

MONDAY = date(2026, 11, 23)


@pytest.fixture
def exchange() -> Exchange:
    """Everybody must log in; all phones are registered."""
    exchange = Exchange(day_plan(working_desk(log_in=LogInBy.CODE)))
    exchange.appear("101", "102", "103", "190")
    return exchange


@pytest.fixture
def at_work(exchange: Exchange) -> Exchange:
    exchange.ask("101", LogIn())
    return exchange


@pytest.mark.parametrize(
    ("keys", "subject", "result", "improve"),
    [
        ("#12", HOUSING, Result.ANSWERED, False),
        ("11#21", WORK, Result.PARTLY, True),
        ("1234#31", FICHE, Result.REFERRED, True),
        ("9*21#42", HOUSING, Result.OUT_OF_SCOPE, False),
    ],
)
def test_a_note_by_phone(
    at_work: Exchange, keys: str, subject: FicheId | SectorId, result: Result, improve: bool
) -> None:
    after_a_call(at_work)
    assert dial(at_work, NOTE) == ("desk-ask-subject",)
    assert dial(at_work, NOTE, keys) == ("desk-noted",)

    facts = [fact for fact in at_work.facts if isinstance(fact, SubjectFact)]
    assert facts == [SubjectFact(MONDAY, HOUSING, subject, result, None, improve)]


def test_the_steps_of_a_note(at_work: Exchange) -> None:
    after_a_call(at_work)
    call = at_work.desk_call("101", NOTE)
    for keys, asked in (
        ("999#", ("desk-unknown-subject", "desk-ask-subject")),
        ("#", ("desk-ask-result",)),
        ("5", ("desk-invalid", "desk-ask-result")),
        ("1", ("desk-ask-improve",)),
        ("0", ("desk-invalid", "desk-ask-improve")),
        ("2", ("desk-noted",)),
    ):
        at_work.press(keys, call)
        assert at_work.hears(call) == asked


def test_a_note_without_a_subject_is_about_the_page_the_caller_came_from(at_work: Exchange) -> None:
    after_a_call(at_work, with_code=True)
    dial(at_work, NOTE, "#12")

    assert at_work.facts[-1] == SubjectFact(MONDAY, HOUSING, FICHE, Result.ANSWERED, None, False)


def test_one_note_for_each_call(at_work: Exchange) -> None:
    after_a_call(at_work)
    assert at_work.ask("101", Note()) is Reply.NOTED

    assert at_work.ask("101", Note()) is Reply.NOTHING_TO_NOTE
    assert dial(at_work, NOTE) == ("desk-nothing-to-note",)


def test_a_note_that_comes_too_late(at_work: Exchange) -> None:
    after_a_call(at_work)
    at_work.wait(30.1)

    assert dial(at_work, NOTE) == ("desk-nothing-to-note",)
    assert at_work.ask("101", Note()) is Reply.NOTHING_TO_NOTE


def test_nothing_to_note_before_the_first_call(at_work: Exchange) -> None:
    assert dial(at_work, NOTE) == ("desk-nothing-to-note",)


@pytest.mark.parametrize("in_the_whisper", [True, False])
def test_a_call_without_a_conversation_is_not_noted(
    at_work: Exchange, in_the_whisper: bool
) -> None:
    at_work.choose_housing()
    if in_the_whisper:
        at_work.answer("101")
    at_work.leave()
    at_work.confirm_hang_ups()

    assert at_work.ask("101", Note()) is Reply.NOTHING_TO_NOTE


def test_a_note_by_http(at_work: Exchange) -> None:
    after_a_call(at_work)
    assert at_work.ask("101", Note(SectorId("nowhere"))) is Reply.UNKNOWN_SUBJECT
    assert at_work.ask("101", Note(FicheId("F999"))) is Reply.UNKNOWN_SUBJECT
    note = Note(WORK, Result.REFERRED, HEALTH, improve=True)
    assert at_work.ask("101", note) is Reply.NOTED

    assert at_work.facts[-1] == SubjectFact(MONDAY, HOUSING, WORK, Result.REFERRED, HEALTH, True)


def test_no_call_comes_while_an_informateur_is_noting_by_phone(at_work: Exchange) -> None:
    at_work.choose_housing("first", "second")
    at_work.answer("101")
    at_work.hear_whisper("101")
    at_work.leave("first")
    at_work.confirm_hang_ups()
    at_work.wait(28.0)
    call = at_work.desk_call("101", NOTE)
    at_work.hear_out(call)
    at_work.wait(5.0)
    assert at_work.ringing() == {}
    at_work.press("#12", call)
    assert at_work.hears(call) == ("desk-noted",)
    at_work.hear_out(call)
    at_work.confirm_hang_ups()
    at_work.wait(0.0)

    assert at_work.ringing() == {"101": "second"}


def test_hanging_up_early_leaves_the_rest_of_the_wrap_up(at_work: Exchange) -> None:
    after_a_call(at_work)
    at_work.wait(10.0)
    call = at_work.desk_call("101", NOTE)
    at_work.wait(5.0)
    at_work.leave(call)
    at_work.wait(14.9)
    assert at_work.agent("101") == "wrapping up"
    at_work.wait(0.1)

    assert at_work.agent("101") == "ready"


def test_more_time_to_note_can_be_asked_for(at_work: Exchange) -> None:
    after_a_call(at_work)
    at_work.wait(28.0)
    assert at_work.ask("101", Noting()) is Reply.NOTING
    at_work.wait(80.0)
    assert at_work.agent("101") == "wrapping up"
    assert at_work.ask("101", Note()) is Reply.NOTED
    at_work.wait(0.1)

    assert at_work.agent("101") == "ready"


def test_more_time_that_is_not_used_ends(at_work: Exchange) -> None:
    after_a_call(at_work)
    at_work.ask("101", Noting())
    at_work.wait(89.9)
    assert at_work.agent("101") == "wrapping up"
    at_work.wait(0.2)

    assert at_work.agent("101") == "ready"
    assert at_work.ask("101", Note()) is Reply.NOTHING_TO_NOTE


def test_a_note_in_good_time_leaves_the_rest_of_the_wrap_up(at_work: Exchange) -> None:
    after_a_call(at_work)
    at_work.ask("101", Noting())
    at_work.wait(10.0)
    at_work.ask("101", Note())
    at_work.wait(19.9)
    assert at_work.agent("101") == "wrapping up"
    at_work.wait(0.2)

    assert at_work.agent("101") == "ready"


def test_no_more_time_without_a_call_to_note(at_work: Exchange) -> None:
    assert at_work.ask("101", Noting()) is Reply.NOTHING_TO_NOTE


def test_an_empty_entry_does_not_mean_a_sector_without_a_code() -> None:
    plan = day_plan(
        sectors={
            id_: Sector(id_, sector.name, sector.ministry, sector.prompt)
            for id_, sector in small_plan().sectors.items()
        }
    )
    exchange = Exchange(plan)
    exchange.appear("101")
    after_a_call(exchange)
    dial(exchange, NOTE, "#12")

    [fact] = [fact for fact in exchange.facts if isinstance(fact, SubjectFact)]
    assert fact.subject == HOUSING
