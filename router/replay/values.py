"""Events and commands as JSON, and back: each value is `{type: {field: value}}`.

Fields that are None are left out. Every string passes through a function, together with the kind
of thing that it names. The kind is read from the field's annotation, such as "CallId" or
"SectorId"; for plain text it is the field itself, such as "DeskCalled.code".
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from enum import Enum
from functools import cache
from hashlib import sha256
from typing import Any, NewType, get_args, get_type_hints

import orjson

from router.core import events
from router.core.callback.tickets import TicketRecord
from router.core.commands import DeskChanged
from router.core.plan import Plan
from router.core.requests import Directive, Request
from router.core.today import Message, Moved, Skill, Today

#: Returns what is written instead of a string, given the string and its kind.
Name = Callable[[str, str], str]

_EVENTS = [
    one for one in vars(events).values() if isinstance(one, type) and issubclass(one, events.Event)
]
#: What can be read back: everything that an engine is given.
_GIVEN: dict[str, type] = {
    one.__name__: one
    for one in (
        *(*_EVENTS, *get_args(Request), *get_args(Directive), DeskChanged, TicketRecord),
        *(Today, Moved, Skill, Message),
    )
}


def as_they_are(text: str, kind: str) -> str:
    """Return `text` unchanged: the function that renames nothing."""
    return text


def encode(value: Any, name: Name = as_they_are, kind: str = "") -> Any:
    """Return `value`, an event, a command or what they hold, in JSON's types."""
    of: Any = type(value)
    if of is str:
        return name(value, kind)
    if value is None or of is float or of is int or of is bool:
        return value
    if isinstance(value, Enum):
        return value.value
    if of is tuple or of is list:
        return [encode(one, name, kind) for one in value]
    if isinstance(value, date):
        return value.isoformat()
    written = {}
    for field, its in _kinds(of):
        held = getattr(value, field)
        if held is not None:
            written[field] = encode(held, name, its)
    return {of.__name__: written}


def decode(written: Any) -> Any:
    """Return what `encode` wrote of an event, a session, a ticket's record or a day's changes.

    Raises:
        ValueError: If it is nothing that an engine is given.
    """
    try:
        ((name, fields),) = written.items()
        of = _GIVEN[name]
        hints = _hints(of)
        if not fields.keys() <= hints.keys():
            raise ValueError(name)
        return of(**{field: _decoded(fields.get(field), hint) for field, hint in hints.items()})
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(str(error)) from error


def digests(plan: Plan, at: float) -> dict[str, str]:
    """Return a digest of each part of the plan: with another plan an engine decides otherwise.

    The calendar of public holidays is compared by its days in the year of `at`.
    """
    parts = {field: _plain(getattr(plan, field)) for field in _hints(Plan)}
    year = plan.hours.local(at).year
    first, end = date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal()
    days = map(date.fromordinal, range(first, end))
    parts["holidays"] = [day.isoformat() for day in days if plan.hours.holiday_name(day)]
    return {part: sha256(orjson.dumps(value)).hexdigest()[:12] for part, value in parts.items()}


def _decoded(value: Any, hint: Any) -> Any:
    if isinstance(value, dict):
        return decode(value)
    if isinstance(value, list):
        return tuple(_decoded(one, hint) for one in value)
    if isinstance(value, str):
        for one in (hint, *get_args(hint)):
            if isinstance(one, type) and issubclass(one, Enum):
                return one(value)
            if one is date:
                return date.fromisoformat(value)
    return value


@cache
def _hints(of: Any) -> dict[str, Any]:
    return get_type_hints(of)


@cache
def _kinds(of: Any) -> tuple[tuple[str, str], ...]:
    """Return each field, with the kind of the strings in it."""
    return tuple(
        (field, next(_new_types(hint), f"{of.__name__}.{field}"))
        for field, hint in _hints(of).items()
    )


def _new_types(hint: Any) -> Iterator[str]:
    if isinstance(hint, NewType):
        yield hint.__name__
    for one in get_args(hint):
        yield from _new_types(one)


def _plain(value: Any) -> Any:
    """Return a part of a plan in JSON's types, in its own order, which decides who comes first."""
    if isinstance(value, Mapping):
        return [[_plain(key), _plain(held)] for key, held in value.items()]
    if isinstance(value, frozenset | set):
        return sorted(map(str, value))
    if isinstance(value, tuple | list) and not hasattr(value, "_fields"):
        return [_plain(one) for one in value]
    if value is None or isinstance(value, str | int | float):
        return value
    if callable(value) or not hasattr(type(value), "__annotations__"):
        return None if callable(value) else str(value)
    of: Any = type(value)
    fields = (field for field in _hints(of) if not field.startswith("_"))
    return [of.__name__, [_plain(getattr(value, field)) for field in fields]]
