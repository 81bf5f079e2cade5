"""Figures: what each definition counts, and that every call is counted once."""

import re
from collections import Counter
from datetime import date

import pytest
from hypothesis import given

from router.core.facts import CallFact, Door, DutyFact, Outcome, SubjectFact, VoteFact
from router.core.ids import AgentId, EntryId, FicheId, PromptId, QuestionId
from router.core.plan import NO, YES, Question, yes_or_no
from router.core.requests import Result
from router.report.columns import CLASS, DOOR_NAMES, MODE, MODE_NAMES, OFFERED_CLASSES, Column, Mode
from router.report.counting import (
    by_mode,
    merged,
    mobilised,
    reconciles,
    referrals,
    subjects,
    tally,
)
from router.report.definition import Unit
from router.report.figures import DEFINITIONS, Figure, figure
from router.report.votes import ballot, cast, scores
from router.store import FILE_NAME, Store
from tests.report.days import call_facts, repeated
from tests.service_plan import HOUSING, MONDAY_10H, WORK

MONDAY = date(2026, 11, 23)
TARGET_S = 180
QUESTION = Question(
    QuestionId("satisfaction"),
    PromptId("vote-satisfaction"),
    {"1": 1, "2": 2, "3": 3, "4": 4},
    frozenset({3, 4}),
)


def call(outcome: Outcome = Outcome.ANSWERED, **changes: object) -> CallFact:
    fields: dict[str, object] = {
        "period_at": int(MONDAY_10H),
        "door": Door.MENU,
        "sector": WORK,
        "outcome": outcome,
        "waited_s": 30,
        "talked_s": 200 if outcome is Outcome.ANSWERED else None,
        "attempts": 1,
        "kept": None,
    }
    return CallFact(**{**fields, **changes})  # type: ignore[arg-type]


def of(id_: str, *calls: CallFact) -> Figure:
    return figure(id_, merged(tally(calls, TARGET_S).values()))


def test_every_outcome_has_a_class() -> None:
    assert set(CLASS) == set(Outcome)
    assert set(CLASS.values()) == {*OFFERED_CLASSES, Column.CLOSED, Column.SELF_SERVICE}


def test_every_door_has_a_mode_and_a_name() -> None:
    assert MODE.keys() == DOOR_NAMES.keys() == set(Door)
    assert set(MODE.values()) == MODE_NAMES.keys() == set(Mode)


@pytest.mark.parametrize("door", Door)
@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_at_every_door_is_in_one_class_and_one_mode(
    outcome: Outcome, door: Door
) -> None:
    modes = by_mode([call(outcome, door=door)], TARGET_S)
    assert {mode: counts[Column.TOTAL] for mode, counts in modes.items() if counts} == {
        MODE[door]: 1
    }
    counts = modes[MODE[door]]
    assert reconciles(counts)
    classes = (*OFFERED_CLASSES, Column.CLOSED, Column.SELF_SERVICE)
    assert sum(counts[one] for one in classes) == 1


def test_a_word_has_one_definition_and_a_definition_one_sentence() -> None:
    for words in (
        [one.name for one in DEFINITIONS.values()],
        [one.short for one in DEFINITIONS.values()],
        [one.sentence for one in DEFINITIONS.values()],
        [(one.numerator, one.denominator) for one in DEFINITIONS.values() if one.id != "yes/1"],
    ):
        assert len(set(words)) == len(words)
    for one in DEFINITIONS.values():
        assert re.fullmatch(r"[A-ZÉ«].*\.", one.sentence), one.id
        assert "'" not in one.sentence


def test_every_definition_is_told_in_full() -> None:
    assert all(id_ == one.id and one.name and one.formula for id_, one in DEFINITIONS.items())
    assert all(id_.rpartition("/")[2].isdecimal() for id_ in DEFINITIONS)
    assert all(bool(one.denominator) != (one.unit is Unit.COUNT) for one in DEFINITIONS.values())


@given(calls=repeated(call_facts()))
def test_every_call_is_counted_once(
    tmp_path_factory: pytest.TempPathFactory, calls: list[CallFact]
) -> None:
    """Random days, as stored and read again: whole, by half-hour and sector, and by either."""
    store = Store(tmp_path_factory.mktemp("store") / FILE_NAME)
    for fact in calls:
        store.record(fact)
    store.flush(MONDAY)
    places = tally(store.calls(date(2026, 11, 1), date(2026, 11, 30), "Europe/Paris"), TARGET_S)
    store.close()

    whole = merged(places.values())
    assert whole[Column.TOTAL] == len(calls)
    assert all(reconciles(counts) for counts in (whole, *places.values()))
    for axis in (0, 1):
        keys = {place[axis] for place in places}
        parts = [
            merged(counts for place, counts in places.items() if place[axis] == key) for key in keys
        ]
        assert all(map(reconciles, parts))
        assert merged(parts) == whole


@pytest.mark.parametrize("column", [Column.OFFERED, Column.REFUSED, Column.TOTAL, Column.LATE])
def test_a_call_counted_twice_does_not_reconcile(column: Column) -> None:
    counts = merged(tally([call(), call(Outcome.ABANDONED)], TARGET_S).values())
    assert reconciles(counts)
    counts[column] += 1
    assert not reconciles(counts)


