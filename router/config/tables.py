"""TOML files as typed tables, with every fault reported in plain words.

A faulty table is mended (the faulty entry takes its default, or an empty value), so that the
checks across tables still run and all faults are reported together. Anything these checks then
find wrong with a mended entry is dropped: its fault has been reported.
"""

import dataclasses
import re
import tomllib
import types
import typing
from collections.abc import Collection, Iterable, Mapping
from copy import deepcopy
from datetime import UTC, datetime
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    create_model,
    field_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from router.errors import ConfigError, Problem
from router.places import unreadable

T = TypeVar("T")

#: A mended table can have faults of its own (an empty table lacks its keys), which are mended too.
_MENDINGS = 4

#: No setting exceeds it: for seconds, a year. Beyond, clocks and Asterisk's own numbers overflow.
MOST = 31_622_400
#: Characters of a text at most.
LONGEST = 500
#: More of them than this are not listed to whoever wrote another one.
_LISTED = 8

#: Long enough for every text. Nobody sees it, as nothing is reported of mended entries.
_STOPGAP = "stopgap" * 3

_REASONS = {
    "missing": "is missing",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "datetime_type": "must be a date and time with its offset, 2026-11-23T10:00:00+01:00",
    "string_type": 'must be text in "quotes"',
    "tuple_type": "must be a list",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "greater_than": "must be > {gt:g}",
    "greater_than_equal": "must be >= {ge:g}",
    "less_than_equal": "must be <= {le:g}",
    "literal_error": "must be {expected}",
    "too_short": "must not be empty",
    "string_too_short": "must have at least {min_length} characters",
    "too_great": "must not exceed {most}",
    "too_long": "must have {longest} characters at most",
    "control_character": "must be one line of text, without control characters",
}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_WITHOUT_VALUE = frozenset(
    {"missing", "too_short", "string_too_short", "too_long", "control_character"}
)


class Table(BaseModel):
    """A TOML table with known keys."""

    #: What no number in it may exceed.
    most: ClassVar[float] = MOST

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    @field_validator("*")
    @classmethod
    def _keep_within_reason(cls, value: Any) -> Any:
        """Refuse what no setting can mean: see `MOST`, `LONGEST`, and control characters."""
        _check_extent(value, cls.most)
        return value


Text = Annotated[str, Field(min_length=1)]


def _check_extent(value: Any, most: float) -> None:
    if isinstance(value, str):
        if len(value) > LONGEST:
            raise PydanticCustomError("too_long", "too long", {"longest": LONGEST})
        if _CONTROL.search(value):
            raise PydanticCustomError("control_character", "control character")
    elif isinstance(value, int | float):
        if abs(value) > most:
            raise PydanticCustomError("too_great", "too great", {"most": most})
    elif isinstance(value, tuple | dict):
        for one in value.values() if isinstance(value, dict) else value:
            _check_extent(one, most)


def schema(
    values: type[Any], *, may_be_zero: Collection[str] | None = (), **written: Any
) -> type[Table]:
    """Return the table whose keys and defaults are those of the dataclass `values`.

    Numbers must be above zero, except those that `may_be_zero`; None sets no limits. `written` is
    for fields that TOML writes otherwise: their type there, or (type, default) where the default
    is written otherwise too.
    """
    columns: dict[str, Any] = {}
    for column in dataclasses.fields(values):
        kind = written.get(column.name, column.type)
        default = default_of(column)
        if isinstance(kind, tuple):
            kind, default = kind
        elif kind in (int, float) and may_be_zero is not None:
            kind = Annotated[kind, Field(ge=0) if column.name in may_be_zero else Field(gt=0)]
        elif isinstance(kind, type) and issubclass(kind, StrEnum):
            kind, default = Literal[tuple(word.value for word in kind)], default.value
        columns[column.name] = (kind, default)
    return create_model(f"{values.__name__}Table", __base__=Table, **columns)


