"""The director's page before it is drawn: what stands beside a figure, and what must not be
compared.
"""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.config import Goals, Publication, Published, load
from router.core.facts import BallotFact, CallFact, Door, DutyFact, Outcome, VoteFact
from router.core.ids import AgentId
from router.core.plan import Plan, Targets
from router.report import Report, board_of, publish, year_before
from router.report.director import GIVEN, KEY_FIGURES, QUALITY, Board, Period, Row, board
from router.report.figures import DEFINITIONS
from router.report.words import shown
from tests.report.days import call_facts, repeated
from tests.report.test_votes import OF_SCORES, OF_YES, SCORED, SENTENCES, YES_NO
from tests.service_plan import HOUSING, MONDAY_10H, small_plan
from tests.sums import faults

MONDAY = date(2026, 11, 23)
#: As published for 2025.
PUBLISHED = Published(2025, "Chiffres-clés (2025)", 207_174, 84_354, 45, 0.9)
OLDER = Published(2024, "Bilan 2024", 199_999, None, 44, None)
PLAN = small_plan(questions=(SCORED, YES_NO), targets=Targets(live_target_s=180))
PUBLICATION = Publication(
    Goals(in_time=0.8, callbacks_kept=0.995, satisfied=0.85, abandoned_max=0.05), (PUBLISHED,)
)


def calls(answered: int = 40, callbacks: int = 10, abandoned: int = 10) -> list[CallFact]:
    def call(door: Door, outcome: Outcome, waited_s: int, *, kept: bool | None) -> CallFact:
        talked_s = 200 if outcome is Outcome.ANSWERED else None
        at = int(MONDAY_10H)
        return CallFact(at, door, HOUSING, outcome, waited_s, talked_s, 1, kept)

    return (
        [call(Door.MENU, Outcome.ANSWERED, 30, kept=True)] * answered
        + [call(Door.CALLBACK, Outcome.ANSWERED, 900, kept=True)] * callbacks
        + [call(Door.MENU, Outcome.ABANDONED, 60, kept=None)] * abandoned
    )


def report_of(
    facts: list[CallFact], *, plan: Plan = PLAN, day: date = MONDAY, last: date | None = None
) -> Report:
    votes = {
        VoteFact(day, question.id, score): alike
        for question, cast in ((SCORED, OF_SCORES), (YES_NO, OF_YES))
        for score, alike in cast.items()
    }
    duty = [DutyFact(day, AgentId("101"))]
    return publish(plan, day, last or day, facts, Counter(), votes, duty, SENTENCES)


DAY = report_of(calls())


def rows(told: Board) -> dict[tuple[str, str], Row]:
    return {(row.id, row.name): row for _, group in told.groups for row in group}


def row(told: Board, id_: str) -> Row:
    (found,) = [one for (key, _), one in rows(told).items() if key == id_]
    return found


def year_of(told: Report, year: int, *, whole: bool = True) -> Period:
    """The same figures, as if measured in a whole year."""
    return Period(
        date(year, 1, 1),
        date(year, 12, 31),
        {one.id: one for one in told.figures},
        told.votes,
        whole_year=whole,
    )


# The figures


def test_the_four_published_figures_stand_beside_ours() -> None:
    told = board_of(PLAN, PUBLICATION, DAY)
    name, key = told.groups[0]
    assert name == "Chiffres-clés que le service publie"
    assert [(one.id, one.now, one.published) for one in key] == [
        ("answered/1", "50", "207\u202f174"),
        ("answered-callback/1", "10", "84\u202f354"),
        ("mobilised/1", "1", "45"),
        ("satisfaction/1", "80,0\u00a0%", "90,0\u00a0%"),
    ]
    assert told.published == "Publié pour 2025"
    assert any("Chiffres-clés (2025)" in note for note in told.notes)


def test_the_shipped_plan_has_what_the_service_has_published() -> None:
    (published,) = load(None).publication.published
    assert replace(published, source="") == replace(PUBLISHED, source="")


@given(facts=repeated(call_facts()))
def test_every_figure_is_the_reports_own_and_adds_up(facts: list[CallFact]) -> None:
    report = report_of(facts)
    told = board_of(PLAN, PUBLICATION, report)
    own = {one.id: one for one in report.figures}
    for id_ in (*KEY_FIGURES, *QUALITY):
        if id_ in own:
            assert row(told, id_).now == shown(own[id_])
    assert not faults([("board", [own[id_] for id_ in QUALITY])], {}, DEFINITIONS)


