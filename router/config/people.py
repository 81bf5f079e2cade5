"""Informateurs who come and go: what that changes in their file and in the secrets."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from router.config.agents import NAMES, is_number
from router.config.edits import Edited, drop, put, with_line
from router.config.secrets import new_pins
from router.config.tables import did_you_mean
from router.errors import ConfigError, Problem

#: The tables of the secrets that have one entry for each informateur.
_THEIRS = ("agents", "pins", "tokens")


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What an informateur needs to know; shown once, to whoever hands it over."""

    number: str
    #: What is new; None: it was there before.
    password: str | None = field(default=None, repr=False)
    pin: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)


def add(
    edited: Edited,
    number: str,
    skills: Mapping[str, int],
    now: datetime,
    name: str | None = None,
    pin: str | None = None,
) -> HandedOver:
    """Add an informateur, with password, PIN and token where there are none.

    Raises:
        ConfigError: If the number cannot be, or is somebody's; or if the PIN is.
    """
    place = f"{edited.settings.agents.name}: {number}"
    if not is_number(number):
        reason = "an informateur's number is 1 to 10 digits, as in 101"
        raise ConfigError([Problem(place, reason)])
    if number in edited.agents:
        reason = (
            "is there already: choose another number, remove that one first "
            f"(./allo agents remove {number}), or change its line"
        )
        raise ConfigError([Problem(place, reason)])
    edited.agents = with_line(edited.agents, number, dict(skills))
    if name is not None:
        put(edited.agents, NAMES, number, name)
    return HandedOver(
        number,
        password=_unless_there(edited, "agents", number, secrets.token_urlsafe(18), now),
        pin=new_pin(edited, number, now, pin) if _lacks_pin(edited, number, pin) else None,
        token=_unless_there(edited, "tokens", number, secrets.token_urlsafe(24), now),
    )


def remove(edited: Edited, number: str) -> None:
    """Remove an informateur, and all that opened anything to them.

    Raises:
        ConfigError: If there is none of that number.
    """
    if number not in edited.agents or number == NAMES:
        raise _unknown(edited, number)
    del edited.agents[number]
    drop(edited.agents, NAMES, number)
    for table in _THEIRS:
        forget(edited, table, number)
    for name, access in list(edited.secrets.get("access", {}).items()):
        if access.get("agent") == number:
            forget(edited, "access", name)


def new_pin(edited: Edited, number: str, now: datetime, pin: str | None = None) -> str:
    """Give the informateur another PIN: `pin`, or one that nobody has; return it.

    Raises:
        ConfigError: If there is no such informateur, or if somebody has that PIN.
    """
    if number not in edited.agents or number == NAMES:
        raise _unknown(edited, number)
    pins = edited.secrets.get("pins", {})
    taken = {one for whose, one in pins.items() if whose != number}
    if pin is None:
        pin = next(one for one in new_pins(len(taken) + 2) if one not in {*taken, pins.get(number)})
    elif pin in taken:
        reason = "another informateur has this PIN: leave it out, and one is made"
        raise ConfigError([Problem(f"{edited.secrets_path.name}: pins.{number}", reason)])
    put(edited.secrets, "pins", number, pin)
    note(edited, f"pins.{number}", now)
    return pin


def note(edited: Edited, name: str, now: datetime) -> None:
    """Note that a secret is as it is since `now`."""
    put(edited.secrets, "since", name, now.replace(microsecond=0))


def _lacks_pin(edited: Edited, number: str, pin: str | None) -> bool:
    return pin is not None or number not in edited.secrets.get("pins", {})


def _unless_there(edited: Edited, table: str, number: str, value: str, now: datetime) -> str | None:
    """Put the value in, unless there is one; return what was put in."""
    if number in edited.secrets.get(table, {}):
        return None
    put(edited.secrets, table, number, value)
    note(edited, f"{table}.{number}", now)
    return value


def forget(edited: Edited, table: str, key: str) -> None:
    """Remove a secret and all that is noted of it."""
    drop(edited.secrets, table, key)
    for about in ("grace", "since"):
        drop(edited.secrets, about, f"{table}.{key}")


def _unknown(edited: Edited, number: str) -> ConfigError:
    known = [one for one in edited.agents if one != NAMES]
    hint = did_you_mean(number, known) or "; ./allo agents list names them all"
    reason = f"no such informateur{hint}"
    return ConfigError([Problem(f"{edited.settings.agents.name}: {number}", reason)])
