"""The reference of every setting, docs/configuration.md, made from the tables themselves.

It is written by `python -m router.config.reference > docs/configuration.md`.
"""

import inspect
import json
import re
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from router.asterisk.carriers import Carrier, Registration, Tls
from router.asterisk.settings import AsteriskOptions
from router.config import desk, directory, goals, hours, menus, plan, questions, sectors
from router.config import secrets as secrets_file
from router.config import settings as settings_file
from router.config.tables import Table
from router.core.plan import CallbackPolicy, CodePolicy, Desk, Targets

_INTRODUCTION = """\
# Configuration

*Made from the sources by `python -m router.config.reference`; a test keeps it up to date.*

A service is four TOML files. The settings file names the others, and relative paths in it start at
its own folder. Unknown keys are errors. `./allo check [--config allo.toml]` reports every error of
all four files at once, each with its key.

A key that is *required* must be given. Where the default is *none*, the description says what it
means to leave the key out. Keys that end in `_s` are in seconds. Ids are lower-case letters, digits
and hyphens. No number exceeds 31,622,400 (for seconds, a year), and no text 500 characters.
"""


@dataclass(frozen=True, slots=True)
class Section:
    """A table of one of the files, under its heading."""

    heading: str
    table: type[Table]
    #: The class whose `#:` comments describe the keys; None: the table itself.
    described_by: type | None = None
    #: What is said before the keys; empty: the docstring of the class that describes them.
    about: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """One of the files that make a service, and its tables."""

    #: "settings", "secrets" or "plan".
    name: str
    heading: str
    about: str
    sections: tuple[Section, ...]


#: The settings come first.
FILES = (
    File(
        "settings",
        "The settings: `allo.toml`",
        "One deployment. Commands take it as `--config FILE`.",
        (
            Section("Top level", settings_file.SettingsTable, about="Files and folders."),
            Section("[asterisk]", settings_file.AsteriskTable, AsteriskOptions),
            Section("[asterisk.registration]", settings_file.RegistrationTable, Registration),
            Section("[[asterisk.carriers]]", settings_file.CarrierTable, Carrier),
            Section("[asterisk.tls]", settings_file.TlsTable, Tls),
            Section("[http]", settings_file.HttpTable, settings_file.Http),
            Section("[callbacks]", settings_file.CallbacksTable, settings_file.Callbacks),
            Section("[voice]", settings_file.VoiceTable, settings_file.VoiceChoice),
            Section("[log]", settings_file.LogTable, settings_file.Log),
            Section("[probe]", settings_file.ProbeTable, settings_file.Probe),
            Section("[drain]", settings_file.DrainTable, settings_file.Drain),
            Section("[retention]", settings_file.RetentionTable, settings_file.Retention),
        ),
    ),
    File(
        "secrets",
        "The secrets: `secrets.toml`",
        "Only its owner may be able to read it (mode 600).",
        (
            Section(
                "Top level",
                secrets_file.SecretsTable,
                secrets_file.Secrets,
                about="What must stay on the machine. Logs, errors and pages never show any of it.",
            ),
            Section("[access.*]", secrets_file.AccessTable, secrets_file.Access),
            Section("[grace.*]", secrets_file.ReplacedTable, secrets_file.Replaced),
        ),
    ),
    File(
        "plan",
        "The plan: `3939.toml`",
        "What the service is: `plan` of the settings.",
        (
            Section("Top level", plan.PlanTable),
            Section("[hours]", hours.HoursTable),
            Section("[hours.week]", hours.WeekTable),
            Section("[[hours.exceptions]]", hours.ExceptionTable),
            Section("[code]", plan.CodeTable, CodePolicy),
            Section("[targets]", plan.TargetsTable, Targets),
            Section("[callbacks]", plan.PromiseTable, CallbackPolicy),
            Section("[sectors.*]", sectors.SectorTable),
            Section("[keys]", menus.KeysTable),
            Section("[menus.*]", menus.MenuTable),
            Section("[fiches.*]", sectors.FicheTable),
            Section("[desk]", desk.DeskTable, Desk),
            Section("[desk.reasons.*]", desk.ReasonTable),
            Section("[directory.*]", directory.EntryTable),
            Section("[[questions]]", questions.QuestionTable),
            Section("[goals]", goals.GoalsTable, goals.Goals),
            Section("[[published]]", goals.PublishedTable, goals.Published),
            Section("[relay]", plan.RelayTable),
        ),
    ),
)
_AGENTS = """\
## The informateurs: `agents.toml`

One line for each informateur, `agents` of the settings:

```toml
101 = { travail-contrat = 1, travail-conges = 2 }
```

The id is 1 to 10 digits; the phone's account is `agent-101`. A sector's level says who is asked for
it: level 1 at once, each further level after the wait that `targets.widening_s` of the plan gives.

A table `[names]` at the end may say who they are (`101 = "Camille Martin"`), for `./allo agents
list` alone. `./allo agents add` and `remove` change this file and the secrets together.
"""


