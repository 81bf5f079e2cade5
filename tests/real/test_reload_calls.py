"""./allo reload and SIGHUP on a real Asterisk, while people wait, are rung and talk."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from router.demo.configuration import SETTINGS
from router.demo.stage import Stage
from router.places import PROMPTS, TOP
from tests.patience import PATIENCE_S
from tests.real.cast import Cast
from tests.real.conftest import OPEN_AT, NewCast, OpenStage

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]

OFFSET = 5300


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(open_stage: OpenStage) -> AsyncIterator[Stage]:
    """With prompts as they are: a reload refuses those that are not what is to be said."""
    async with open_stage(OFFSET, OPEN_AT, prompts_dir=PROMPTS) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def cast(stage: Stage, new_cast: NewCast) -> AsyncIterator[Cast]:
    kept = {path: path.read_bytes() for path in stage.state_dir.glob("*.toml")}
    async with new_cast(stage) as cast:
        yield cast
        for path, content in kept.items():
            path.write_bytes(content)
        assert (await reload(stage))[0] == 0


async def reload(stage: Stage) -> tuple[int, str, str]:
    """Run ./allo reload; return exit code, output and errors."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "router.cli", "reload"),
        *("--config", str(stage.state_dir / SETTINGS)),
        env={**os.environ, "PYTHONPATH": str(TOP)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(PATIENCE_S):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


def edit(path: Path, change: Callable[[str], str]) -> None:
    before = path.read_text()
    after = change(before)
    assert after != before
    path.write_text(after)


async def test_nothing_changes_if_nothing_has_changed(cast: Cast) -> None:
    assert await reload(cast.stage) == (0, "Nothing has changed.\n", "")


async def test_a_talk_goes_on_while_its_informateur_is_removed(cast: Cast) -> None:
    informateur = await cast.informateur("104")
    caller = await cast.waiting_caller()
    await cast.talk(caller, informateur)
    state = cast.stage.state_dir
    edit(state / "agents.toml", lambda text: re.sub(r"(?m)^104.*\n", "", text))
    edit(state / "secrets.toml", lambda text: re.sub(r"(?m)^104.*\n", "", text))

    code, out, err = await reload(cast.stage)

    assert (code, err) == (0, "")
    assert "agents: 104 removed" in out
    await cast.both_hear(caller, informateur)
    await caller.hang_up()
    await cast.ended(caller, "answered")
    await informateur.call_ended()