def test_who_never_asked_for_an_informateur_was_not_offered() -> None:
    calls = [call(outcome) for outcome in Outcome]
    assert of("total/1", *calls).value == len(Outcome)
    assert of("self-service/2", *calls).value == 3  # informed, left, silent
    assert of("closed/1", *calls).value == 1
    assert of("offered/2", *calls).value == len(Outcome) - 4  # those, and callers while closed
    assert of("answered/1", *calls).value == 2  # a lost caller had been answered
    assert of("refused/2", *calls).value == 5
    assert of("broken/1", *calls).value == 4  # failed, expired, or lost with its number
    assert of("abandoned/2", *calls).value == 1  # not those who could not be reached


def test_short_abandons_are_part_of_abandons() -> None:
    calls = [call(Outcome.ABANDONED, waited_s=waited) for waited in (0, 9, 10, None)]
    assert of("abandoned/2", *calls).value == 4
    assert of("short-abandon/2", *calls).value == 2


def test_the_service_level_is_of_live_calls() -> None:
    calls = [
        call(waited_s=180),
        call(waited_s=181),
        call(Outcome.ABANDONED, waited_s=60),
        call(Outcome.ABANDONED, waited_s=5),
        call(door=Door.CALLBACK, waited_s=2000),
        call(Outcome.ABANDONED, door=Door.CALLBACK, waited_s=2000),
        call(waited_s=None),
    ]
    assert of("service-level/1", *calls) == Figure("service-level/1", 1 / 2, 1, 2)
    assert of("service-level-abandons/1", *calls) == Figure("service-level-abandons/1", 1 / 3, 1, 3)
    assert of("asa/1", *calls) == Figure("asa/1", 361 / 2, 361, 2)
    assert of("answered-callback/1", *calls).value == 1


def test_the_other_rates() -> None:
    calls = [
        call(kept=True, talked_s=100),
        call(kept=False, talked_s=200),
        call(Outcome.ABANDONED, kept=False),
        call(Outcome.LOST, talked_s=30),
        call(Outcome.REFUSED_FULL),
    ]
    assert of("pickup/2", *calls) == Figure("pickup/2", 3 / 5, 3, 5)
    assert of("talk/1", *calls) == Figure("talk/1", 110, 330, 3)
    assert of("promise-kept/2", *calls) == Figure("promise-kept/2", 1 / 3, 1, 3)


def test_without_calls_counts_are_zero_and_rates_are_none() -> None:
    for id_, definition in DEFINITIONS.items():
        value = of(id_).value
        assert value is None if definition.denominator else value == 0


def test_places_are_half_hours_and_sectors() -> None:
    later = int(MONDAY_10H) + 1800
    places = tally([call(), call(sector=HOUSING), call(period_at=later), call()], TARGET_S)
    assert {place: counts[Column.TOTAL] for place, counts in places.items()} == {
        (int(MONDAY_10H), WORK): 2,
        (int(MONDAY_10H), HOUSING): 1,
        (later, WORK): 1,
    }


def test_notes_and_referrals() -> None:
    fiche, prefecture = FicheId("F1234"), EntryId("prefecture")
    notes = {
        SubjectFact(MONDAY, HOUSING, fiche, Result.ANSWERED, None, improve=True): 2,
        SubjectFact(MONDAY, HOUSING, fiche, Result.REFERRED, prefecture, improve=False): 3,
        SubjectFact(MONDAY, HOUSING, HOUSING, Result.PARTLY, None, improve=False): 1,
    }
    assert subjects(notes) == {
        fiche: Counter({Column.NOTED: 5, Column.IMPROVE: 2, Column.FINE: 3}),
        HOUSING: Counter({Column.NOTED: 1, Column.FINE: 1}),
    }
    assert referrals([call(referral=prefecture), call()], notes) == {
        prefecture: Counter({Column.SENT: 1, Column.ADVISED: 3})
    }


def test_satisfaction_stands_beside_its_response_rate() -> None:
    def vote(score: int | None, question: str = "satisfaction") -> VoteFact:
        return VoteFact(MONDAY, QuestionId(question), score)

    votes = {vote(4): 6, vote(3): 3, vote(1): 1, vote(None): 30, vote(1, "reponse"): 7}
    on_it = cast(votes, QUESTION.id)
    counts = ballot(on_it, QUESTION)
    assert figure("satisfaction/1", counts) == Figure("satisfaction/1", 0.9, 9, 10)
    assert figure("response-rate/1", counts) == Figure("response-rate/1", 0.25, 10, 40)
    assert figure("mean-score/1", counts) == Figure("mean-score/1", 3.4, 34, 10)
    assert scores(on_it, QUESTION) == {1: 1, 2: 0, 3: 3, 4: 6}


def test_yes_and_no_are_counted_and_never_averaged() -> None:
    question = yes_or_no(QuestionId("reponse"), PromptId("vote-reponse"), "1", "2")
    votes = {YES: 6, NO: 4, None: 10}
    counts = ballot(votes, question)
    assert figure("yes/1", counts) == Figure("yes/1", 0.6, 6, 10)
    assert figure("response-rate/1", counts) == Figure("response-rate/1", 0.5, 10, 20)
    assert Column.POINTS not in counts
    assert list(scores(votes, question).items()) == [(YES, 6), (NO, 4)]


def test_an_informateur_is_mobilised_once() -> None:
    days = [date(2026, 11, 23), date(2026, 11, 24)]
    duty = [DutyFact(day, AgentId(agent)) for day in days for agent in ("101", "102")]
    assert mobilised(duty) == 2
