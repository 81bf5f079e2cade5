"""How callers voted on a question, always with how many of those asked answered it.

A question of scores has a rate of satisfaction and a mean; a yes-or-no question has a share of yes,
and no mean.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from router.core.facts import BallotFact, VoteFact
from router.core.ids import PromptId, QuestionId
from router.core.plan import NO, YES, Question, QuestionKind
from router.report.columns import Column, Counts
from router.report.figures import Figure, figure
from router.report.tables import Draft, Line, Table, heads, total_line
from router.report.words import NO_BREAK, shown

#: The figure that is the share of favourable answers, by kind of question.
SHARE: Mapping[QuestionKind, str] = {
    QuestionKind.SCORE: "satisfaction/1",
    QuestionKind.YES_NO: "yes/1",
}
#: What that is the share of, in French.
FAVOURABLE: Mapping[QuestionKind, str] = {
    QuestionKind.SCORE: "de personnes satisfaites",
    QuestionKind.YES_NO: f"de réponses «{NO_BREAK}oui{NO_BREAK}»",
}
ANSWER_NAMES: Mapping[int, str] = {YES: "Oui", NO: "Non"}


#: The votes on one question: how often each score was given; None: not answered.
Cast = Mapping[int | None, int]


def cast(votes: Mapping[VoteFact, int], question: QuestionId) -> Counter[int | None]:
    """Return the votes on one question."""
    counted: Counter[int | None] = Counter()
    for vote, alike in votes.items():
        if vote.question == question:
            counted[vote.score] += alike
    return counted


def ballot(votes: Cast, question: Question) -> Counts:
    """Count who was asked, who answered, and how favourably."""
    counts: Counts = Counter()
    for score, alike in votes.items():
        counts[Column.ASKED] += alike
        if score is not None:
            satisfied = score in question.satisfied
            counts[Column.ANSWERS] += alike
            counts[Column.SATISFIED if satisfied else Column.UNSATISFIED] += alike
            if question.kind is QuestionKind.SCORE:
                counts[Column.POINTS] += score * alike
    return counts


def scores(votes: Cast, question: Question) -> dict[int, int]:
    """Return how often each score was given, lowest first; of a yes-or-no question, yes first.

    Of every score in the plan, and of any that was given under an earlier plan.
    """
    every = {*question.scores.values(), *(one for one in votes if one is not None)}
    yes_first = question.kind is QuestionKind.YES_NO
    return {score: votes.get(score, 0) for score in sorted(every, reverse=yes_first)}


def turnout(
    ballots: Mapping[BallotFact, int], votes: Mapping[VoteFact, int], today: date
) -> Counts:
    """Count callers asked to vote, by whether their votes are published, wait, or were lost.

    Whatever waits is published before `today` is over. Days from before `ballots` were counted
    have no votes but those published.
    """
    asked: Counter[tuple[date, QuestionId]] = Counter()
    for vote, alike in votes.items():
        asked[vote.day, vote.question] += alike
    counts: Counts = Counter()
    for ballot, alike in ballots.items():
        published = asked[ballot.day, ballot.question]
        missing = Column.WAITING if ballot.day >= today else Column.VOTES_LOST
        counts[missing] += max(0, alike - published)
        counts[Column.PUBLISHED] += published
    counted = {ballot.day for ballot in ballots}
    for day in {day for day, _ in asked} - counted:
        # Everybody is asked the first question, and fewer each of the next ones.
        counts[Column.PUBLISHED] += max(alike for (on, _), alike in asked.items() if on == day)
    counts[Column.INVITED] = (
        counts[Column.PUBLISHED] + counts[Column.WAITING] + counts[Column.VOTES_LOST]
    )
    return counts


@dataclass(frozen=True, slots=True)
class Vote:
    """The votes on one question."""

    question: str
    kind: QuestionKind
    #: As it is asked, in French.
    text: str
    #: The lowest and the highest possible score.
    scale: tuple[int, int]
    #: The share of favourable answers (`SHARE`).
    share: Figure
    #: The mean score; None: a yes-or-no question.
    mean: Figure | None
    #: The response rate, and its two sums.
    response: Figure
    asked: Figure
    answers: Figure
    #: The votes by answer.
    table: Table

    @property
    def figures(self) -> tuple[Figure, ...]:
        """All its figures, in the order in which they are listed."""
        mean = () if self.mean is None else (self.mean,)
        return (self.share, *mean, self.response, self.asked, self.answers)


def vote_on(question: Question, votes: Cast, sentences: Mapping[PromptId, str]) -> Vote:
    """Return what may be published of the votes on a question; `sentences` as in `publish`."""
    counts, by_score = ballot(votes, question), scores(votes, question)
    draft = Draft()
    answers = draft.total(Column.ANSWERS, counts[Column.ANSWERS])
    sides = (Column.SATISFIED, Column.UNSATISFIED)
    for side in sides:
        draft.cell("votes", None, side, counts[side])
    draft.sum(answers, [("votes", None, side) for side in sides])
    for score, given in by_score.items():
        draft.cell("votes", score, Column.SCORE, given)
    for side, satisfied in zip(sides, (True, False), strict=True):
        draft.sum(
            ("votes", None, side),
            [
                ("votes", score, Column.SCORE)
                for score in by_score
                if (score in question.satisfied) is satisfied
            ],
        )
    draft.decide()
    lines = tuple(
        Line(
            str(score),
            _answer_name(question, score),
            (draft.figure("score/1", "votes", score, Counter({Column.SCORE: given})),),
        )
        for score, given in by_score.items()
    )
    scored = question.kind is QuestionKind.SCORE
    hidden = any(one.withheld for line in lines for one in line.figures)
    return Vote(
        question=question.id,
        kind=question.kind,
        text=_as_asked(question, sentences),
        scale=(min(question.scores.values()), max(question.scores.values())),
        share=draft.figure(SHARE[question.kind], "votes", None, counts),
        mean=_mean(counts, hidden=hidden) if scored else None,
        response=figure("response-rate/1", counts),
        asked=figure("asked/1", counts),
        answers=figure("answers/1", counts),
        table=Table(
            f"votes-{question.id}",
            "Votes par note" if scored else "Réponses",
            heads(("score/1",)),
            lines,
            total_line([Figure("score/1", counts[Column.ANSWERS])]),
        ),
    )


def _mean(counts: Counts, *, hidden: bool) -> Figure:
    """Return the mean score; withheld if any score is, as it would help to calculate that one."""
    if hidden:
        return Figure("mean-score/1", None, withheld=True)
    return figure("mean-score/1", counts)


def satisfaction(votes: Sequence[Vote]) -> Vote | None:
    """Return the votes that give the rate of satisfaction: on the first question of scores."""
    return next((one for one in votes if one.kind is QuestionKind.SCORE), None)


def scale(vote: Vote) -> str:
    """Return the range of the scores, in French."""
    low, high = vote.scale
    return f"notes de {low} à {high}"


def responses(vote: Vote) -> str:
    """Return how many were asked and how many answered, in French."""
    answers, asked = shown(vote.answers), shown(vote.asked)
    return f"réponses{NO_BREAK}: {answers}, personnes interrogées{NO_BREAK}: {asked}"


def late_votes(turnout: Sequence[Figure]) -> list[Figure]:
    """Return the figure of votes that wait to be published; an empty list if there are none."""
    return [one for one in turnout if one.id == "late-votes/1" and one.value]


def late_words(late: Figure) -> str:
    """Return the words after the number of votes that wait, in French."""
    return "vote attend d’être publié" if late.value == 1 else "votes attendent d’être publiés"


def missing_votes(turnout: Sequence[Figure]) -> list[str]:
    """Return what must be said about votes that are not in any figure, in French."""
    told = {one.id: one for one in turnout if one.value}
    said = []
    if (late := told.get("late-votes/1")) is not None:
        said.append(
            f"{shown(late)} {late_words(late)}{NO_BREAK}: un vote n’est publié qu’avec d’autres, "
            "dès que cinq réponses du jour à chaque question sont réunies, et au plus tard le "
            f"lendemain. D’ici là, aucun taux ne {'le' if late.value == 1 else 'les'} compte."
        )
    if (lost := told.get("lost-votes/1")) is not None:
        words, then = (
            ("vote a été perdu", "il attendait d’être publié")
            if lost.value == 1
            else ("votes ont été perdus", "ils attendaient d’être publiés")
        )
        said.append(
            f"{shown(lost)} {words}{NO_BREAK}: le service s’est arrêté brusquement alors qu’{then}."
        )
    return said


def _as_asked(question: Question, sentences: Mapping[PromptId, str]) -> str:
    words = sentences.get(question.prompt, "")
    return f"{words.partition('?')[0].strip()}{NO_BREAK}?" if "?" in words else question.id


def _answer_name(question: Question, score: int) -> str:
    if question.kind is QuestionKind.YES_NO and score in ANSWER_NAMES:
        return ANSWER_NAMES[score]
    return f"Note {score}{' (satisfait)' if score in question.satisfied else ''}"
