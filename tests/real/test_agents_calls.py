"""./allo agents and ./allo secrets beside a running service, with real phones."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from router.config import load
from router.demo.configuration import SETTINGS
from router.demo.script import FICHE
from router.demo.stage import Stage
from router.places import PROMPTS, TOP
from tests.patience import PATIENCE_S
from tests.real.cast import Cast
from tests.real.conftest import OPEN_AT, NewCast, OpenStage

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]

OFFSET = 5400


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(open_stage: OpenStage) -> AsyncIterator[Stage]:
    """With prompts as they are: nothing is changed while they are not what is to be said."""
    async with open_stage(OFFSET, OPEN_AT, prompts_dir=PROMPTS) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def cast(stage: Stage, new_cast: NewCast) -> AsyncIterator[Cast]:
    async with new_cast(stage) as cast:
        yield cast


async def allo(stage: Stage, *words: str) -> tuple[int, str, str]:
    """Run ./allo with the stage's settings; return exit code, output and errors."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "router.cli", *words),
        *("--config", str(stage.state_dir / SETTINGS)),
        env={**os.environ, "PYTHONPATH": str(TOP)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(PATIENCE_S):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_somebody_new_is_rung_and_nobody_who_has_gone(cast: Cast) -> None:
    stage = cast.stage
    skills = ",".join(stage.plan.domains)

    code, out, err = await allo(stage, "agents", "add", "146", "--skills", skills)

    assert (code, err) == (0, "")
    assert "The running service has taken it." in out
    stage.config = load(stage.state_dir / SETTINGS)
    newcomer = await cast.informateur("146")
    first = await cast.waiting_caller()
    await cast.talk(first, newcomer)
    listed = json.loads((await allo(stage, "agents", "list", "--json"))[1])
    states = {one["number"]: one["state"] for one in listed["agents"]}
    assert states["146"] == "talking"

    code, out, err = await allo(stage, "agents", "remove", "146")

    assert (code, err) == (0, "")
    assert "146 is in a talk, which goes on to its end" in out
    stage.config = load(stage.state_dir / SETTINGS)
    await cast.both_hear(first, newcomer)
    await first.hang_up()
    await cast.ended(first, "answered")
    await newcomer.call_ended()
    # Whoever has been idle longest is asked first: that would be the newcomer.
    stayed = await cast.informateur("101")
    second = await cast.waiting_caller()
    await cast.talk(second, stayed)
    await second.hang_up()
    await cast.ended(second, "answered")
    assert "146" not in {one["agent"] for one in await everybody(stage)}
    cast.expected_in_asterisk.append("AOR '' not found")  # the stage's trunk is at that address
    with pytest.raises(AssertionError, match="cannot register"):
        await newcomer.register()
    newcomer.registered = False


async def test_an_old_key_opens_until_its_grace_is_over(cast: Cast) -> None:
    stage = cast.stage
    old = stage.secrets.api_key

    assert (await allo(stage, "secrets", "rotate", "api_key"))[0] == 0

    new = load(stage.state_dir / SETTINGS).secrets
    assert new is not None
    assert new.api_key != old
    assert [await status(stage, key) for key in (old, new.api_key)] == [200, 200]
    assert (await allo(stage, "secrets", "rotate", "api_key", "--grace", "0"))[0] == 0
    stage.config = load(stage.state_dir / SETTINGS)
    keys = (old, new.api_key, stage.secrets.api_key)
    assert [await status(stage, key) for key in keys] == [401, 401, 200]


async def status(stage: Stage, key: str) -> int:
    """What the service says to whoever asks for an access code with this key."""
    url = f"{stage.http}/v1/access-codes/{FICHE}"
    headers = {"Authorization": f"Bearer {key}"}
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
        return answer.status


async def everybody(stage: Stage) -> list[dict[str, Any]]:
    """Every informateur whom the running service knows."""
    headers = {"Authorization": f"Bearer {stage.secrets.api_key}"}
    url = f"{stage.http}/v1/supervision/agents"
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
        found: list[dict[str, Any]] = (await answer.json())["agents"]
        return found
