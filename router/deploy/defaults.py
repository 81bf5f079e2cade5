"""The admin's files in /etc/allo: laid once, ready to edit, and never overwritten.

What was laid is also kept in `.defaults`, as dpkg does for its configuration files. So a file that
nobody has changed takes a new default by itself. Where somebody has changed it, the new default is
laid beside it, once, as `<name>.new`.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from router.config import load_plan, new_secrets
from router.config.pattern import set_values, settings_pattern
from router.config.settings import SHIPPED
from router.config.tables import Report, read_toml
from router.deploy.layout import OWN, ROOTS, SHOWN, Folder, Ground, Owner, Text, Thing
from router.errors import ConfigError, Problem

ETC = Path("/etc/allo")
STATE = Path("/var/lib/allo")
#: What was laid, as it was laid.
LAID = ETC / ".defaults"
#: Tells the program that was laid last from another.
RECORD = LAID / "program.json"
SETTINGS, PLAN, AGENTS, SECRETS = (
    ETC / name for name in ("allo.toml", "3939.toml", "agents.toml", "secrets.toml")
)
PROMPTS = STATE / "prompts"

_INTRODUCTION = """\
allo.toml: this deployment of the service. Every setting is here with its meaning; one that begins \
with a # goes by its default.

`allo check` reports every error at once, `allo doctor` what is wrong with the running service. \
`allo reload` has the running service take what has changed, ends no call, and says what takes a \
restart: of allo-router (calls go on) or, for addresses and ports, of allo-asterisk, which ends \
calls.

`allo install --carrier … --presented … --public-name … --phones-network …` sets here what only \
you know, and changes nothing else in this file."""

_AGENTS = """\
# agents.toml: the informateurs, and who knows what. One line each: an id of digits, and for each
# sector of the plan (3939.toml) when this person is asked: 1 is asked at once, 2 and 3 later
# (targets.widening_s in the plan). Each sector must have somebody.
#
# The phone's account is agent-<id>; its password, the PIN and the page's token are in secrets.toml,
# [agents], [pins] and [tokens].

"""
#: How many informateurs there are at first, and the first one's id.
_FIRST, _COUNT = 101, 3

Values = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Default:
    """A file of the admin's with its default."""

    path: Path
    content: str
    #: What follows its name where the default is laid beside it.
    beside: str = ".new"
    #: What the admin's file becomes by the flags of this call; None: it stays.
    edited: str | None = None
    #: What had been laid, with the flags of this call; None: nothing, or there are no flags.
    known: str | None = None
    owner: Owner = SHOWN
    mode: int = 0o640

    def things(self, ground: Ground) -> Iterator[Thing]:
        """Yield what is to be laid: the file, the default beside it, the note of what was laid."""
        laid = LAID / self.path.name
        there, before = _read(ground, self.path), _read(ground, laid)
        if there is None or there in (before, self.content):
            yield self._text(self.path, self.content)
        else:
            if self.edited is not None:
                yield self._text(self.path, self.edited)
            if (self.known or before) != self.content:
                yield self._text(self.path.with_name(self.path.name + self.beside), self.content)
        yield Text(laid, 0o644, ROOTS, self.content)

    def _text(self, path: Path, content: str) -> Text:
        return Text(path, self.mode, self.owner, content)


def folders() -> Iterator[Thing]:
    """Yield the folders of the admin's files and of the service's state."""
    yield Folder(ETC, 0o750, SHOWN)
    yield Folder(LAID, 0o755, ROOTS)
    yield Folder(STATE, 0o750, OWN)


def defaults(ground: Ground, values: Values, found: Values) -> list[Default]:
    """Return the admin's files but the secrets.

    `values` are those of this call's flags; `found` those that were found out, which count only
    where there is no settings file yet.

    Raises:
        ConfigError: If a file cannot be read, or if the settings file is written so that a flag's
            key cannot be set in it.
    """
    there = _read(ground, SETTINGS)
    if there is not None and any(values.values()):
        _check_toml(SETTINGS, there)
    own: Values = {"": _FILES}
    before = _read(ground, LAID / SETTINGS.name)
    if before is not None:
        _check_toml(LAID / SETTINGS.name, before)
    text = settings_pattern(own, _INTRODUCTION)
    if before is not None:
        text = set_values(text, _kept(before))
    if there is None:
        text = set_values(text, found)
    text = set_values(text, values)
    edited = known = None
    if there is not None and any(values.values()):
        known = None if before is None else set_values(before, values)
        try:
            edited = set_values(there, values)
        except ValueError as error:
            reason = f"set {error} there by hand: it is written so that this cannot change it"
            raise ConfigError([Problem(str(SETTINGS), reason)]) from None
    plan = (SHIPPED / "3939.toml").read_text(encoding="utf-8")
    return [
        Default(SETTINGS, text, edited=edited, known=known),
        Default(PLAN, plan),
        Default(AGENTS, _agents_text()),
    ]


_FILES = {
    "plan": PLAN.name,
    "agents": AGENTS.name,
    "secrets": SECRETS.name,
    "state_dir": str(STATE),
    "prompts_dir": str(PROMPTS),
}


def _kept(text: str) -> Values:
    """Return the values that were set in a pattern that we laid."""
    content = tomllib.loads(text)
    tables = {name: keys for name, keys in content.items() if isinstance(keys, dict)}
    return {
        name: {
            key: tuple(one) if isinstance(one, list) else one
            for key, one in keys.items()
            if not isinstance(one, dict)
        }
        for name, keys in tables.items()
    }


def _check_toml(path: Path, text: str) -> None:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        reason = f"is not valid TOML: {error}. Mend it, or move it away"
        raise ConfigError([Problem(str(path), reason)]) from None


def _agents_text() -> str:
    plan = load_plan(SHIPPED / "3939.toml", SHIPPED / "agents.toml")
    skills = ", ".join(f"{sector} = 1" for sector in plan.domains)
    lines = (f"{number} = {{ {skills} }}\n" for number in range(_FIRST, _FIRST + _COUNT))
    return _AGENTS + "".join(lines)


def lacks_secrets(ground: Ground) -> bool:
    """Return whether secrets are to be made, as far as the settings tell."""
    try:
        text = ground.at(SETTINGS).read_text(encoding="utf-8")
        name = tomllib.loads(text).get("secrets", SECRETS.name)
    except (OSError, ValueError):
        name = SECRETS.name
    return not ground.at(ETC / str(name)).exists()


def fresh_secrets(ground: Ground) -> Text | None:
    """Return new secrets for the plan's phones and informateurs; None if there are some already.

    Call it when the other files have been laid.

    Raises:
        ConfigError: If the settings, the plan or the informateurs cannot be read.
    """
    report = Report(SETTINGS.name)
    content = read_toml(ground.at(SETTINGS), report) or {}
    if report.problems:
        raise ConfigError(report.problems)
    place = ETC / str(content.get("secrets", SECRETS.name))
    if ground.at(place).exists():
        return None
    plan = load_plan(
        ground.at(ETC / str(content.get("plan", PLAN.name))),
        ground.at(ETC / str(content.get("agents", AGENTS.name))),
    )
    return Text(place, 0o600, OWN, new_secrets(plan.agents, plan.desk.supervisor_phones))


def _read(ground: Ground, path: Path) -> str | None:
    try:
        return ground.at(path).read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError:
        reason = "is not UTF-8 text: mend it, or move it away"
    except OSError as error:
        reason = f"cannot be read ({error.strerror}): mend it, or move it away"
    raise ConfigError([Problem(str(path), reason)])