def test_votes_stand_beside_their_response_rate() -> None:
    told = board_of(PLAN, PUBLICATION, DAY)
    assert "Taux de réponse\u00a0: 50,0\u00a0% (100 sur 200\u00a0personnes)." in (
        row(told, "satisfaction/1").remark
    )
    yes = row(told, "yes/1")
    assert yes.name == "Part de «\u00a0oui\u00a0»\u00a0: Avez-vous obtenu la réponse\u00a0?"
    assert yes.now == "75,0\u00a0%"
    assert "(80 sur 120\u00a0personnes)" in yes.remark
    assert row(told, "mean-score/1").remark == "Notes de 1 à 4."


def test_late_votes_are_told_on_it() -> None:
    report = publish(
        *(PLAN, MONDAY, MONDAY, [], Counter(), Counter(), []),
        ballots={BallotFact(MONDAY, SCORED.id): 2},
    )
    told = board_of(PLAN, PUBLICATION, report)
    assert any(note.startswith("2 votes attendent") for note in told.notes)
    assert row(told, "satisfaction/1").remark == row(told, "yes/1").remark == "Aucun vote publié."


def test_a_question_of_scores_that_nobody_is_asked_has_no_figure() -> None:
    plan = replace(PLAN, questions=(YES_NO,))
    told = row(board_of(plan, PUBLICATION, report_of(calls(), plan=plan)), "satisfaction/1")
    assert (told.now, told.published) == ("–", "90,0\u00a0%")
    assert "Aucune question à notes n’est posée." in told.remark


# Goals


@pytest.mark.parametrize(
    ("id_", "goal"),
    [
        ("service-level-offered/2", "80,0\u00a0% au moins\u00a0: atteinte"),
        ("callback-kept/1", "99,5\u00a0% au moins\u00a0: atteinte"),
        ("satisfaction/1", "85,0\u00a0% au moins\u00a0: non atteinte"),
        ("abandonment/2", "5,0\u00a0% au plus\u00a0: non atteinte"),
        ("asa/1", "3\u00a0minutes au plus\u00a0: atteinte"),
        ("pickup/2", ""),
        ("answered/1", ""),
    ],
)
def test_the_plans_goal_is_reached_or_not(id_: str, goal: str) -> None:
    assert row(board_of(PLAN, PUBLICATION, DAY), id_).goal == goal


def test_without_a_figure_a_goal_is_neither_reached_nor_missed() -> None:
    told = board_of(PLAN, PUBLICATION, report_of([]))
    assert row(told, "service-level-offered/2").goal == "80,0\u00a0% au moins"


def test_targets_in_time_are_in_the_names() -> None:
    plan = replace(PLAN, targets=Targets(live_target_s=90))
    told = board_of(plan, PUBLICATION, DAY)
    assert "pris en 1\u00a0min\u00a030\u00a0s au plus" in row(told, "service-level-offered/2").name
    assert row(told, "callback-kept/1").name == "Rappels promis, faits dans les 45\u00a0minutes"


# Figures that cannot be compared


def test_a_part_of_a_year_is_not_compared_with_a_year() -> None:
    told = board_of(PLAN, PUBLICATION, DAY)
    for id_ in ("answered/1", "answered-callback/1", "mobilised/1"):
        assert row(told, id_).remark == "Non comparable\u00a0: ce n’est pas une année entière."


def test_a_year_that_was_counted_in_part_is_no_whole_year() -> None:
    part = report_of(calls(), day=date(2026, 1, 1), last=date(2026, 12, 31))
    assert "Non comparable" in row(board_of(PLAN, PUBLICATION, part), "answered/1").remark


@pytest.mark.parametrize(
    ("year", "remark"), [(2025, "Comparable."), (2026, "Comparable, d’une année à l’autre.")]
)
def test_whole_years_are_compared(year: int, remark: str) -> None:
    assert row(board(PLAN, PUBLICATION, year_of(DAY, year)), "answered/1").remark == remark


def test_satisfaction_is_compared_with_care_whatever_the_days() -> None:
    for told in (board_of(PLAN, PUBLICATION, DAY), board(PLAN, PUBLICATION, year_of(DAY, 2025))):
        assert row(told, "satisfaction/1").remark.startswith("Comparable avec prudence\u00a0: ")


