"""Commands that run the service, change it, or repeat its decisions: ./allo run, reload, replay."""

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from router.cli.options import (
    DemoConfigOption,
    RecordOption,
    SettingsOption,
    or_demo_settings,
    say,
    tape_on,
)
from router.errors import ConfigError, StoreError


def run(
    config: SettingsOption,
    clock_offset: Annotated[
        float,
        typer.Option(
            "--clock-offset", metavar="SECONDS", help="Shift the service's clock, for rehearsals."
        ),
    ] = 0.0,
    record: RecordOption = None,
    take_over: Annotated[
        bool,
        typer.Option(
            "--take-over", help="Take over from a router that serves this Asterisk: it then stops."
        ),
    ] = False,
) -> None:
    """Run the service beside its Asterisk, until SIGTERM."""
    import uvloop

    from router import logs
    from router.cli import provision
    from router.cli.check import checked
    from router.clock import Clock
    from router.config import load
    from router.notify import Notifier
    from router.service.live import spare_the_collector
    from router.service.service import Service

    notifier = Notifier()
    read_at = time.time()
    loaded = load(config, provision.catalogue().prompts.keys())
    log = loaded.settings.log
    logs.configure(level=log.level, console=log.format == "console")
    tape = None if record is None else tape_on(record)

    async def serve() -> None:
        service = Service(
            loaded,
            Clock(clock_offset),
            tape,
            take_over=take_over,
            notifier=notifier,
            reread=lambda: checked(config),
            read_at=read_at,
        )
        spare_the_collector()
        await service.run()

    uvloop.run(serve())


def refusals(config: SettingsOption) -> None:
    """Tell whom Asterisk refuses, for fail2ban.

    Prints a line for each address that knocks without being let in, until SIGTERM: whoever is no
    phone and no carrier, has a wrong password, or is a phone outside its networks. Only addresses
    are told, and none of a carrier's or of phones' networks (docs/security.md).
    """
    import asyncio

    from router.config import load
    from router.notify import Notifier
    from router.refusals import spared_by, tell

    settings = load(config).asterisk()

    def out(line: str) -> None:
        print(line, flush=True)

    def trouble(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    asyncio.run(tell(settings, spared_by(settings), out, trouble, Notifier()))


def reload(config: DemoConfigOption = None) -> None:
    """Have the running service read its files again. No call ends.

    Reads plan, informateurs, settings, secrets and prompts as ./allo check does. If anything is
    wrong, says all of it, and the service goes on as it was: exit 2. Otherwise prints what has
    changed: exit 0. What only a new start can change is said by its key, and the rest is in force:
    exit 1. `systemctl reload allo-router`, or SIGHUP to the router, does the same and answers in
    the router's log.
    """
    from router.cli.check import checked
    from router.config import Faulty
    from router.service import control

    named = or_demo_settings(config)
    if named is None:
        raise typer.BadParameter(
            "name the settings (allo.toml), or start ./allo demo once", param_hint="--config"
        )
    read = checked(named)
    if isinstance(read, Faulty):
        raise ConfigError(read.problems)
    done = control.ask(read.settings.state_dir, "reload")
    if done["faults"]:
        print(*done["faults"], sep="\n", file=sys.stderr)
        raise typer.Exit(2)
    for one in done["taken"]:
        say(one)
    if not done["taken"] and not done["left"]:
        say("Nothing has changed.")
    for one in done["left"]:
        print(f"not yet: {one}", file=sys.stderr)
    if done["left"]:
        raise typer.Exit(1)


def replay(
    recording: Annotated[
        Path, typer.Argument(metavar="FILE", help="A file written with --record.")
    ],
    config: DemoConfigOption = None,
) -> None:
    """Repeat the decisions recorded with --record, and compare.

    Exit 1 at the first difference.
    """
    from router import replay as recordings
    from router.config import load

    try:
        replayed = recordings.replay(recording, load(or_demo_settings(config)).plan)
    except recordings.Difference as difference:
        say(str(difference))
        raise typer.Exit(1) from None
    except StoreError as error:
        print(f"allo: {error}", file=sys.stderr)
        raise typer.Exit(2) from None
    say(str(replayed))
