"""Commands that run the service, change it, or repeat its decisions: ./allo run, reload, replay."""

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from router.cli.options import (
    DemoConfigOption,
    RecordOption,
    SettingsOption,
    meant,
    or_demo_settings,
    say,
    tape_on,
)
from router.errors import ConfigError, StoreError

#: How often ./allo drain looks who is left, in seconds.
_LOOK_EVERY_S = 1.0


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
            Clock.of(loaded.settings.state_dir, clock_offset),
            tape,
            take_over=take_over,
            notifier=notifier,
            reread=lambda: checked(config),
            read_at=read_at,
        )
        spare_the_collector()
        await service.run()

    uvloop.run(serve())


def fallback(
    config: SettingsOption,
    clock_offset: Annotated[
        float,
        typer.Option(
            "--clock-offset", metavar="SECONDS", help="Shift the service's clock, for rehearsals."
        ),
    ] = 0.0,
) -> None:
    """Look after callers while the router is away, until SIGTERM.

    Runs beside the router, as a process of its own. Asterisk asks it over FastAGI when the router
    does not take a call: the caller hears what happens, says what they want, keeps their place, and
    is handed over when the router is back. Other dialplans may ask it for decisions
    (docs/fastagi.md).
    """
    import uvloop

    from router import logs
    from router.clock import Clock
    from router.config import load
    from router.fallback.process import Fallback
    from router.notify import Notifier

    loaded = load(config)
    log = loaded.settings.log
    logs.configure(level=log.level, console=log.format == "console")

    async def look_after() -> None:
        clock = Clock.of(loaded.settings.state_dir, clock_offset)
        await Fallback(loaded, clock, Notifier()).run()

    uvloop.run(look_after())


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

    read = checked(meant(config))
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


def drain(
    config: DemoConfigOption = None,
    off: Annotated[bool, typer.Option("--off", help="Take calls again.")] = False,
) -> None:
    """Take no new calls, and let those under way end in peace.

    For a stop that is meant to last: a restart needs none of this, and drops no call. New callers
    hear that the service is not available, and no callback is promised. Whoever is there is
    served: callers who wait and callbacks that are promised until `drain.longest_s` is over, talks
    for as long as they last. Prints who is left until nobody is: exit 0. If somebody still is when
    the time is up: exit 1. Stops nothing itself, and Ctrl-C ends no more than the printing. Calls
    are taken again at --off, and by a router that is started anew.
    """
    from router.config import read_all
    from router.service import control

    read = read_all(meant(config))
    if read.settings is None:
        raise ConfigError(read.problems)
    state_dir = read.settings.state_dir
    if off:
        control.ask(state_dir, "undrain")
        say("Calls are taken again.")
        return
    told, standing = "", control.ask(state_dir, "drain")
    say(f"No new call is taken; whoever waits is served for {standing['left_s']:.0f} s more.")
    while standing["left_s"] is not None:
        if (left := _who_is_left(standing)) != told:
            say(left)
            told = left
        if not standing["calls"] and not standing["callbacks"]:
            return
        if not standing["left_s"] and not standing["waiting"]:
            print("The time is up, and these are left.", file=sys.stderr)
            raise typer.Exit(1)
        time.sleep(_LOOK_EVERY_S)
        standing = control.ask(state_dir, "draining")
    print("The router takes calls again: it was told to, or started anew.", file=sys.stderr)
    raise typer.Exit(1)


def _who_is_left(standing: Mapping[str, Any]) -> str:
    calls, callbacks = standing["calls"], standing["callbacks"]
    if not calls and not callbacks:
        return (
            "Nobody is left. Stop it now: systemctl stop allo.target; or, without systemd, end "
            "./allo run, then ./allo asterisk stop."
        )
    return f"Left: {calls} calls, of which {standing['waiting']} wait; {callbacks} callbacks."


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
