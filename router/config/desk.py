"""The informateurs' tools in the plan: desk codes, keys in a call, pauses, directory, votes."""

import re
from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field

from router.config.menus import check_key
from router.config.tables import Report, Table, Text, check_id, schema, unknown
from router.core.ids import EntryId, PromptId, QuestionId, ReasonId
from router.core.plan import (
    NO,
    YES,
    Desk,
    DeskAction,
    Entry,
    Feature,
    LogInBy,
    PauseReason,
    Question,
    QuestionKind,
    SecondLogIn,
    yes_or_no,
)

Word = TypeVar("Word", bound=StrEnum)

_PHONE = re.compile(r"[0-9]{1,10}")
_CODE = re.compile(r"[0-9]{1,6}")
_DIGIT = re.compile(r"[0-9]")
#: As it is dialled from France: no +, a short number or a national one.
_DIALLED = re.compile(r"[0-9]{2,15}")
#: What is written of a question, by its kind.
_KEYS_OF_KIND: Mapping[QuestionKind, tuple[str, str]] = {
    QuestionKind.SCORE: ("scores", "satisfied"),
    QuestionKind.YES_NO: ("yes", "no"),
}


class ReasonTable(Table):
    name: Text
    key: str
    longest_s: Annotated[int, Field(gt=0)]


class EntryTable(Table):
    """`prompt` is directory-<id> and `hours_prompt` directory-<id>-hours unless given."""

    name: Text
    code: str
    number: str | None = None
    prompt: str | None = None
    hours_prompt: str | None = None


class QuestionTable(Table):
    """`prompt` is vote-<id> unless given. Of a score: `scores` is key -> score; of yes or no, the
    two keys.
    """

    id: str
    kind: Literal[tuple(kind.value for kind in QuestionKind)] = (  # type: ignore[valid-type]
        QuestionKind.SCORE.value
    )
    prompt: str | None = None
    scores: dict[str, int] = Field(default_factory=dict)
    satisfied: tuple[int, ...] = ()
    yes: str | None = None
    no: str | None = None


#: [desk]: keys and defaults of `Desk`; codes and keys with the words of their enums.
DeskTable: Any = schema(
    Desk,
    may_be_zero=frozenset({"away_s"}),
    codes=(dict[str, str], {code: action.value for code, action in Desk().codes.items()}),
    keys=(dict[str, str], {key: feature.value for key, feature in Desk().keys.items()}),
    reasons=(dict[str, ReasonTable], ...),
)


def read_desk(table: Any, numbers: Collection[str], agents: Iterable[str], report: Report) -> Desk:
    """The desk; faults go to the report. `numbers` are those that callers dial."""
    codes = _meanings(table.codes, DeskAction, "desk.codes", "action", report)
    keys = _meanings(table.keys, Feature, "desk.keys", "feature", report)
    for code in codes:
        if code in numbers:
            report.add(f"desk.codes.{code}", "is also one of `numbers`, which callers dial")
    _check_phones(table.supervisor_phones, set(agents), report)
    plain = table.model_dump(exclude={"codes", "keys", "reasons", "log_in", "second_log_in"})
    return Desk(
        **plain,
        log_in=LogInBy(table.log_in),
        second_log_in=SecondLogIn(table.second_log_in),
        codes=codes,
        keys=keys,
        reasons=_reasons(table.reasons, report),
    )


def read_directory(
    tables: Mapping[str, EntryTable], numbers: Collection[str], report: Report
) -> dict[EntryId, Entry]:
    """The directory; faults go to the report. `numbers` are the service's own."""
    check_codes({f"directory.{id_}.code": table.code for id_, table in tables.items()}, report)
    for id_, table in tables.items():
        place = f"directory.{id_}"
        check_id(place, id_, report)
        if table.number is None:
            continue
        if not _DIALLED.fullmatch(table.number):
            report.add(f"{place}.number", f'must be 2 to 15 digits, got "{table.number}"')
        elif table.number in numbers:
            report.add(f"{place}.number", f"{table.number} is this service's own number")
    return {
        EntryId(id_): Entry(
            id=EntryId(id_),
            name=table.name,
            code=table.code,
            number=table.number,
            prompt=PromptId(table.prompt or f"directory-{id_}"),
            hours_prompt=PromptId(table.hours_prompt or f"directory-{id_}-hours"),
        )
        for id_, table in tables.items()
    }


