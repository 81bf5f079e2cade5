"""Commands that put the service in place on a machine: ./allo install, package."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from router import places
from router.cli.options import say

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from router.deploy.answers import Answers
    from router.deploy.installing import Job
    from router.deploy.layout import Ground
    from router.deploy.program import Source


def install(
    carrier: Annotated[
        list[str] | None,
        typer.Option(
            "--carrier",
            metavar="HOST[:PORT]",
            help="The carrier's SIP server; may be repeated. Calls go out to the first.",
        ),
    ] = None,
    presented: Annotated[
        str | None,
        typer.Option(
            "--presented",
            metavar="NUMBER",
            help="The number shown to people who are called back, as granted by the carrier. "
            "Without it there are no callbacks.",
        ),
    ] = None,
    public_name: Annotated[
        str | None,
        typer.Option(
            "--public-name",
            metavar="NAME",
            help="The name under which browsers reach the pages, as in www.example.org.",
        ),
    ] = None,
    phones_network: Annotated[
        list[str] | None,
        typer.Option(
            "--phones-network",
            metavar="NETWORK",
            help="The network of the informateurs' phones, as in 192.0.2.0/24; may be repeated.",
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Print every file, user and unit that would change; change nothing."
        ),
    ] = False,
    root: Annotated[
        Path,
        typer.Option(
            "--root", metavar="DIR", help="Lay it out below this folder, as for an image."
        ),
    ] = Path("/"),
    uninstall: Annotated[
        bool,
        typer.Option(
            "--uninstall", help="Remove it; /etc/allo and /var/lib/allo stay, with their user."
        ),
    ] = False,
    purge: Annotated[
        bool, typer.Option("--purge", help="With --uninstall: remove these too.")
    ] = False,
) -> None:
    """Put the service in place on this machine.

    The program, its user, files and units. Only root can, except below a folder (--root).
    Started again, it changes only what differs. Files in /etc/allo that you have changed stay as
    they are; a new default lands beside as .new. An Asterisk of /etc/asterisk is left alone.
    """
    from router.deploy.answers import Answers
    from router.deploy.installing import check_rights
    from router.deploy.layout import Ground

    ground = Ground(root.absolute())
    if purge and not uninstall:
        raise typer.BadParameter("goes with --uninstall", param_hint="--purge")
    if not dry_run:
        check_rights(ground)
    if uninstall:
        _uninstall(ground, purge=purge, dry_run=dry_run)
        return
    answers = Answers(tuple(carrier or ()), presented, public_name, tuple(phones_network or ()))
    _install(ground, answers, dry_run=dry_run)


def _install(ground: "Ground", answers: "Answers", *, dry_run: bool) -> None:
    from router.deploy import answers as answering
    from router.deploy import installing, surroundings
    from router.deploy.defaults import SETTINGS
    from router.deploy.program import LIB
    from router.errors import ConfigError

    if faults := answers.faults():
        raise ConfigError(faults)
    if not dry_run and sys.stdin.isatty() and sys.stdout.isatty():
        answers = answering.asked(answers, _known(ground), _ask, say)
    values = answering.settings_of(answers)
    found, told = values, list[str]()
    if not ground.at(SETTINGS).exists():
        found, told = answering.with_free_ports(values, surroundings.other_range(ground))
    installing.check_settings(ground, values, found)
    job = installing.planned(ground, None if places.INSTALLED else _source(ground), values, found)
    for line in told:
        say(line)
    for router in surroundings.routers_of_checkouts(LIB):
        say(f"A router runs here from a checkout, {router}: stop it before allo.target starts.")
    if dry_run:
        _print(job)
        return
    installing.carry_out(job, say)
    say("Installed." if job.changes else "Nothing differs: it is installed.")
    say("\nWhat is left to do:")
    for number, step in enumerate(installing.next_steps(job), 1):
        say(f"  {number}. {step}")


def _uninstall(ground: "Ground", *, purge: bool, dry_run: bool) -> None:
    from router.deploy import removing

    if not dry_run:
        removing.remove(ground, say, purge=purge)
        return
    for path in removing.laid(ground, purge=purge):
        say(f"would be removed: {path}")
    say("Nothing has been changed.")


def _known(ground: "Ground") -> "Callable[[str], bool]":
    """Return what tells whether the settings there answer a question already."""
    import tomllib

    from router.deploy.defaults import SETTINGS

    try:
        content = tomllib.loads(ground.at(SETTINGS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        content = {}
    asterisk, callbacks = content.get("asterisk", {}), content.get("callbacks", {})
    known = {
        "carriers": not {"trunk_peer", "registration", "carriers"}.isdisjoint(asterisk),
        "presented": "presented" in callbacks,
        "public_name": "origins" in callbacks,
        "phones": "agents_networks" in asterisk,
    }
    return known.__getitem__


def _ask(question: str) -> str:
    return str(typer.prompt(question, default="", show_default=False))


def _source(ground: "Ground") -> "Source":
    from router.deploy.program import python_minor

    return _checkout((python_minor(ground),))


def _checkout(minors: "Collection[int]") -> "Source":
    """Return this checkout, with all that it has to fetch and render, for Python 3.<minors>."""
    from router.cli import provision
    from router.config import load
    from router.deploy.program import Source, python_packages
    from router.errors import SetupError

    if not (places.TOP / "pyproject.toml").is_file():
        raise SetupError(
            f"{places.TOP} is no checkout",
            "Install the Debian package, or start ./allo install in a checkout.",
        )
    tools = provision.toolbox(say, ("asterisk", "espeak-ng", "sox"))
    voice = provision.voice_named("espeak-ng", None, tools)
    audio = provision.prompts(load(None), voice, tools, say)
    packages = python_packages(places.TOP, places.HOME, minors, say)
    return Source(places.TOP, tools, audio, packages)


def _print(job: "Job") -> None:
    from router.deploy.defaults import SECRETS, lacks_secrets

    if job.account:
        say("new: user and group allo")
    for change in job.changes:
        say(str(change))
    if lacks_secrets(job.ground):
        say(f"new: {SECRETS}")
    units = ", ".join(dict.fromkeys(one.thing.path.name for one in job.units))
    say(f"units: {units or 'as they are'}")
    say(f"{len(job.changes)} files and folders differ. Nothing has been changed.")


def package(
    output: Annotated[
        Path,
        typer.Option("--output", metavar="DIR", help="Write the package into this folder."),
    ] = Path(),
) -> None:
    """Build a Debian package of the service.

    For Debian 12 and 13. It carries Asterisk, the voice, the Python packages and the prompts, so
    nothing is fetched when it is installed. Building it needs no root.
    """
    from router import __version__
    from router.asterisk.debian import machine_architecture
    from router.deploy.debian_package import build
    from router.deploy.packages import DEBIAN_MINORS

    source = _checkout(DEBIAN_MINORS)
    target = output.absolute()
    built = build(source, __version__, machine_architecture(), target, _last_change(), say)
    size = built.stat().st_size // 1_000_000
    say(f"{built} ({size} MB). Install it as root: apt install {built}")


def _last_change() -> int:
    """Return when the checkout was last changed: its last commit, or its newest file."""
    import os
    import subprocess

    if (chosen := os.environ.get("SOURCE_DATE_EPOCH", "")).isdecimal():
        return int(chosen)
    words = ["git", "-C", str(places.TOP), "log", "-1", "--format=%ct"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    except OSError:
        done = None
    if done is not None and done.returncode == 0 and done.stdout.strip().isdecimal():
        return int(done.stdout)
    return int(max(path.stat().st_mtime for path in places.PACKAGE.rglob("*.py")))
