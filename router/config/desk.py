"""Informateurs' desks in the plan: codes, keys in a call, reasons for a pause, phones."""

import re
from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from pydantic import Field

from router.config.keys import check_key, is_digit
from router.config.tables import Report, Table, Text, check_id, schema, unknown
from router.core.ids import ReasonId
from router.core.plan import Desk, DeskAction, Feature, LogInBy, PauseReason, SecondLogIn

Word = TypeVar("Word", bound=StrEnum)

_PHONE = re.compile(r"[0-9]{1,10}")


class ReasonTable(Table):
    """A reason for a pause, under its id."""

    #: French, for pages.
    name: Text
    #: The digit that chooses it on the phone.
    key: str
    #: The pause ends by itself after this long: the informateur is logged out.
    longest_s: Annotated[int, Field(gt=0)]


#: [desk] has the keys and defaults of `Desk`; codes and keys are written with the words of their
#: enums.
DeskTable: Any = schema(
    Desk,
    may_be_zero=("away_s",),
    codes=(dict[str, str], {code: action.value for code, action in Desk().codes.items()}),
    keys=(dict[str, str], {key: feature.value for key, feature in Desk().keys.items()}),
    reasons=(dict[str, ReasonTable], ...),
)


def read_desk(table: Any, numbers: Collection[str], agents: Iterable[str], report: Report) -> Desk:
    """Return the desk; faults go to the report. `numbers` are those that callers dial."""
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


def _meanings(
    written: Mapping[str, str], words: type[Word], place: str, what: str, report: Report
) -> dict[str, Word]:
    """Return what each code or key does; each of `words` must have one."""
    known = [word.value for word in words]
    meanings: dict[str, Word] = {}
    checked: list[str] = []
    for typed, word in written.items():
        if check_key(typed, f"{place}.{typed}", checked, report):
            checked.append(typed)
        if word in known:
            meanings[typed] = words(word)
        else:
            report.add(f"{place}.{typed}", unknown(what, word, known))
    if report.is_sound(place):
        for word in words:
            if word not in meanings.values():
                report.add(place, f'has nothing for "{word}"')
    return meanings


def _check_phones(phones: tuple[str, ...], agents: Collection[str], report: Report) -> None:
    for place, phone in enumerate(phones, 1):
        key = f"desk.supervisor_phones.{place}"
        if not _PHONE.fullmatch(phone):
            report.add(key, f'a phone is 1 to 10 digits, as in "901", got "{phone}"')
        elif phone in agents:
            report.add(key, f"{phone} is an informateur's")
        elif phone in phones[: place - 1]:
            report.add(key, f"{phone} is given twice")


def _reasons(tables: Mapping[str, ReasonTable], report: Report) -> dict[ReasonId, PauseReason]:
    if not tables:
        report.add("desk.reasons", "must not be empty: an informateur may need a pause")
    seen: dict[str, str] = {}
    for id_, table in tables.items():
        place = f"desk.reasons.{id_}"
        check_id(place, id_, report)
        if not is_digit(table.key):
            report.add(f"{place}.key", f'must be one digit, got "{table.key}"')
        elif table.key in seen:
            report.add(f"{place}.key", f'"{table.key}" is also desk.reasons.{seen[table.key]}')
        else:
            seen[table.key] = id_
    return {
        ReasonId(id_): PauseReason(ReasonId(id_), table.name, table.key, table.longest_s)
        for id_, table in tables.items()
    }