def read_questions(tables: Iterable[QuestionTable], report: Report) -> tuple[Question, ...]:
    """The questions callers vote on, in order; faults go to the report."""
    questions: dict[str, Question] = {}
    for place, table in enumerate(tables, 1):
        key = f"questions.{place}"
        check_id(f"{key}.id", table.id, report)
        if table.id in questions:
            report.add(f"{key}.id", f'"{table.id}" is there twice')
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
                    f"{place}.{name}", f'is of kind "{other}"; one of kind "{kind}" has {right}'
                )

    if kind is QuestionKind.YES_NO:
        _check_yes_or_no(table, place, report)
    else:
        _check_scores(table, place, report)


def _check_yes_or_no(table: QuestionTable, place: str, report: Report) -> None:
    for name, digit in (("yes", table.yes), ("no", table.no)):
        if digit is None:
            report.add(f"{place}.{name}", f'is missing: the key that says {name}, as "1"')
        elif not _DIGIT.fullmatch(digit):
            report.add(f"{place}.{name}", f'must be one digit, got "{digit}"')
    if table.yes is not None and table.yes == table.no:
        report.add(f"{place}.no", f'"{table.no}" says yes already')


def _check_scores(table: QuestionTable, place: str, report: Report) -> None:
    for digit in table.scores:
        if not _DIGIT.fullmatch(digit):
            report.add(f"{place}.scores.{digit}", f'must be one digit, got "{digit}"')
    if not table.scores:
        report.add(f"{place}.scores", "must not be empty: a score for each key, as { 1 = 1 }")
    elif sorted(table.scores.values()) == [NO, YES]:
        no, yes = sorted(table.scores, key=table.scores.__getitem__)
        right = f'kind = "{QuestionKind.YES_NO}", yes = "{yes}", no = "{no}"'
        report.add(f"{place}.scores", f"are no and yes, not scores to average; write {right}")
    if not table.satisfied:
        report.add(f"{place}.satisfied", "must not be empty: the scores that count as satisfied")
    for n, score in enumerate(table.satisfied, 1):
        if score not in table.scores.values() and report.is_sound(f"{place}.scores"):
            report.add(f"{place}.satisfied.{n}", f"{score} is none of the scores")


def check_codes(codes: Mapping[str, str], report: Report) -> None:
    """Check the codes typed after a key, by place: digits, all of one length, no two alike.

    One length: a code is complete without waiting for a last key.
    """
    seen: dict[str, str] = {}
    for place, code in codes.items():
        if not _CODE.fullmatch(code):
            report.add(place, f'must be 1 to 6 digits, got "{code}"')
            continue
        first = next(iter(seen), code)
        if code in seen:
            report.add(place, f'"{code}" is also {seen[code]}')
        elif len(code) != len(first):
            report.add(place, f'must be as long as {seen[first]} ("{first}"), got "{code}"')
        else:
            seen[code] = place


def _meanings(
    written: Mapping[str, str], words: type[Word], place: str, what: str, report: Report
) -> dict[str, Word]:
    """What each code or key does; each of `words` must have one."""
    known = [word.value for word in words]
    meanings: dict[str, Word] = {}
    checked: list[str] = []
    for typed, word in written.items():
        check_key(typed, f"{place}.{typed}", checked, report)
        checked.append(typed)
        if word in known:
            meanings[typed] = words(word)
        else:
            report.add(f"{place}.{typed}", unknown(what, word, known))
    if report.is_sound(place):
        for word in words:
            if word not in meanings.values():
                report.add(place, f'nothing is for "{word}"')
    return meanings


def _check_phones(phones: tuple[str, ...], agents: Collection[str], report: Report) -> None:
    for place, phone in enumerate(phones, 1):
        key = f"desk.supervisor_phones.{place}"
        if not _PHONE.fullmatch(phone):
            report.add(key, f'a phone is 1 to 10 digits, as in "901", got "{phone}"')
        elif phone in agents:
            report.add(key, f"{phone} is an informateur's")
        elif phone in phones[: place - 1]:
            report.add(key, f"{phone} is there twice")


def _reasons(tables: Mapping[str, ReasonTable], report: Report) -> dict[ReasonId, PauseReason]:
    if not tables:
        report.add("desk.reasons", "must not be empty: an informateur may need a pause")
    seen: dict[str, str] = {}
    for id_, table in tables.items():
        place = f"desk.reasons.{id_}"
        check_id(place, id_, report)
        if not _DIGIT.fullmatch(table.key):
            report.add(f"{place}.key", f'must be one digit, got "{table.key}"')
        elif table.key in seen:
            report.add(f"{place}.key", f'"{table.key}" is also desk.reasons.{seen[table.key]}')
        else:
            seen[table.key] = id_
    return {
        ReasonId(id_): PauseReason(ReasonId(id_), table.name, table.key, table.longest_s)
        for id_, table in tables.items()
    }
