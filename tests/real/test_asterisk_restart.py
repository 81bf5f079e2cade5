"""Asterisk is killed and comes back: the router says so and goes on by itself."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio

from router.core.commands import Step
from tests.real.conftest import OPEN_AT, RESTARTED_OFFSET, NewScene, OpenStage
from tests.real.scene import Scene

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def scene(open_stage: OpenStage, new_scene: NewScene) -> AsyncIterator[Scene]:
    async with open_stage(RESTARTED_OFFSET, OPEN_AT) as stage, new_scene(stage) as scene:
        yield scene


async def test_the_router_waits_for_asterisk_and_serves_again(scene: Scene) -> None:
    scene.expected_in_router.append("no connection to asterisk")
    stage = scene.stage

    async def readiness() -> int:
        async with aiohttp.ClientSession() as session, session.get(stage.http + "/readyz") as told:
            return told.status

    informateur = await scene.informateur()
    caller = await scene.waiting_caller()
    await scene.talk(caller, informateur)
    assert await readiness() == 200

    await stage.asterisk.crash()

    await scene.until(readiness, lambda status: status == 503)
    assert stage.router_runs
    for phone in (caller, informateur):
        await phone.stop()

    await stage.asterisk.start()

    await scene.until(readiness, lambda status: status == 200)
    ended = await scene.step(caller, Step.ENDED)
    assert ended["outcome"] == "answered"
    await scene.until(scene.agents, lambda agents: agents["logged out"] == 4)
    again = await scene.informateur()
    other = await scene.waiting_caller()
    await scene.talk(other, again)
    await again.hang_up()
    await scene.ended(other, "answered")
