"""Asterisk is killed and comes back: the router says so and goes on by itself."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio

from router.core.commands import Step
from tests.real.cast import Cast
from tests.real.conftest import OPEN_AT, RESTARTED_OFFSET, NewCast, OpenStage

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def cast(open_stage: OpenStage, new_cast: NewCast) -> AsyncIterator[Cast]:
    async with open_stage(RESTARTED_OFFSET, OPEN_AT) as stage, new_cast(stage) as cast:
        yield cast


async def test_the_router_waits_for_asterisk_and_serves_again(cast: Cast) -> None:
    cast.expected_in_router.append("no connection to asterisk")
    stage = cast.stage

    async def readiness() -> int:
        async with aiohttp.ClientSession() as session, session.get(stage.http + "/readyz") as told:
            return told.status

    informateur = await cast.informateur()
    caller = await cast.waiting_caller()
    await cast.talk(caller, informateur)
    assert await readiness() == 200

    await stage.asterisk.crash()

    await cast.until(readiness, lambda status: status == 503)
    assert stage.router_runs
    for phone in (caller, informateur):
        await phone.stop()

    await stage.asterisk.start()

    await cast.until(readiness, lambda status: status == 200)
    ended = await cast.step(caller, Step.ENDED)
    assert ended["outcome"] == "answered"
    await cast.until(cast.agents, lambda agents: agents["logged out"] == 4)
    again = await cast.informateur()
    other = await cast.waiting_caller()
    await cast.talk(other, again)
    await again.hang_up()
    await cast.ended(other, "answered")
