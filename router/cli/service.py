"""Commands that run the service, or repeat what it decided: ./allo run, replay."""

import sys
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
from router.errors import StoreError


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
    from router.clock import Clock
    from router.config import load
    from router.notify import Notifier
    from router.service.live import spare_the_collector
    from router.service.service import Service

    notifier = Notifier()
    loaded = load(config, provision.catalogue().prompts.keys())
    log = loaded.settings.log
    logs.configure(level=log.level, console=log.format == "console")
    tape = None if record is None else tape_on(record)

    async def serve() -> None:
        service = Service(loaded, Clock(clock_offset), tape, take_over=take_over, notifier=notifier)
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
