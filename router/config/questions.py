"""The questions in the plan, to callers who stay after their call."""

from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic import Field

from router.config.keys import is_digit
from router.config.tables import Report, Table, check_id, default
from router.core.ids import PromptId, QuestionId
from router.core.plan import NO, YES, Question, QuestionKind, yes_or_no

#: The keys that a question of each kind has.
_KEYS_OF_KIND: Mapping[QuestionKind, tuple[str, str]] = {
    QuestionKind.SCORE: ("scores", "satisfied"),
    QuestionKind.YES_NO: ("yes", "no"),
}


class QuestionTable(Table):
    """A question to callers who stay after their call; questions are asked in order."""

    #: Its name, under which votes are counted.
    id: str
    #: A score, which has a mean; or yes or no, which is only counted.
    kind: Literal[tuple(kind.value for kind in QuestionKind)] = default(  # type: ignore[valid-type]
        Question, "kind"
    ).value
    #: The prompt that asks it. Without it: `vote-<id>`.
    prompt: str | None = None
    #: Key -> score. Needed for a score.
    scores: dict[str, int] = Field(default_factory=dict)
    #: The scores that count as satisfied. Needed for a score.
    satisfied: tuple[int, ...] = ()
    #: The key that says yes. Needed for yes or no.
    yes: str | None = None
    #: The key that says no. Needed for yes or no.
    no: str | None = None


def read_questions(tables: Iterable[QuestionTable], report: Report) -> tuple[Question, ...]:
    """Return the questions that callers vote on, in order; faults go to the report."""
    questions: dict[str, Question] = {}
    for place, table in enumerate(tables, 1):
        key = f"questions.{place}"
        check_id(f"{key}.id", table.id, report)
        if table.id in questions:
            report.add(f"{key}.id", f'"{table.id}" is given twice')
        if not report.is_sound(f"{key}.id"):
            report.mended(f"{key}.prompt")  # it is named after the id
        if report.is_sound(f"{key}.kind"):
            _check_answers(table, key, report)
        questions[table.id] = _question(table)
    return tuple(questions.values())


def _question(table: QuestionTable) -> Question:
    id_, prompt = QuestionId(table.id), PromptId(table.prompt or f"vote-{table.id}")
    if QuestionKind(table.kind) is QuestionKind.YES_NO:
        return yes_or_no(id_, prompt, table.yes or "", table.no or "")
    return Question(id_, prompt, table.scores, frozenset(table.satisfied))


def _check_answers(table: QuestionTable, place: str, report: Report) -> None:
    kind = QuestionKind(table.kind)
    for other, names in _KEYS_OF_KIND.items():
        for name in names if other is not kind else ():
            if getattr(table, name):
                right = " and ".join(f"`{one}`" for one in _KEYS_OF_KIND[kind])
                report.add(
                    f"{place}.{name}",
                    f'is for the kind "{other}"; a question of kind "{kind}" has {right}',
                )

    if kind is QuestionKind.YES_NO:
        _check_yes_or_no(table, place, report)
    else:
        _check_scores(table, place, report)


def _check_yes_or_no(table: QuestionTable, place: str, report: Report) -> None:
    for name, digit in (("yes", table.yes), ("no", table.no)):
        if digit is None:
            report.add(f"{place}.{name}", f'is missing: the key that says {name}, for instance "1"')
        elif not is_digit(digit):
            report.add(f"{place}.{name}", f'must be one digit, got "{digit}"')
    if table.yes is not None and table.yes == table.no:
        report.add(f"{place}.no", f'"{table.no}" already says yes')


def _check_scores(table: QuestionTable, place: str, report: Report) -> None:
    for digit in table.scores:
        if not is_digit(digit):
            report.add(f"{place}.scores.{digit}", f'must be one digit, got "{digit}"')
    if not table.scores:
        report.add(f"{place}.scores", "must not be empty: a score for each key, as { 1 = 1 }")
    elif sorted(table.scores.values()) == [NO, YES]:
        no, yes = sorted(table.scores, key=table.scores.__getitem__)
        right = f'kind = "{QuestionKind.YES_NO}", yes = "{yes}", no = "{no}"'
        report.add(f"{place}.scores", f"are no and yes, which have no mean: write {right}")
    if not table.satisfied:
        report.add(f"{place}.satisfied", "must not be empty: the scores that count as satisfied")
    for n, score in enumerate(table.satisfied, 1):
        if score not in table.scores.values() and report.is_sound(f"{place}.scores"):
            report.add(f"{place}.satisfied.{n}", f"{score} is none of the scores")
