"""The commands about the Asterisk of the settings: ./allo asterisk start, stop, cli."""

import asyncio
import os
import re
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from router import provision
from router.asterisk.settings import AsteriskSettings
from router.errors import SetupError
from router.options import DemoConfigOption, or_the_demo_s

#: After `core stop now` Asterisk ends within a second.
_STOP_NOW_S = 30.0

app = typer.Typer(
    help="Start, stop and ask the Asterisk of the settings.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def _say(text: str) -> None:
    print(text, flush=True)


@app.command()
def start(
    config: DemoConfigOption = None,
    foreground: Annotated[
        bool,
        typer.Option("--foreground", help="Stay until SIGTERM or Ctrl-C, which ends every call."),
    ] = False,
) -> None:
    """Write its configuration, start it and wait until it takes calls."""
    from router.asterisk.server import AsteriskServer

    settings = _settings(config)
    tools = provision.toolbox(_say, ("asterisk", "sox"))
    server = AsteriskServer(settings, tools, dies_with_parent=foreground)

    async def begin() -> None:
        await server.start()
        _say(
            f"Asterisk {tools.asterisk_version} takes calls at {settings.trunk_bind}, with "
            f"process {server.pid}; its log is {server.log_path}"
        )

    async def stay() -> None:
        stopping = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        beginning = asyncio.create_task(begin())
        told = asyncio.create_task(stopping.wait())
        await asyncio.wait({beginning, told}, return_when=asyncio.FIRST_COMPLETED)
        if not beginning.done():
            beginning.cancel()  # which leaves no process behind
            await asyncio.wait({beginning})
            return
        beginning.result()
        over = asyncio.create_task(server.ended())
        await asyncio.wait({over, told}, return_when=asyncio.FIRST_COMPLETED)
        if not told.done():
            raise SetupError("Asterisk stopped", server.last_words())
        await server.stop()

    asyncio.run(stay() if foreground else begin())


@app.command()
def stop(
    config: DemoConfigOption = None,
    now: Annotated[bool, typer.Option("--now", help="End the calls under way.")] = False,
) -> None:
    """Take no more calls, wait for the last one, and stop it."""
    from router.asterisk.console import ask, ended, process_of
    from router.asterisk.folders import clear_away

    settings = _settings(config)
    pid = process_of(settings)
    if pid is None:
        _say(f"No Asterisk runs in {settings.state_dir}.")
        return

    async def end() -> None:
        counted = await ask(settings, "core show channels count")
        channels = re.search(r"([1-9][0-9]*) active channel", counted)
        if channels and not now:
            _say(
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
            _say("Asterisk goes on and takes calls again.")
            raise

    try:
        asyncio.run(end())
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    clear_away(settings)
    _say("Asterisk has stopped.")


@app.command()
def cli(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="COMMAND", help="As core show channels. Default: a console."),
    ] = None,
    config: DemoConfigOption = None,
) -> None:
    """Ask it one command, or open its console."""
    from router.asterisk.console import ask, process_of

    settings = _settings(config)
    if process_of(settings) is None:
        raise SetupError(
            f"no Asterisk runs in {settings.state_dir}",
            "Start it (./allo asterisk start --config FILE), or name its settings by --config.",
        )
    asked = [" ".join(words)] if words else None
    if asked is None and not sys.stdin.isatty():
        asked = [line.strip() for line in sys.stdin if line.strip()]
    if asked is not None:
        for command in asked:
            print(asyncio.run(ask(settings, command)), end="")
        return
    tools = provision.toolbox(_say, ("asterisk",))
    console = [*tools.command("asterisk"), "-C", str(settings.config_dir / "asterisk.conf"), "-r"]
    os.execve(console[0], console, {**os.environ, **tools.environment("asterisk")})


def _settings(config: Path | None) -> AsteriskSettings:
    from router.config import load

    named = or_the_demo_s(config)
    if named is None:
        raise typer.BadParameter(
            "name the settings (allo.toml), or start ./allo demo once", param_hint="--config"
        )
    return load(named).asterisk()
