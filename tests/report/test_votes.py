"""What is published about a question: a share with the response rate; a mean, if of scores."""

import json
import re
from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.facts import BallotFact, VoteFact
from router.core.ids import PromptId, QuestionId
from router.core.plan import NO, YES, Question, yes_or_no
from router.report import Report, as_json, as_page, as_text, publish
from router.report.columns import Column
from router.report.counting import reconciles
from router.report.figures import DEFINITIONS, Figure
from router.report.votes import Vote, satisfaction, turnout, vote_on
from tests.report.test_page import Page
from tests.service_plan import small_plan
from tests.sums import faults

DAY = date(2026, 11, 23)
SCORED = Question(
    QuestionId("satisfaction"),
    PromptId("vote-satisfaction"),
    {"1": 1, "2": 2, "3": 3, "4": 4},
    frozenset({3, 4}),
)
YES_NO = yes_or_no(QuestionId("reponse"), PromptId("vote-reponse"), "1", "2")
SENTENCES = {
    SCORED.prompt: "Êtes-vous satisfait ? Tapez un chiffre, de 1 à 4.",
    YES_NO.prompt: "Avez-vous obtenu la réponse ? Si oui, tapez 1.",
}
#: Many votes, so that nothing is withheld.
OF_SCORES = {1: 10, 2: 10, 3: 20, 4: 60, None: 100}
OF_YES = {YES: 60, NO: 20, None: 40}


def report_of(*asked: tuple[Question, dict[int | None, int]]) -> Report:
    votes = Counter(
        {
            VoteFact(DAY, question.id, score): alike
            for question, given in asked
            for score, alike in given.items()
        }
    )
    plan = small_plan(questions=tuple(question for question, _ in asked))
    return publish(plan, DAY, DAY, [], Counter(), votes, [], SENTENCES)


BOTH = report_of((YES_NO, OF_YES), (SCORED, OF_SCORES))


def told(vote: Vote) -> dict[str, float | None]:
    return {one.id: one.value for one in vote.figures}


def test_a_question_of_scores_has_a_rate_of_satisfaction_and_a_mean() -> None:
    vote = vote_on(SCORED, OF_SCORES, SENTENCES)
    assert told(vote) == {
        "satisfaction/1": 0.8,
        "mean-score/1": 3.3,
        "response-rate/1": 0.5,
        "asked/1": 200,
        "answers/1": 100,
    }
    assert [line.name for line in vote.table.lines] == [
        *("Note 1", "Note 2", "Note 3 (satisfait)", "Note 4 (satisfait)")
    ]


def test_a_question_of_yes_or_no_has_a_share_of_yes_and_no_mean() -> None:
    vote = vote_on(YES_NO, OF_YES, SENTENCES)
    assert told(vote) == {
        "yes/1": 0.75,
        "response-rate/1": pytest.approx(2 / 3),
        "asked/1": 120,
        "answers/1": 80,
    }
    assert [(line.name, line.figures[0].value) for line in vote.table.lines] == [
        ("Oui", 60),
        ("Non", 20),
    ]
    assert vote.table.title == "Réponses"


def test_no_form_of_the_report_calls_yes_and_no_scores() -> None:
    report = report_of((YES_NO, OF_YES))
    text, document, page = as_text(report), json.loads(as_json(report)), as_page(report)
    assert "75,0\u00a0%  Part de «\u00a0oui\u00a0»" in text
    assert "satisfaction" not in text
    assert "Note" not in text.replace("notes", "")
    (vote,) = document["votes"]
    assert vote["kind"] == "yes/no"
    assert [one["id"] for one in vote["figures"]] == [
        *("yes/1", "response-rate/1", "asked/1", "answers/1")
    ]
    before_definitions = [words for tag, words in Page(page).texts]
    end = before_definitions.index("Définitions")
    assert not [one for one in before_definitions[:end] if "satisf" in one or "Note" in one]
    assert "de réponses «\u00a0oui\u00a0»" in before_definitions


def test_the_key_figure_is_that_of_the_first_question_of_scores() -> None:
    vote = satisfaction(BOTH.votes)
    assert vote is not None
    assert vote.question == "satisfaction"
    key = as_text(BOTH).partition("Appels\n")[0]
    assert (
        "80,0\u00a0%  taux de satisfaction des usagers (taux de réponse\u00a0: 50,0\u00a0%)" in key
    )
    assert "Part de" not in key
    cards = as_page(BOTH).partition("</dl>")[0]
    assert "taux de satisfaction" in cards
    assert "yes/1" not in cards
    assert satisfaction(report_of((YES_NO, OF_YES)).votes) is None


def test_the_scale_stands_beside_the_mean() -> None:
    assert "notes de 1 à 4" in as_text(BOTH)
    assert "note moyenne (notes de 1 à 4)" in as_page(BOTH)


@given(
    votes=st.dictionaries(
        st.none() | st.integers(1, 4), st.integers(0, 9) | st.integers(10, 40), max_size=5
    )
)
def test_the_mean_tells_no_score_that_is_withheld(votes: dict[int | None, int]) -> None:
    """A mean is one more equation: it is only published if every score is."""
    vote = vote_on(SCORED, votes, SENTENCES)
    scores = [line.figures[0] for line in vote.table.lines]
    assert vote.mean is not None
    assert vote.mean.withheld is any(one.withheld for one in scores)
    if not vote.mean.withheld:
        points = sum(
            int(line.key) * (one.value or 0)
            for line, one in zip(vote.table.lines, scores, strict=True)
        )
        assert vote.mean.numerator == points
    assert not faults([("vote", vote.figures)], {vote.table.id: vote.table}, DEFINITIONS)


