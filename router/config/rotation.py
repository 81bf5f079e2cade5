"""Secrets that are replaced: which can be, with what grace, and how old each is."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from router.access import Scope
from router.config.edits import Edited, drop, put
from router.config.people import forget, note
from router.config.secrets import Secrets, rotatable
from router.config.tables import did_you_mean
from router.errors import ConfigError, Problem

#: Secrets that nothing here replaces, and why.
_LEFT_ALONE = {
    "code_secret": "would change every access code of every page at once: edit the file, and tell "
    "the web site, if it must be",
    "registration_password": "is the carrier's: write there the one that the carrier has given",
    "carriers": "is the carrier's: write there the one that the carrier has given",
}
_TOKEN_BYTES = 24


@dataclass(frozen=True, slots=True)
class Known:
    """A secret, without its value."""

    name: str
    #: Since when it is as it is; None: it is older than any note of it.
    since: datetime | None
    #: Until when the one before opens too; None: it does not.
    grace_until: datetime | None
    #: "grace", "at once" or "restart" by what `rotate` would mean; "by hand" if it does not.
    rotation: str


def listed(given: Secrets, now: datetime) -> list[Known]:
    """Return every secret by name. A grace that is over is not told."""
    graces = {name: one.until for name, one in given.grace.items() if one.until > now}
    return [
        Known(name, given.since.get(name), graces.get(name), how(name, given))
        for name in _names(given)
    ]


def how(name: str, given: Secrets) -> str:
    """Return what replacing a secret means: see `Known.rotation`."""
    if name in rotatable(given):
        return "grace"
    if name == "ari_password":
        return "restart"
    return "at once" if name.startswith("agents.") else "by hand"


def rotate(edited: Edited, given: Secrets, name: str, grace: timedelta, now: datetime) -> str:
    """Replace a secret, which stays valid for `grace` where it can; return the new one.

    Graces that are over are dropped from the file.

    Raises:
        ConfigError: If there is no such secret, or if it cannot be replaced like this.
    """
    place = f"{edited.secrets_path.name}: {name}"
    way = how(name, given)
    if name not in _names(given):
        hint = did_you_mean(name, _names(given)) or "; ./allo secrets list names them all"
        reason = f"no such secret{hint}"
        raise ConfigError([Problem(place, reason)])
    if name.startswith("pins."):
        reason = f"a new PIN is given by ./allo agents pin {name.removeprefix('pins.')}"
        raise ConfigError([Problem(place, reason)])
    if way == "by hand":
        raise ConfigError([Problem(place, _LEFT_ALONE[name.partition(".")[0]])])
    if way != "grace" and grace:
        reason = "has no grace, as Asterisk knows one password at a time: say --grace 0"
        raise ConfigError([Problem(place, reason)])
    table, _, key = name.rpartition(".")
    holder: Any = edited.secrets[table] if table else edited.secrets
    if table == "access":
        holder, key = holder[key], "token"
    old, new = str(holder[key]), secrets.token_urlsafe(_TOKEN_BYTES)
    holder[key] = new
    _tidy(edited, name, now)
    if grace:
        until = (now + grace).replace(microsecond=0)
        put(edited.secrets, "grace", name, {"value": old, "until": until})
    note(edited, name, now)
    return new


def grant(edited: Edited, name: str, scope: Scope, agent: str | None, now: datetime) -> str:
    """Make a token of that scope, under its name in `[access]`; return it.

    Raises:
        ConfigError: If there is one of that name.
    """
    if name in edited.secrets.get("access", {}):
        place = f"{edited.secrets_path.name}: access.{name}"
        reason = (
            "is there already: choose another name, or replace it "
            f"(./allo secrets rotate access.{name})"
        )
        raise ConfigError([Problem(place, reason)])
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    entry = {"scope": scope.value, "token": token} | ({} if agent is None else {"agent": agent})
    put(edited.secrets, "access", name, entry)
    note(edited, f"access.{name}", now)
    return token


def revoke(edited: Edited, name: str) -> None:
    """Take a token of `[access]` away, with its grace.

    Raises:
        ConfigError: If there is none of that name.
    """
    known = list(edited.secrets.get("access", {}))
    if name not in known:
        reason = f"no such token{did_you_mean(name, known)}"
        raise ConfigError([Problem(f"{edited.secrets_path.name}: access.{name}", reason)])
    forget(edited, "access", name)


def _names(given: Secrets) -> Iterator[str]:
    yield from ("code_secret", "ari_password")
    if given.registration_password is not None:
        yield "registration_password"
    yield from (f"carriers.{name}" for name in given.carriers)
    yield from rotatable(given)
    yield from (f"agents.{phone}" for phone in given.agents)
    yield from (f"pins.{agent}" for agent in given.pins)


def _tidy(edited: Edited, name: str, now: datetime) -> None:
    """Drop graces that are over, and the one of `name`: a secret has one before it."""
    for one, grace in list(edited.secrets.get("grace", {}).items()):
        if one == name or grace["until"] <= now:
            drop(edited.secrets, "grace", one)
