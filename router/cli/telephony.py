"""Commands about the Asterisk that the settings describe: ./allo asterisk start, stop, cli."""

import asyncio
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from router.cli.options import DemoConfigOption, meant, say
from router.errors import SetupError

if TYPE_CHECKING:
    from router.asterisk.settings import AsteriskSettings

#: How long `core stop now` may take, in seconds; Asterisk normally ends within one.
_STOP_NOW_S = 30.0

app = typer.Typer(
    help="Start, stop and query the service's Asterisk.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def start(
    config: DemoConfigOption = None,
    foreground: Annotated[
        bool,
        typer.Option(
            "--foreground",
            help="Stay beside it, as its systemd unit does, until SIGTERM or Ctrl-C; these end "
            "every call.",
        ),
    ] = False,
) -> None:
    """Write its configuration, start it and wait until it takes calls."""
    from router.asterisk.foreground import stay
    from router.asterisk.server import AsteriskServer
    from router.cli import provision
    from router.notify import Notifier

    settings = _settings(config)
    tools = provision.toolbox(say, ("asterisk", "sox"))
    server = AsteriskServer(settings, tools, dies_with_parent=foreground)

    def started() -> None:
        say(
            f"Asterisk {tools.asterisk_version} takes calls at {settings.trunk_bind}, with "
            f"process {server.pid}; its log is {server.log_path}"
        )

    if foreground:
        asyncio.run(stay(server, Notifier(), started))
    else:
        asyncio.run(server.start())
        started()


@app.command()
def stop(
    config: DemoConfigOption = None,
    now: Annotated[bool, typer.Option("--now", help="End calls in progress.")] = False,
) -> None:
    """Take no new calls, wait for the last one to end, then stop it."""
    from router.asterisk.console import ask, ended, process_of
    from router.asterisk.folders import clear_away

    settings = _settings(config)
    pid = process_of(settings)
    if pid is None:
        say(f"No Asterisk runs in {settings.state_dir}.")
        return

    async def end() -> None:
        counted = await ask(settings, "core show channels count")
        channels = re.search(r"([1-9][0-9]*) active channel", counted)
        if channels and not now:
            say(
                f"waiting for {channels[1]} channels to end "
                "(Ctrl-C: take calls again; --now: end them)"
            )
        try:
            await ask(settings, "core stop now" if now else "core stop gracefully")
            async with asyncio.timeout(_STOP_NOW_S if now else None):
                await ended(pid)
        except TimeoutError:
            raise SetupError(
                f"Asterisk, process {pid}, does not end", f"See its log, then: kill -KILL {pid}"
            ) from None
        except asyncio.CancelledError:
            await ask(settings, "core abort shutdown")
            say("Asterisk goes on and takes calls again.")
            raise

    try:
        asyncio.run(end())
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    clear_away(settings)
    say("Asterisk has stopped.")


@app.command()
def cli(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="COMMAND", help="For example: core show channels. Default: a console."
        ),
    ] = None,
    config: DemoConfigOption = None,
) -> None:
    """Run one command in its console, or open the console."""
    from router.asterisk.console import ask, process_of
    from router.cli import provision

    settings = _settings(config)
    if process_of(settings) is None:
        raise SetupError(
            f"no Asterisk runs in {settings.state_dir}",
            "Start it (./allo asterisk start --config FILE), or name its settings with --config.",
        )
    asked = [" ".join(words)] if words else None
    if asked is None and not sys.stdin.isatty():
        asked = [line.strip() for line in sys.stdin if line.strip()]
    if asked is not None:
        for command in asked:
            print(asyncio.run(ask(settings, command)), end="")
        return
    tools = provision.toolbox(say, ("asterisk",))
    console = [*tools.command("asterisk"), "-C", str(settings.config_dir / "asterisk.conf"), "-r"]
    os.execve(console[0], console, {**os.environ, **tools.environment("asterisk")})


def _settings(config: Path | None) -> "AsteriskSettings":
    """Return Asterisk's settings: those named, or the demo's."""
    from router.config import load

    return load(meant(config)).asterisk()