def default_of(column: "dataclasses.Field[Any]") -> Any:
    """Return the default of a dataclass's field; `...` for one that has none."""
    if column.default_factory is not dataclasses.MISSING:
        return column.default_factory()
    return ... if column.default is dataclasses.MISSING else column.default


def default(values: type[Any], name: str) -> Any:
    """Return the default that the dataclass `values` gives the field `name`."""
    return default_of(next(column for column in dataclasses.fields(values) if column.name == name))


class Report:
    """The faults of one file, in the order in which they are found.

    `name` is the file's base name. Places are dotted keys; items of a list are counted from 1.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.problems: list[Problem] = []
        #: Whether the file could be read as TOML.
        self.is_read = True
        self._faulty: list[str] = []
        self._mended: set[str] = set()

    def add(self, key: str, reason: str) -> None:
        """Report a fault at `key` ("" is the whole file), unless `key` was mended."""
        if not any(_overlap(key, mended) for mended in self._mended):
            self.problems.append(Problem(f"{self.name}: {key}" if key else self.name, reason))
            self._faulty.append(key)

    def add_unknown(self, key: str, kind: str, word: str, known: Iterable[str]) -> None:
        """Report that `word` is none of `known`, the entries of the table `kind` + "s".

        Nothing is reported if that whole table is a stopgap: its own fault is the cause.
        """
        if f"{kind}s" not in self._mended:
            self.add(key, unknown(kind, word, known))

    def mended(self, key: str) -> None:
        """Note that the faults of `key` have been reported, and its value is a stopgap."""
        self._mended.add(key)

    def is_sound(self, *keys: str) -> bool:
        """Return whether nothing under any of `keys` is faulty so far (no keys: nothing at all)."""
        if not keys:
            return not self._faulty
        return not any(_overlap(faulty, key) for faulty in self._faulty for key in keys)


def read_toml(path: Path, report: Report) -> dict[str, Any] | None:
    """Return the file's content; None, with a report, if it is missing, unreadable or not TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = unreadable(error)
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        reason = f"is not UTF-8 text (at line {line}): save it in that encoding"
    except tomllib.TOMLDecodeError as error:
        why = str(error).replace("Cannot overwrite a value", "a key is given twice")
        reason = f"is not valid TOML: {why}"
    except ValueError as error:  # a date that does not exist, which tomllib lets through
        reason = f"is not valid TOML: {error}"
    report.add("", reason)
    report.is_read = False
    return None