def test_a_question_that_nobody_was_asked_has_nothing_to_divide() -> None:
    for question in (SCORED, YES_NO):
        vote = vote_on(question, {}, {})
        assert vote.share.value is None
        assert vote.answers == Figure("answers/1", 0)
        assert vote.text == question.id


# Votes that wait


def turnout_of(
    invited: int, published: int, *, today: date = DAY, question: Question = SCORED
) -> Report:
    plan = small_plan(questions=(question,))
    votes = Counter({VoteFact(DAY, question.id, None): published} if published else {})
    ballots = {BallotFact(DAY, question.id): invited} if invited else {}
    return publish(
        plan, DAY, DAY, [], Counter(), votes, [], SENTENCES, ballots=ballots, today=today
    )


def values(report: Report) -> list[float | None]:
    """Invited, published, late, lost."""
    return [one.value for one in report.turnout]


@pytest.mark.parametrize("question", [SCORED, YES_NO])
def test_votes_that_wait_are_said_to_be_late_not_absent(question: Question) -> None:
    report = turnout_of(1, 0, question=question)
    assert values(report) == [1, 0, 1, 0]
    assert not report.empty
    text = as_text(report)
    key = text.partition("Appels\n")[0]
    assert re.search(r"1  vote attend d’être publié +late-votes/1", key)
    assert "1 vote attend d’être publié\u00a0: un vote n’est publié qu’avec d’autres" in text
    assert "aucun taux ne le compte." in " ".join(text.split("\n"))
    page = Page(as_page(report)).texts
    assert ("dt", "vote attend d’être publié") in page
    assert any(tag == "p.note" and words.startswith("1 vote attend") for tag, words in page)
    assert json.loads(as_json(report))["turnout"][2] == {"id": "late-votes/1", "value": 1}


def test_nothing_is_said_of_late_votes_where_none_is() -> None:
    report = turnout_of(7, 7)
    assert values(report) == [7, 7, 0, 0]
    assert "0  Personnes dont le vote attend d’être publié" in as_text(report)
    for told in (as_text(report), as_page(report).partition("Définitions")[0]):
        assert not re.search(
            "votes? attend(ent)? d’être|ont été perdus", told.replace("le vote", "")
        )


def test_votes_that_wait_are_in_no_rate() -> None:
    report = turnout_of(12, 8)
    assert values(report) == [12, 8, 4, 0]
    assert report.votes[0].response == Figure("response-rate/1", 0.0, 0, 8)


def test_what_waited_on_a_day_that_is_over_was_lost() -> None:
    report = turnout_of(12, 8, today=DAY + timedelta(days=1))
    assert values(report) == [12, 8, 0, 4]
    assert "4 votes ont été perdus" in as_text(report)
    assert "alors qu’ils attendaient d’être publiés" in as_page(report)
    assert "1 vote a été perdu" in as_page(turnout_of(1, 0, today=DAY + timedelta(days=1)))


def test_days_before_it_was_counted_who_was_asked_have_no_votes_but_those_published() -> None:
    before, question = DAY - timedelta(days=400), SCORED
    votes = {
        VoteFact(before, question.id, 4): 9,
        VoteFact(before, YES_NO.id, YES): 8,
        VoteFact(DAY, question.id, None): 3,
    }
    counts = turnout({BallotFact(DAY, question.id): 5}, votes, DAY)
    assert [counts[one] for one in (Column.INVITED, Column.PUBLISHED, Column.WAITING)] == [
        14,
        12,
        2,
    ]
    assert reconciles(counts)


def test_another_first_question_loses_no_vote_of_the_day() -> None:
    ballots = {BallotFact(DAY, SCORED.id): 6, BallotFact(DAY, YES_NO.id): 7}
    votes = {VoteFact(DAY, SCORED.id, 4): 6, VoteFact(DAY, YES_NO.id, YES): 5}
    counts = turnout(ballots, votes, DAY)
    assert [counts[one] for one in (Column.INVITED, Column.PUBLISHED, Column.WAITING)] == [
        13,
        11,
        2,
    ]


QUESTIONS = st.sampled_from([SCORED.id, YES_NO.id])
DAYS = st.sampled_from([DAY - timedelta(days=1), DAY])


@given(
    ballots=st.dictionaries(st.builds(BallotFact, DAYS, QUESTIONS), st.integers(1, 9)),
    votes=st.dictionaries(
        st.builds(VoteFact, DAYS, QUESTIONS, st.none() | st.integers(0, 1)), st.integers(1, 9)
    ),
)
def test_who_was_invited_has_a_vote_that_is_published_late_or_lost(
    ballots: dict[BallotFact, int], votes: dict[VoteFact, int]
) -> None:
    plan = small_plan(questions=(SCORED, YES_NO))
    report = publish(plan, DAY, DAY, [], Counter(), Counter(votes), [], ballots=ballots, today=DAY)
    assert report.reconciles
    assert not faults([("turnout", report.turnout)], {}, DEFINITIONS)
    assert values(report)[0] >= sum(ballots.values())  # type: ignore[operator]
