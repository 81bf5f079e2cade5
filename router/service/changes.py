"""Two configurations of one service compared: what a running router takes, and what it cannot.

Keys are named as in the files; a secret is only named.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from router.asterisk.rewriting import differing
from router.config import Config, Secrets, Settings
from router.core.plan import Plan

#: Settings that the router reads when it starts. All others it takes while it runs.
_ROUTER = (
    *("state_dir", "prompts_dir", "http.host", "http.port", "http.certificates"),
    *("callbacks.per_day", "callbacks.vault_dir", "log.format", "probe.every_s"),
)


@dataclass(frozen=True, slots=True)
class Changes:
    """What differs between what is in force and what the files say."""

    #: In force once the rest is in place, in words: "plan: hours", "agents: 104 added".
    taken: tuple[str, ...]
    #: The keys that wait for a new start, each with what has to start.
    restart: tuple[str, ...]
    #: What is in force then: the files, but for `restart`.
    config: Config


def compared(now: Config, read: Config) -> Changes:
    """Return what differs; both configurations have their secrets."""
    old, new = now.settings, read.settings
    given, fresh = now.secrets, read.secrets
    assert given is not None
    assert fresh is not None
    restart = [f"{key}: restart the router" for key in _ROUTER if _at(old, key) != _at(new, key)]
    kept = differing(old.asterisk, new.asterisk)
    restart += [f"asterisk.{name}: restart Asterisk, then the router" for name in kept]
    if given.ari_password != fresh.ari_password:
        restart.append("ari_password: restart Asterisk, then the router")
        fresh = replace(fresh, ari_password=given.ari_password)
    in_force = replace(read, settings=_with(old, new, kept), secrets=fresh)
    taken = [
        *_of_plan(now.plan, read.plan),
        *_of_agents(now.plan, read.plan),
        *(f"settings: {name}" for name in _differ(old, in_force.settings)),
        *(f"secrets: {name}" for name in _of_secrets(given, fresh)),
    ]
    return Changes(tuple(taken), tuple(restart), in_force)


def _with(old: Settings, new: Settings, kept: Iterable[str]) -> Settings:
    """Return `new`, but for what cannot change while the service runs."""
    settings = new
    for key in _ROUTER:
        settings = _set(settings, key.split("."), _at(old, key))
    asterisk = {name: getattr(old.asterisk, name) for name in kept}
    return replace(settings, asterisk=replace(settings.asterisk, **asterisk))


def _at(settings: Any, key: str) -> Any:
    for name in key.split("."):
        settings = getattr(settings, name)
    return settings


def _set(table: Any, names: list[str], value: Any) -> Any:
    first, *rest = names
    return replace(table, **{first: _set(getattr(table, first), rest, value) if rest else value})


def _differ(old: Any, new: Any, place: str = "") -> list[str]:
    """Return the keys that differ between two settings, or two tables of settings."""
    keys: list[str] = []
    for column in fields(old):
        before, after = getattr(old, column.name), getattr(new, column.name)
        if before == after:
            continue
        key = place + column.name
        tables = type(before) is type(after) and hasattr(before, "__dataclass_fields__")
        keys += _differ(before, after, f"{key}.") if tables else [key]
    return keys


def _of_plan(old: Plan, new: Plan) -> list[str]:
    """Return the parts of the plan that differ, with what came and went in each."""
    said = []
    for column in fields(old):
        if column.name == "agents":
            continue
        before, after = getattr(old, column.name), getattr(new, column.name)
        if before != after:
            what = _came_and_went(before, after) if isinstance(before, Mapping) else ""
            said.append(f"plan: {column.name}{what and f' ({what})'}")
    return said


def _of_agents(old: Plan, new: Plan) -> list[str]:
    what = _came_and_went(old.agents, new.agents)
    return [f"agents: {what}"] if what else []


def _came_and_went(before: Mapping[Any, Any], after: Mapping[Any, Any]) -> str:
    """Return in words which entries are new, gone or otherwise; "" if none are."""
    kinds = {
        "added": [one for one in after if one not in before],
        "removed": [one for one in before if one not in after],
        "changed": [one for one in after if one in before and before[one] != after[one]],
    }
    return ", ".join(f"{' '.join(which)} {how}" for how, which in kinds.items() if which)


def _of_secrets(old: Secrets, new: Secrets) -> list[str]:
    names: list[str] = []
    for column in fields(old):
        before, after = getattr(old, column.name), getattr(new, column.name)
        if before == after:
            continue
        if isinstance(before, Mapping):
            which = [one for one in {**before, **after} if before.get(one) != after.get(one)]
            names += [f"{column.name}.{one}" for one in which]
        else:
            names.append(column.name)
    return names