def parse(
    kind: type[T], table: Any, report: Report, *, show_values: bool = True, within: str = ""
) -> T | None:
    """Return `table` as `kind`, with faulty entries mended; None if it cannot be mended.

    Every fault is reported; `show_values=False` keeps the values (secrets) out of the report.
    `within` is the key of the table in its file.
    """
    adapter = TypeAdapter(kind)
    table = deepcopy(table)
    for mending in range(_MENDINGS):
        try:
            return adapter.validate_python(_frozen(table), strict=True)
        except ValidationError as error:
            faults = _causes(error.errors(include_url=False))
        for fault in faults:
            key = _key((*filter(None, [within]), *fault["loc"]))
            if not mending:
                report.add(key, _reason(kind, fault, show_values))
        for fault in faults:
            report.mended(_key((*filter(None, [within]), *fault["loc"])))
            _mend(kind, table, fault)
    return None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return what to append: the one of `known` that resembles `word`, or all if they are few."""
    names = list(known)
    if close := get_close_matches(word, names, n=1):
        return f"; did you mean `{close[0]}`?"
    if not names or len(names) > _LISTED:
        return ""
    *most, last = (f"`{name}`" for name in names)
    return f"; known: {', '.join(most)} and {last}" if most else f"; known: {last} alone"


def unknown(what: str, word: str, known: Iterable[str]) -> str:
    """Return what to say of a reference to something that does not exist."""
    return f"unknown {what} `{word}`{did_you_mean(word, known)}"


def check_id(place: str, id_: str, report: Report) -> None:
    """Check the form of a name in the plan, such as "travail-conges"."""
    if not _ID.fullmatch(id_):
        report.add(place, "a name is lower-case letters, digits and hyphens")


def problems_of(*reports: Report) -> list[Problem]:
    """Return the problems of all reports, report by report."""
    return [problem for report in reports for problem in report.problems]


def raise_all(*reports: Report) -> None:
    """Raise ConfigError with the problems of all reports, if there are any."""
    if problems := problems_of(*reports):
        raise ConfigError(problems)


def _causes(faults: list[ErrorDetails]) -> list[ErrorDetails]:
    """Leave out lists that are only too short for want of an item that is faulty itself."""
    places = [fault["loc"] for fault in faults]
    return [
        fault
        for fault, loc in zip(faults, places, strict=True)
        if fault["type"] != "too_short"
        or not any(len(other) > len(loc) and other[: len(loc)] == loc for other in places)
    ]


def _reason(kind: Any, fault: ErrorDetails, show_values: bool) -> str:
    what = fault["type"]
    if what == "extra_forbidden":
        name = str(fault["loc"][-1])
        hint = did_you_mean(name, _names(_holder(kind, fault["loc"])))
        return f"unknown key{hint or ': take it out, or see docs/configuration.md'}"
    if what == "string_too_short" and fault["ctx"]["min_length"] == 1:
        what = "too_short"
    reason = _REASONS.get(what, "is not valid").format(**fault.get("ctx", {}))
    if what in _WITHOUT_VALUE or not show_values:
        return reason
    return f"{reason}, got {_toml(fault['input'])}"


def _mend(kind: Any, table: Any, fault: ErrorDetails) -> None:
    loc = fault["loc"]
    if not loc:
        return
    holder: Any = table
    for part in loc[:-1]:
        holder = holder[part]
    name, around = loc[-1], _holder(kind, loc)
    if fault["type"] == "extra_forbidden":
        del holder[name]
    elif _is_table(around) and not around.model_fields[str(name)].is_required():
        holder.pop(name, None)
    else:
        holder[name] = _stopgap(_inside(around, name))


def _stopgap(kind: Any) -> Any:
    origin = typing.get_origin(kind) or kind
    if origin is tuple:
        return [_stopgap(typing.get_args(kind)[0])]
    if origin is dict or _is_table(origin):
        return {}
    if origin is Literal:
        return typing.get_args(kind)[0]
    if origin is datetime:
        return datetime.fromtimestamp(0, UTC)
    return 1 if origin in (int, float) else _STOPGAP


def _holder(kind: Any, loc: tuple[str | int, ...]) -> Any:
    for part in loc[:-1]:
        kind = _inside(kind, part)
    return kind


def _inside(kind: Any, part: str | int) -> Any:
    if _is_table(kind):
        inner = kind.model_fields[str(part)].annotation
    else:
        inner = typing.get_args(kind)[1 if typing.get_origin(kind) is dict else 0]
    if typing.get_origin(inner) in (typing.Union, types.UnionType):  # only with None
        return typing.get_args(inner)[0]
    return typing.get_args(inner)[0] if typing.get_origin(inner) is typing.Annotated else inner


def _is_table(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Table)


def _names(kind: Any) -> list[str]:
    return list(kind.model_fields) if _is_table(kind) else []


def _key(loc: tuple[str | int, ...]) -> str:
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in loc)


def _overlap(one: str, other: str) -> bool:
    return (
        "" in (one, other)
        or one == other
        or one.startswith(f"{other}.")
        or other.startswith(f"{one}.")
    )


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_frozen(item) for item in value)
    if isinstance(value, Mapping):
        return {key: _frozen(item) for key, item in value.items()}
    return value


def _toml(value: Any) -> str:
    """Return the value as it is written in the file, shortened."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, tuple):
        return "a list"
    return f'"{value}"' if isinstance(value, str) else str(value)
