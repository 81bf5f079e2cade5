"""The secrets of one deployment: their file, its checks, and how a new one is made."""

import re
import secrets
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from router.config.tables import (
    Report,
    Text,
    check_id,
    parse,
    raise_all,
    read_toml,
    schema,
    unknown,
)
from router.core.ids import AgentId, PhoneId

_PIN = re.compile(r"[0-9]{4,8}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,128}")
_NEW_PIN_DIGITS = 6

_Secret = Annotated[str, Field(min_length=16)]


@dataclass(frozen=True, slots=True)
class Access:
    """What one more machine or person presents (`Authorization: Bearer`), under its name."""

    #: What it opens: "read" is access codes, readiness and metrics; "agents" one informateur's
    #: desk; "supervise" every desk, and a part in calls; "callbacks" requests without a puzzle;
    #: "admin" everything but desks.
    scope: Literal["read", "agents", "supervise", "callbacks", "admin"]
    #: 16 to 128 letters, digits, hyphens or underscores; no two alike.
    token: str = field(repr=False)
    #: The informateur whose desk it opens: needed for "agents", and for nothing else.
    agent: AgentId | None = None


@dataclass(frozen=True, slots=True)
class Replaced:
    """A secret that has been replaced, under its name, such as "api_key" or "tokens.101"."""

    #: What still opens what it opened.
    value: str = field(repr=False)
    #: Until then: date, time and offset, 2026-11-23T10:00:00+01:00.
    until: datetime


@dataclass(frozen=True, slots=True)
class Secrets:
    """What must stay on the machine: repr() shows none of it."""

    #: Access codes are derived from it: 16 characters or more.
    code_secret: bytes = field(repr=False)
    #: The password of the router's ARI user: 16 to 128 letters, digits, hyphens or underscores.
    ari_password: str = field(repr=False)
    #: What opens everything over HTTP but informateurs' desks: 16 characters or more.
    api_key: str = field(repr=False)
    #: The password of each phone, informateurs' and supervisors': 16 to 128 letters, digits,
    #: hyphens or underscores.
    agents: Mapping[PhoneId, str] = field(repr=False)
    #: The password of the carrier's account, if there is one.
    registration_password: str | None = field(default=None, repr=False)
    #: The password of the account at each carrier of `[[asterisk.carriers]]`, by its name.
    carriers: Mapping[str, str] = field(default_factory=dict, repr=False)
    #: What a machine elsewhere presents to read `/metrics` and `/readyz` (`Authorization:
    #: Bearer`): 16 to 128 letters, digits, hyphens or underscores.
    machines_token: str | None = field(default=None, repr=False)
    #: What each informateur types to log in by phone, 4 to 8 digits; without one they cannot.
    pins: Mapping[AgentId, str] = field(default_factory=dict, repr=False)
    #: What each informateur's own page presents: 16 to 128 letters, digits, hyphens or
    #: underscores; no two alike.
    tokens: Mapping[AgentId, str] = field(default_factory=dict, repr=False)
    #: What each supervisor presents, by a name that the audit keeps.
    supervisors: Mapping[str, str] = field(default_factory=dict, repr=False)
    #: What the server of each web site presents to request callbacks without proof of work, by a
    #: name of its own.
    callback_keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    #: What others present, each by a name of its own and with a scope.
    access: Mapping[str, Access] = field(default_factory=dict, repr=False)
    #: Secrets that have been replaced and still open for a while.
    grace: Mapping[str, Replaced] = field(default_factory=dict, repr=False)
    #: Since when a secret is as it is, where `./allo` has made it after the first day.
    since: Mapping[str, datetime] = field(default_factory=dict, repr=False)


AccessTable: Any = schema(Access, agent=str | None)
ReplacedTable: Any = schema(Replaced, value=_Secret)
SecretsTable: Any = schema(
    Secrets,
    code_secret=_Secret,
    ari_password=_Secret,
    api_key=_Secret,
    registration_password=Text | None,
    carriers=dict[str, str],
    agents=dict[str, str],
    pins=dict[str, str],
    tokens=dict[str, str],
    supervisors=dict[str, str],
    callback_keys=dict[str, str],
    access=dict[str, AccessTable],
    grace=dict[str, ReplacedTable],
    since=dict[str, datetime],
)


def load_secrets(path: Path) -> Secrets:
    """Read the secrets.

    Raises:
        ConfigError: With every fault; also if everyone on the machine can read the file.
    """
    report = Report(path.name)
    given = read_secrets(path, report)
    raise_all(report)
    assert given is not None
    return given


def read_secrets(path: Path, report: Report) -> Secrets | None:
    """Return the secrets, to be used only if the report stays empty. No value is ever reported."""
    content = read_toml(path, report)
    if content is None:
        return None
    if path.stat().st_mode & stat.S_IRWXO:
        report.add("", f"everyone on this machine can read it: chmod 600 {path.name}")
    table = parse(SecretsTable, content, report, show_values=False)
    if table is None:
        return None
    _check_pins(table.pins, report)
    _check_tokens(table, report)
    _check_access(table, report)
    _check_times(table, report)
    values = table.model_dump(exclude={"code_secret", "access", "grace"})
    return Secrets(
        code_secret=table.code_secret.encode(),
        access={name: Access(**one.model_dump()) for name, one in table.access.items()},
        grace={name: Replaced(**one.model_dump()) for name, one in table.grace.items()},
        **values,
    )


