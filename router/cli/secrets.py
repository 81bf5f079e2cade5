"""Commands about secrets: ./allo secrets list, rotate, add, remove.

No value is shown but a new one, once.
"""

import json
import re
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from router.access import Scope
from router.cli.changes import DryRunOption, have_it_taken, save
from router.cli.options import DemoConfigOption, meant, say

if TYPE_CHECKING:
    from router.config.rotation import Known

app = typer.Typer(
    help="Secrets: their age, and new ones in their place.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_GRACE = re.compile(r"([0-9]{1,5})([mhd])")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_MEANING = {
    "grace": "with grace",
    "at once": "at once: the phone needs the new one",
    "restart": "takes effect when Asterisk and router restart",
    "by hand": "by hand",
}


@app.command("list")
def list_(
    config: DemoConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """List the secrets: names, ages and graces, never values.

    The age counts from when ./allo made the secret; those of the first day have none.
    """
    from router.clock import Clock
    from router.config import load
    from router.config.rotation import listed
    from router.config.secrets import at

    loaded = load(meant(config))
    assert loaded.secrets is not None, "a settings file has secrets"
    now = at(Clock().now())
    known = listed(loaded.secrets, now)
    if as_json:
        print(json.dumps({"secrets": [_json(one) for one in known]}))
        return
    for one in known:
        print(_line(one, now))


@app.command()
def rotate(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="As ./allo secrets list has it: api_key, supervisors.superviseur."
        ),
    ],
    grace: Annotated[
        str | None,
        typer.Option(
            "--grace",
            metavar="TIME",
            help="How long the old one stays valid: 30m, 24h, 7d, or 0. Default: 24h where there "
            "can be a grace.",
        ),
    ] = None,
    config: DemoConfigOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Put a new secret in the place of one.

    The old one stays valid for a while, where it can.
    The new one is shown once, on a terminal. Without a grace: phones' passwords and ari_password,
    as Asterisk knows one at a time.
    """
    from router.clock import Clock
    from router.config import load, rotation
    from router.config.edits import editing
    from router.config.secrets import at

    named = meant(config)
    given = load(named).secrets
    assert given is not None, "a settings file has secrets"
    now = at(Clock().now())
    way = rotation.how(name, given)
    lasts = _grace(grace if grace is not None else "24h" if way == "grace" else "0")
    with editing(named) as edited:
        new = rotation.rotate(edited, given, name, lasts, now)
        changed = save(edited, dry_run=dry_run)
    if changed is None:
        return
    if name in given.grace and given.grace[name].until > now:
        say("The one before the old one, which was still in its grace, opens nothing more.")
    if lasts:
        say(f"{name} is new; the old one opens too until {_local(now + lasts)}.")
    else:
        say(f"{name} is new; the old one opens nothing more once the service has it.")
    if way == "restart":
        say(
            "It takes effect when Asterisk and the router restart, together: until then restart "
            "neither alone. (systemctl restart allo-asterisk allo-router; this ends calls.)"
        )
    _show(new, edited.secrets_path)
    have_it_taken(changed)


@app.command()
def add(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Whose it is, as audits name it: portail.")
    ],
    scope: Annotated[
        Scope,
        typer.Option(
            "--scope", metavar="SCOPE", help="read, agents, supervise, callbacks or admin."
        ),
    ],
    agent: Annotated[
        str | None,
        typer.Option(
            "--agent", metavar="NUMBER", help="The informateur whose desk the scope agents opens."
        ),
    ] = None,
    config: DemoConfigOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Make one more HTTP token, with a scope.

    docs/security.md says what each scope opens. The token is shown once, on a terminal.
    """
    from router.clock import Clock
    from router.config import rotation
    from router.config.edits import editing
    from router.config.secrets import at

    with editing(meant(config)) as edited:
        new = rotation.grant(edited, name, scope, agent, at(Clock().now()))
        changed = save(edited, dry_run=dry_run)
    if changed is not None:
        say(f"access.{name} opens what is for {scope}.")
        _show(new, edited.secrets_path)
        have_it_taken(changed)


@app.command()
def remove(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As it was added: portail.")],
    config: DemoConfigOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Take away a token that was added."""
    from router.config import rotation
    from router.config.edits import editing

    with editing(meant(config)) as edited:
        rotation.revoke(edited, name)
        changed = save(edited, dry_run=dry_run)
    if changed is not None:
        say(f"access.{name} opens nothing more once the service has taken it.")
        have_it_taken(changed)


def _show(new: str, path: Path) -> None:
    if sys.stdout.isatty():
        print(f"\n  {new}\n\nShown this once; it is kept in {path} alone.")
    else:
        say(f"Shown on a terminal only; it is in {path}.")


def _grace(text: str) -> timedelta:
    if text == "0":
        return timedelta()
    found = _GRACE.fullmatch(text)
    if found is None:
        raise typer.BadParameter(f"write it as 30m, 24h, 7d or 0, got {text}", param_hint="--grace")
    return int(found[1]) * _UNITS[found[2]]


def _json(one: "Known") -> dict[str, str | None]:
    return {
        "name": one.name,
        "since": None if one.since is None else one.since.isoformat(),
        "grace_until": None if one.grace_until is None else one.grace_until.isoformat(),
        "rotation": one.rotation,
    }


def _line(one: "Known", now: datetime) -> str:
    age = "as laid" if one.since is None else _age(now - one.since)
    more = f"; the one before opens until {_local(one.grace_until)}" if one.grace_until else ""
    return f"{one.name:32} {age:10} {_MEANING[one.rotation]}{more}"


def _age(age: timedelta) -> str:
    if age < timedelta(hours=1):
        return f"{max(0, round(age.total_seconds() / 60))} min"
    return f"{age.seconds // 3600} h" if age.days < 1 else f"{age.days} d"


def _local(at: datetime) -> str:
    return at.astimezone().strftime("%Y-%m-%d %H:%M")
