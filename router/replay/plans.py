"""A plan as JSON, and back: a recording goes on over a reload, and needs no files for it.

Values are written as events are (`values.encode`). Of the calendar, which is a function, the public
holidays are written from a year before until three years after.
"""

import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from datetime import date, time
from enum import Enum
from typing import Any, NewType, get_args, get_origin, get_type_hints

from router.core.hours import Hours
from router.core.plan import Plan

_YEARS_BEFORE, _YEARS_AFTER = 1, 3
#: The field of `Hours` that is a function.
_CALENDAR = "holiday_name"


def encode_plan(plan: Plan, at: float) -> Any:
    """Return the plan in JSON's types; `at` is when, in UTC epoch seconds."""
    return {"plan": _plain(plan), "holidays": _holidays(plan.hours, at)}


def decode_plan(written: Any) -> Plan:
    """Return the plan that was written.

    Raises:
        KeyError, TypeError, ValueError: If it is none.
    """
    holidays = {date.fromisoformat(day): name for day, name in written["holidays"].items()}
    plan: Plan = _built(written["plan"], Plan, holidays.get)
    return plan


def _holidays(hours: Hours, at: float) -> dict[str, str]:
    year = hours.local(at).year
    first = date(year - _YEARS_BEFORE, 1, 1).toordinal()
    end = date(year + _YEARS_AFTER + 1, 1, 1).toordinal()
    named = ((day, hours.holiday_name(day)) for day in map(date.fromordinal, range(first, end)))
    return {day.isoformat(): name for day, name in named if name}


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return [[_plain(key), _plain(held)] for key, held in value.items()]
    if isinstance(value, frozenset):
        return sorted(map(_plain, value))
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if is_dataclass(value) and not isinstance(value, type):
        fields = {name: _plain(getattr(value, name)) for name in _written(type(value))}
        return {type(value).__name__: fields}
    return value


def _written(of: type) -> list[str]:
    """Return the fields that are written: not what is only remembered, nor the calendar."""
    return [name for name in get_type_hints(of) if not name.startswith("_") and name != _CALENDAR]


def _built(value: Any, hint: Any, calendar: Callable[[date], str | None]) -> Any:
    """Return the value of this type."""
    if isinstance(hint, NewType):
        hint = hint.__supertype__
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (typing.Union, types.UnionType):
        if value is None:
            return None
        of = [one for one in inner if one is not type(None)]
        if isinstance(value, dict):
            of = [one for one in of if one.__name__ in value]
        return _built(value, of[0], calendar)
    if origin is not None and issubclass(origin, Mapping):
        key, held = inner
        return {_built(k, key, calendar): _built(v, held, calendar) for k, v in value}
    if origin is frozenset:
        return frozenset(_built(one, inner[0], calendar) for one in value)
    if origin is tuple:
        kinds = [inner[0]] * len(value) if inner[1:] == (...,) else inner
        return tuple(_built(one, kind, calendar) for one, kind in zip(value, kinds, strict=True))
    if hasattr(hint, "__dataclass_fields__"):
        hints = get_type_hints(hint)
        fields = {
            name: _built(held, hints[name], calendar) for name, held in value[hint.__name__].items()
        }
        return hint(**fields, **({_CALENDAR: calendar} if _CALENDAR in hints else {}))
    if issubclass(hint, date | time):
        return hint.fromisoformat(value)
    return hint(value) if issubclass(hint, Enum) else value