def new_secrets(agent_ids: Iterable[str], supervisor_phones: Iterable[str] = ()) -> str:
    """Return fresh secrets as TOML, for a file that only its owner may read (mode 0600).

    There is one supervisor, named "superviseur", and one web site, named "site".
    """
    agents = tuple(agent_ids)
    lines = [
        "# Secrets of this service, to be readable by its own user only: chmod 600.",
        f'code_secret = "{secrets.token_urlsafe(32)}"',
        f'ari_password = "{secrets.token_urlsafe(24)}"',
        f'api_key = "{secrets.token_urlsafe(24)}"',
        f'machines_token = "{secrets.token_urlsafe(24)}"',
        "",
        "# Passwords of the phones: informateurs', then supervisors'.",
        "[agents]",
        *(f'{phone} = "{secrets.token_urlsafe(18)}"' for phone in (*agents, *supervisor_phones)),
        "",
        "# What informateurs type to log in by phone.",
        "[pins]",
        *(f'{agent} = "{pin}"' for agent, pin in zip(agents, new_pins(len(agents)), strict=True)),
        "",
        "# What informateurs' pages present (Authorization: Bearer).",
        "[tokens]",
        *(f'{agent} = "{secrets.token_urlsafe(24)}"' for agent in agents),
        "",
        "# What supervisors present, by the name that the audit keeps.",
        "[supervisors]",
        f'superviseur = "{secrets.token_urlsafe(24)}"',
        "",
        "# What web sites' servers present to request callbacks, by name.",
        "[callback_keys]",
        f'site = "{secrets.token_urlsafe(24)}"',
    ]
    return "\n".join(lines) + "\n"


def new_pins(count: int) -> list[str]:
    """Return different PINs, so that one typed with the wrong informateur's number fails."""
    pins: dict[str, None] = {}
    while len(pins) < count:
        pins[f"{secrets.randbelow(10**_NEW_PIN_DIGITS):0{_NEW_PIN_DIGITS}}"] = None
    return list(pins)


def _check_pins(pins: Mapping[str, str], report: Report) -> None:
    for agent, pin in pins.items():
        if not _PIN.fullmatch(pin):
            report.add(f"pins.{agent}", "must be 4 to 8 digits")


def _check_tokens(table: Any, report: Report) -> None:
    """Check that names are names, that tokens have the right form, and that no two are alike."""
    access = {name: one.token for name, one in table.access.items()}
    by_name = {
        "supervisors": table.supervisors,
        "callback_keys": table.callback_keys,
        "access": access,
    }
    for kind, names in by_name.items():
        for name in names:
            check_id(f"{kind}.{name}", name, report)
    tokens = {
        f"{kind}.{name}": token
        for kind, held in {"tokens": table.tokens, **by_name}.items()
        for name, token in held.items()
    }
    if table.machines_token is not None:
        tokens["machines_token"] = table.machines_token
    seen = {table.api_key: "api_key"}
    for place, token in tokens.items():
        if not _TOKEN.fullmatch(token):
            report.add(place, "must be 16 to 128 letters, digits, hyphens or underscores")
        elif token in seen:
            report.add(place, f"is the same as {seen[token]}")
        else:
            seen[token] = place


def _check_access(table: Any, report: Report) -> None:
    """Check that audits can tell holders apart, and that a desk's token says whose desk it is."""
    for name, one in table.access.items():
        place = f"access.{name}"
        if name in table.supervisors:
            report.add(place, f"is also supervisors.{name}: the audit could not tell them apart")
        if one.scope == "agents" and one.agent is None:
            report.add(f"{place}.agent", 'is missing: the informateur whose desk "agents" opens')
        elif one.scope != "agents" and one.agent is not None:
            report.add(f"{place}.agent", f'goes with scope "agents" alone, not "{one.scope}"')


def _check_times(table: Any, report: Report) -> None:
    """Check that replaced secrets name one that exists, and that times have their offset."""
    for name, one in table.grace.items():
        if name not in (known := rotatable(table)):
            report.add(f"grace.{name}", unknown("secret", name, known))
        if one.until.tzinfo is None:
            report.add(f"grace.{name}.until", "needs its offset: 2026-11-23T10:00:00+01:00")
    for name, at in table.since.items():
        if at.tzinfo is None:
            report.add(f"since.{name}", "needs its offset: 2026-11-23T10:00:00+01:00")


def at(seconds: float) -> datetime:
    """Return an instant, UTC epoch seconds, as the secrets have it."""
    return datetime.fromtimestamp(seconds, UTC)


def rotatable(given: Any) -> tuple[str, ...]:
    """Return the names of the secrets that can be replaced with a grace, as commands take them.

    `given` is the secrets or their table.
    """
    return (
        "api_key",
        *(("machines_token",) if given.machines_token is not None else ()),
        *(f"tokens.{name}" for name in given.tokens),
        *(f"supervisors.{name}" for name in given.supervisors),
        *(f"callback_keys.{name}" for name in given.callback_keys),
        *(f"access.{name}" for name in given.access),
    )
