"""All commands together, and how every expected error ends: a sentence and an exit code."""

import os
import sys
from typing import Annotated, Any

import typer
from typer.main import get_command

from router import __version__, places
from router.cli import (
    agents,
    configuration,
    demo,
    development,
    doctor,
    install,
    report,
    secrets,
    service,
    telephony,
    year,
)
from router.cli.options import as_typed_here
from router.errors import ConfigError, InUse, RouterError

app = typer.Typer(
    help="allo answers a public phone number with French prompts, access codes, opening hours "
    "and a queue for informateurs, on an Asterisk that it drives through ARI.\n\n"
    "Exit codes: 0 success, 1 failure, 2 wrong usage or configuration, or something it needs is "
    "in use.",
    invoke_without_command=True,
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # a traceback with locals could show what must not be shown
    rich_markup_mode=None,
)


@app.callback()
def allo(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Print the version if that is asked for; what comes before any command."""
    if version:
        print(f"allo {__version__}")
        raise typer.Exit


# In the order in which `./allo --help` lists them.
app.command()(demo.demo)
#: Words that are another program's, pytest's or the benchmarks', pass through as they are.
_PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}
app.command(context_settings=_PASSED_ON, options_metavar="[PYTEST ARGUMENTS]...")(development.test)
# tests/load/command.py prints the help, as it knows what can be measured.
app.command(context_settings={**_PASSED_ON, "help_option_names": []})(development.bench)
for command in (
    *(service.run, service.fallback, service.reload, service.drain, service.replay),
    *(doctor.doctor, service.refusals),
    *(configuration.check, configuration.prompts, configuration.configure, configuration.code),
    *(install.install, install.package),
    *(report.report, year.simulate, year.staff, year.policies),
):
    app.command()(command)
app.add_typer(agents.app, name="agents")
app.add_typer(secrets.app, name="secrets")
app.add_typer(telephony.app, name="asterisk")

#: Set by a shell that asks for completions (see `./allo --show-completion`).
COMPLETE = "_ALLO_COMPLETE"
#: Typer's: `--show-completion bash` takes the shell's name instead of guessing it.
SHELL_IS_NAMED = "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION"


def _name() -> str:
    """Return the program's name; for completion the bare one, which covers every path to it."""
    about_completion = COMPLETE in os.environ or any(
        "-completion" in word for word in sys.argv[1:2]
    )
    return "allo" if about_completion or places.INSTALLED else "./allo"


def _command() -> Any:
    """Return the command line; installed, its help speaks of `allo`, not of a checkout's door."""
    command = get_command(app)
    if places.INSTALLED:
        _speak_of_installed(command)
    return command


def _speak_of_installed(command: Any) -> None:
    for one in (command, *command.params):
        if text := getattr(one, "help", None):
            one.help = as_typed_here(text)
    for inner in getattr(command, "commands", {}).values():
        _speak_of_installed(inner)


def run() -> None:
    """Run the command line; an expected error prints a sentence, never a traceback."""
    os.environ[SHELL_IS_NAMED] = "1"
    try:
        try:
            _command()(prog_name=_name(), complete_var=COMPLETE)
        finally:
            sys.stdout.flush()  # here a full disk can still be reported in a sentence
    except ConfigError as error:
        print(as_typed_here(str(error)), file=sys.stderr)
        sys.exit(2)
    except RouterError as error:
        print(as_typed_here(f"allo: {error}"), file=sys.stderr)
        sys.exit(2 if isinstance(error, InUse) else 1)
    except OSError as error:
        if error.errno not in places.REMEDIES:
            raise
        print(f"allo: {places.unwritable(error)}", file=sys.stderr)
        os._exit(1)  # Python would otherwise try to write the unwritten output again
