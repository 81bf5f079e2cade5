"""Commands about informateurs: ./allo agents add, list, remove, pin."""

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from router.cli.changes import DryRunOption, have_it_taken, save
from router.cli.options import DemoConfigOption, meant, say

if TYPE_CHECKING:
    from router.config import Config
    from router.config.people import HandedOver

app = typer.Typer(
    help="Informateurs who come and go, without a dropped call.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

NumberArgument = Annotated[
    str, typer.Argument(metavar="NUMBER", help="The informateur's number, as in 146.")
]
PinOption = Annotated[
    str | None,
    typer.Option("--pin", metavar="DIGITS", help="The PIN: 4 to 8 digits. Default: one is made."),
]


@app.command()
def add(
    number: NumberArgument,
    skills: Annotated[
        str,
        typer.Option(
            "--skills",
            metavar="SECTORS",
            help="Sectors of the plan, with commas: justice-famille,travail-conges=2. The level "
            "after = says when this person is asked: 1 (the default) at once, 2 and 3 later.",
        ),
    ],
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="NAME", help="Who it is, for ./allo agents list alone."),
    ] = None,
    pin: PinOption = None,
    config: DemoConfigOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Add an informateur, with password, PIN and token.

    Changes the files of informateurs and secrets together, or neither. What is to be handed over is
    shown once, on a terminal.
    """
    from router.clock import Clock
    from router.config import people
    from router.config.edits import editing
    from router.config.secrets import at

    levels = _levels(skills)
    with editing(meant(config)) as edited:
        handed = people.add(edited, number, levels, at(Clock().now()), name, pin)
        changed = save(edited, dry_run=dry_run)
    if changed is not None:
        say(f"Informateur {number} is in {edited.settings.agents.name}.")
        hand_over(handed, changed)
        have_it_taken(changed)


@app.command()
def remove(
    number: NumberArgument, config: DemoConfigOption = None, dry_run: DryRunOption = False
) -> None:
    """Remove an informateur, with password, PIN and tokens.

    Whoever is in a talk goes on to its end and may note it; no other call is given. The phone and
    the page are shut out.
    """
    from router.config import people
    from router.config.edits import editing

    with editing(meant(config)) as edited:
        people.remove(edited, number)
        changed = save(edited, dry_run=dry_run)
    if changed is not None:
        state = (_states(changed) or {}).get(number)
        say(f"Informateur {number} is no longer in {edited.settings.agents.name}.")
        if state == "talking":
            say(f"{number} is in a talk, which goes on to its end; no other call is given.")
        have_it_taken(changed)


@app.command()
def pin(
    number: NumberArgument,
    pin: PinOption = None,
    config: DemoConfigOption = None,
    dry_run: DryRunOption = False,
) -> None:
    """Give an informateur a new PIN.

    The old one logs nobody in any more. Whoever is logged in stays so: the PIN is asked for at the
    next log-in.
    """
    from router.clock import Clock
    from router.config import people
    from router.config.edits import editing
    from router.config.secrets import at

    with editing(meant(config)) as edited:
        new = people.new_pin(edited, number, at(Clock().now()), pin)
        changed = save(edited, dry_run=dry_run)
    if changed is not None:
        say(f"Informateur {number} has a new PIN; whoever is logged in stays so.")
        hand_over(people.HandedOver(number, pin=new), changed)
        have_it_taken(changed)


@app.command("list")
def list_(
    config: DemoConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """List the informateurs, and who is on duty.

    Each with number, what they do now if the router answers, name and skills.
    """
    from router.config import load
    from router.config.agents import NAMES
    from router.config.tables import Report, read_toml

    loaded = load(meant(config))
    states = _states(loaded)
    content = read_toml(loaded.settings.agents, Report("agents")) or {}
    names = content.get(NAMES, {})
    rows = [
        {
            "number": id_,
            "name": names.get(id_),
            "skills": skills,
            "state": None if states is None else states.get(id_),
        }
        for id_, skills in content.items()
        if id_ != NAMES
    ]
    if as_json:
        print(json.dumps({"router": states is not None, "agents": rows}, ensure_ascii=False))
        return
    for row in rows:
        print(_line(row, loaded.settings.agents.name))
    if states is None:
        print("The router does not answer: who is on duty is not known.", file=sys.stderr)


def hand_over(handed: "HandedOver", loaded: "Config") -> None:
    """Show what is new to whoever hands it over: on a terminal, and nowhere else."""
    secrets = loaded.settings.secrets
    tables = {"password": "[agents]", "PIN": "[pins]", "token": "[tokens]"}
    values = {"password": handed.password, "PIN": handed.pin, "token": handed.token}
    new = {what: value for what, value in values.items() if value is not None}
    if not new:
        return
    if not sys.stdout.isatty():
        where = ", ".join(tables[what] for what in new)
        say(f"Shown on a terminal only: {', '.join(new)}; see {where} of {secrets}.")
        return
    print()
    if handed.password is not None:
        transports = loaded.settings.asterisk.sip_transports
        doors = [by for name, by in transports.items() if name.startswith("agents-")]
        at = " or ".join(f"{address} ({kind.upper()})" for kind, address in doors)
        print(f"  phone     agent-{handed.number}, at {at}")
    for what, value in new.items():
        print(f"  {what:9} {value}")
    print(f"\nShown this once: hand it over now. It is kept in {secrets} alone.")


def _levels(skills: str) -> dict[str, int]:
    levels: dict[str, int] = {}
    for one in filter(None, map(str.strip, skills.split(","))):
        sector, has_level, level = one.partition("=")
        if has_level and not level.strip().isdecimal():
            raise typer.BadParameter(
                f"a level is a whole number, as in {sector}=2, got {one}", param_hint="--skills"
            )
        levels[sector.strip()] = int(level) if has_level else 1
    return levels


def _states(loaded: "Config") -> dict[str, str] | None:
    """Return what each informateur does; None if the router does not answer."""
    from router.doctor.findings import Unseen
    from router.doctor.http import HttpDoor

    assert loaded.secrets is not None, "a settings file has secrets"
    try:
        page = asyncio.run(
            HttpDoor(loaded).router("/v1/supervision/agents", loaded.secrets.api_key)
        )
    except Unseen:
        return None
    if page.status != 200:
        return None
    return {one["agent"]: one["state"] for one in json.loads(page.text)["agents"]}


def _line(row: dict[str, Any], file: str) -> str:
    skills = ", ".join(
        sector if level == 1 else f"{sector}={level}" for sector, level in row["skills"].items()
    )
    state = row["state"] or "unknown"
    return f"{row['number']:>4}  {state:12} {row['name'] or '':20} {skills}".rstrip()