def test_what_was_simulated_proves_nothing_of_what_was_published() -> None:
    simulated = replace(year_of(DAY, 2025), simulated="Chiffres simulés. Hypothèses…")
    told = board(PLAN, PUBLICATION, simulated)
    assert told.days == "Chiffres simulés de l’année 2025"
    assert (told.now, told.about) == ("Simulé", "Chiffres simulés. Hypothèses…")
    for id_ in KEY_FIGURES:
        assert row(told, id_).remark.startswith(f"Non comparable\u00a0: {GIVEN[id_]}.")
    for id_ in ("mean-score/1", "yes/1"):
        assert row(told, id_).remark.startswith("Hypothèse de la simulation.")


# The year before


@pytest.mark.parametrize(
    ("first", "last", "before"),
    [
        (date(2026, 11, 23), date(2026, 11, 27), (date(2025, 11, 24), date(2025, 11, 28))),
        (date(2026, 1, 1), date(2026, 12, 31), (date(2025, 1, 1), date(2025, 12, 31))),
        (date(2024, 2, 1), date(2024, 2, 29), (date(2023, 2, 1), date(2023, 2, 28))),
        (date(2025, 2, 1), date(2025, 2, 28), (date(2024, 2, 1), date(2024, 2, 29))),
        (date(2025, 11, 1), date(2026, 1, 31), (date(2024, 11, 1), date(2025, 1, 31))),
    ],
)
def test_a_year_before_are_the_same_months_or_the_same_weekdays(
    first: date, last: date, before: tuple[date, date]
) -> None:
    assert year_before(first, last) == before


@given(first=st.dates(date(2001, 1, 1), date(2090, 1, 1)), days=st.integers(0, 700))
def test_a_year_before_lies_before_it(first: date, days: int) -> None:
    last = first + timedelta(days=days)
    earlier, until = year_before(first, last)
    assert earlier <= until < last
    assert abs((first - earlier).days - 365) <= 1
    assert abs((until - earlier).days - days) <= 1


def test_what_was_measured_a_year_before_stands_beside() -> None:
    earlier = report_of(calls(20, 5, 5), day=date(2025, 11, 24))
    told = board_of(PLAN, PUBLICATION, DAY, earlier)
    assert told.before == "Mesuré un an plus tôt, le 24 novembre 2025"
    assert [row(told, id_).before for id_ in ("answered/1", "pickup/2", "yes/1")] == [
        *("25", "83,3\u00a0%", "75,0\u00a0%")
    ]
    assert not any("Un an plus tôt" in note for note in told.notes)


def test_of_a_year_before_that_counted_nothing_nothing_is_told() -> None:
    empty = publish(PLAN, MONDAY, MONDAY, [], Counter(), Counter(), [])
    told = board_of(PLAN, PUBLICATION, DAY, empty)
    assert told.before == ""
    assert "D’un an plus tôt, rien n’est connu\u00a0: ni compté ici, ni publié." in told.notes


def test_what_was_published_of_the_year_before_stands_in_for_it() -> None:
    publication = replace(PUBLICATION, published=(OLDER, PUBLISHED))
    told = board(PLAN, publication, year_of(DAY, 2025))
    assert (told.published, told.before) == ("Publié pour 2025", "Publié pour 2024")
    assert (row(told, "answered/1").before, row(told, "answered-callback/1").before) == (
        *("199\u202f999", ""),
    )
    # In the year after the last one published, that is the year before.
    later = board(PLAN, publication, year_of(DAY, 2026))
    assert (later.published, later.before) == ("Publié pour 2025", "")
    assert not any("rien n’est connu" in note for note in later.notes)


def test_a_service_that_has_published_nothing_has_its_own_figures_alone() -> None:
    told = board_of(PLAN, Publication(), DAY)
    assert told.published == ""
    assert row(told, "answered/1") == Row("answered/1", "Appels traités", "50")
    assert "Le plan du service ne contient aucun chiffre publié." in told.notes


def test_what_does_not_add_up_is_told() -> None:
    wrong = replace(year_of(DAY, 2025), reconciles=False)
    assert board(PLAN, PUBLICATION, wrong).notes[0].startswith("Attention")
    assert not board(PLAN, PUBLICATION, year_of(DAY, 2025)).notes[0].startswith("Attention")


def test_what_is_withheld_is_explained() -> None:
    few = publish(
        *(PLAN, MONDAY, MONDAY, [], Counter(), {VoteFact(MONDAY, SCORED.id, 4): 3}, []),
    )
    told = board_of(PLAN, PUBLICATION, few)
    assert row(told, "satisfaction/1").now == "n.\u00a0p."
    assert any("non publié, parce que" in note for note in told.notes)