def reference() -> str:
    """Return the whole reference as Markdown."""
    settings, *others = FILES
    parts = [_INTRODUCTION, *_file(settings), *_file(others[0]), *_file(others[1]), _AGENTS]
    return "\n".join(parts)


def settings_sections() -> tuple[Section, ...]:
    """Return the tables of the settings file, in its order."""
    return FILES[0].sections


def default_words(column: FieldInfo) -> str:
    """Return a key's default as TOML, or an empty text for one without."""
    value = column.get_default(call_default_factory=True)
    return '""' if value is PydanticUndefined or value is None else in_toml(value)


def tables() -> frozenset[type[Table]]:
    """Return every table that the reference describes."""
    return frozenset(section.table for file in FILES for section in file.sections)


def meanings(described: type) -> dict[str, str]:
    """Return the `#:` comment of each field of a class, those it inherits included."""
    found: dict[str, str] = {}
    for one in reversed(described.__mro__):
        if one.__module__.startswith("router."):
            found |= _comments(inspect.getsource(one))
    return found


def _comments(source: str) -> dict[str, str]:
    found: dict[str, str] = {}
    comment: list[str] = []
    for line in map(str.strip, source.splitlines()):
        if line.startswith("#:"):
            comment.append(line[2:].strip())
            continue
        if comment and (field := re.match(r"(\w+):", line)):
            found[field[1]] = " ".join(comment)
        comment = []
    return found


def _file(file: File) -> Iterator[str]:
    yield f"## {file.heading}\n\n{file.about}\n"
    for section in file.sections:
        yield _section(section)


def _section(section: Section) -> str:
    described = section.described_by or section.table
    about = section.about or inspect.cleandoc(described.__doc__ or "")
    meaning = meanings(described)
    rows = [
        f"| `{name}` | {meaning[name]} | {_kind(name, column)} | {_default(column)} |"
        for name, column in section.table.model_fields.items()
        if not has_section(column.annotation)
    ]
    head = (f"### {section.heading}\n", f"{about}\n", "| key | meaning | value | default |")
    return "\n".join((*head, "|---|---|---|---|", *rows, ""))


def has_section(annotation: Any) -> bool:
    """Return whether it is a table, or holds tables: they have sections of their own."""
    if isinstance(annotation, type) and issubclass(annotation, Table):
        return True
    return any(map(has_section, typing.get_args(annotation)))


def _kind(name: str, column: FieldInfo) -> str:
    """Return what the value must be, with its unit and limits."""
    unit = "seconds" if name.endswith("_s") else ""
    return _words(column.annotation, unit, _limits(column.metadata))


def _words(kind: Any, unit: str, limits: Mapping[str, Any]) -> str:
    origin, inside = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):  # only with None
        return _words(inside[0], unit, limits)
    if origin is Annotated:
        return _words(inside[0], unit, {**limits, **_limits(inside[1:])})
    if origin is Literal:
        *first, last = (f"`{json.dumps(word)}`" for word in inside)
        return f"{', '.join(first)} or {last}"
    if origin is tuple:
        return f"list of {_plural(_words(inside[0], unit, {}))}"
    if origin is dict:
        return f"table of {_plural(_words(inside[1], unit, {}))}"
    if kind is bool:
        return "`true` or `false`"
    if kind in (int, float):
        number = "whole number" if kind is int else "number"
        words = number if not unit else f"whole {unit}" if kind is int else unit
        return " ".join(filter(None, (words, _range(limits))))
    if kind is datetime:
        return "date and time"
    return "date" if kind is Any else "text"


def _plural(words: str) -> str:
    if words == "date and time":
        return "dates and times"
    kind, of, rest = words.partition(" of ")
    return f"{kind}{'' if kind.endswith('s') else 's'}{of}{rest}"


def _limits(metadata: Any) -> dict[str, Any]:
    """Return the numeric limits among a field's metadata: gt, ge and le."""
    found: dict[str, Any] = {}
    for one in metadata:
        if isinstance(one, FieldInfo):
            found |= _limits(one.metadata)
        for name in ("gt", "ge", "le"):
            if (limit := getattr(one, name, None)) is not None:
                found[name] = limit
    return found


def _range(limits: Mapping[str, Any]) -> str:
    if "ge" in limits and "le" in limits:
        return f"from {limits['ge']} to {limits['le']}"
    below = f"above {limits['gt']}" if "gt" in limits else ""
    least = f"{limits['ge']} or more" if "ge" in limits else ""
    most = f"up to {limits['le']}" if "le" in limits else ""
    return ", ".join(filter(None, (below, least, most)))


def _default(column: FieldInfo) -> str:
    value = column.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "*required*"
    return "*none*" if value is None else f"`{in_toml(value)}`"


def in_toml(value: Any) -> str:
    """Return a value as TOML: text, number, truth, instant, tuple or table."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return f"[{', '.join(map(in_toml, value))}]"
    if isinstance(value, dict):
        pairs = (f"{_key(name)} = {in_toml(one)}" for name, one in value.items())
        return f"{{ {', '.join(pairs)} }}" if value else "{}"
    return json.dumps(value, ensure_ascii=False)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name)


if __name__ == "__main__":
    print(reference(), end="")
