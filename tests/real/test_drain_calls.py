"""./allo drain on a real Asterisk: new callers hear why, and whoever is there is served."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from router.core.commands import Step
from router.demo.configuration import SETTINGS
from router.demo.script import FICHE
from router.demo.stage import Stage
from router.places import TOP
from tests.patience import PATIENCE_S
from tests.real.cast import Cast

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]


@asynccontextmanager
async def drain(stage: Stage, *words: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """`./allo drain`, at work inside."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "router.cli", "drain", *words),
        *("--config", str(stage.state_dir / SETTINGS)),
        env={**os.environ, "PYTHONPATH": str(TOP)},
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(3 * PATIENCE_S):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def says(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await process.stdout.readline()).decode()


async def callbacks(stage: Stage) -> int:
    """Return how a page is answered that wants to ask for a callback."""
    url = f"{stage.http}/v1/callbacks/challenge?fiche={FICHE}"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status


async def test_nobody_new_is_let_in_and_everybody_there_is_served(cast: Cast) -> None:
    stage = cast.stage
    informateur = await cast.informateur()
    talking, waiting = await cast.waiting_caller(), await cast.waiting_caller()
    await cast.talk(talking, informateur)

    async with drain(stage) as draining:
        try:
            assert (await says(draining)).startswith("No new call is taken;")
            assert await says(draining) == "Left: 2 calls, of which 1 wait; 0 callbacks.\n"
            new = await cast.call()
            await new.person.hears("apology-end")
            await cast.ended(new, "refused: out of service")
            await cast.until(lambda: callbacks(stage), lambda status: status == 503)

            await cast.both_hear(talking, informateur)
            await talking.hang_up()
            await cast.ended(talking, "answered")
            await cast.talk(waiting, informateur)
            await waiting.hang_up()
            await cast.ended(waiting, "answered")
            while not (said := await says(draining)).startswith("Nobody is left. Stop it now:"):
                assert said.startswith("Left: "), said
            assert await draining.wait() == 0
        finally:
            async with drain(stage, "--off") as off:
                assert await says(off) == "Calls are taken again.\n"
                assert await off.wait() == 0

    again = await cast.call()
    await again.person.hears("welcome")
    await again.hang_up()
    await cast.step(again, Step.ENDED)
