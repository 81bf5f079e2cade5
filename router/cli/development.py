"""Commands for those who work on allo itself: ./allo test, bench."""

import os
import sys

import typer

from router.cli.options import say
from router.places import TOP


def test(context: typer.Context) -> None:
    """Run all tests, on a real Asterisk where they need one.

    Without arguments, four tests run at a time, since most of the time is spent waiting. With
    arguments, which go to pytest, they run one at a time.

    ./allo test tests/cli/test_cli.py runs one file; -k WORD runs tests with WORD in their name;
    -x stops at the first failure. Left out unless asked for with -m load, canary, browser or
    container: tests that take long, or that need more than ./allo installs. For all of pytest's
    options: ./allo test -- --help
    """
    from router.cli import provision
    from router.config import load

    tools = provision.toolbox(say)
    voice = provision.voice_named("espeak-ng", None, tools)
    provision.prompts(load(None), voice, tools, say)
    os.chdir(TOP)
    # tests/conftest.py decides which tests share a process, and their order.
    side_by_side = ("-n", "4", "--dist", "loadscope", "--no-loadscope-reorder")
    words = context.args or side_by_side
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *words])


def bench(context: typer.Context) -> None:
    """Measure calls, decisions, rings, callbacks or the engine."""
    command = [sys.executable, "-m", "tests.load.command", *context.args]
    os.execve(sys.executable, command, {**os.environ, "PYTHONPATH": str(TOP)})
