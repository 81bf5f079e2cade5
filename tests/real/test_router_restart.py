"""The router is killed and comes back: nobody who talks or waits notices."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from router.core.call.life import CallState
from router.core.commands import Step
from router.demo.stage import FICHE, Stage
from tests.real.conftest import FRAGILE_OFFSET, OPEN_AT, NewScene, OpenStage
from tests.real.scene import TITLE, Scene

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def fragile_stage(open_stage: OpenStage) -> AsyncIterator[Stage]:
    async with open_stage(FRAGILE_OFFSET, OPEN_AT) as stage:
        yield stage


@pytest_asyncio.fixture(loop_scope="session")
async def scene(fragile_stage: Stage, new_scene: NewScene) -> AsyncIterator[Scene]:
    async with new_scene(fragile_stage) as scene:
        scene.expected_in_asterisk += [
            # A killed router resets its connections; Asterisk says so as it happens to notice.
            r"WebSocket read error|Web socket closed abruptly|Error reading from web socket",
            r"Stasis app 'allo' not active",
        ]
        yield scene


async def test_calls_outlive_the_router_and_are_taken_up_again(scene: Scene) -> None:
    informateur = await scene.informateur()
    talking = await scene.waiting_caller()
    await scene.talk(talking, informateur)
    first = await scene.waiting_caller()
    second = await scene.waiting_caller()
    await second.person.hears("queue-joined", "music")

    await scene.stage.kill_router()

    await scene.both_hear(talking, informateur)
    second.person.listen_anew()
    await second.person.hears("music")
    new = scene.caller()
    await new.dial()
    await new.person.hears("apology", "music")

    await scene.stage.start_router()

    for caller in (talking, first, second):
        await scene.step(caller, Step.FOUND)
    await scene.arrived(new)
    await new.person.hears("welcome")
    assert await scene.calls() == {
        CallState.TALKING: 1,
        CallState.WAITING: 2,
        CallState.WELCOME: 1,
    }
    await new.hang_up()
    await first.person.hears("queue-still", "rank-next")
    await second.person.hears("queue-still", "people-before-1", "music")
    await scene.both_hear(talking, informateur)
    await informateur.hang_up()
    await talking.person.hears("goodbye")
    await scene.ended(talking, "answered")
    for caller in (first, second):
        await scene.talk(caller, informateur)
        await informateur.hang_up()
        await scene.ended(caller, "answered")
    await scene.ended(new, "left")


async def test_who_hung_up_meanwhile_is_not_found(scene: Scene) -> None:
    informateur = await scene.informateur()
    caller = await scene.waiting_caller()
    await scene.talk(caller, informateur)
    alone = await scene.call()
    await scene.stage.kill_router()
    await caller.hang_up()
    await alone.hang_up()
    await scene.stage.start_router()
    await informateur.call_ended()  # nobody is left to talk to
    await scene.until(scene.agents, lambda agents: agents["ready"] == 1)
    assert Step.FOUND not in scene.story.steps(caller.call)


async def test_an_informateur_who_rings_meanwhile_is_rung_anew(scene: Scene) -> None:
    informateur = await scene.informateur()
    caller = await scene.waiting_caller()
    await informateur.rings()
    await scene.stage.kill_router()
    await scene.stage.start_router()
    await scene.step(caller, Step.FOUND)
    await informateur.stops_ringing()
    await scene.talk(caller, informateur)
    await informateur.hang_up()
    await scene.ended(caller, "answered")


async def test_the_page_that_a_caller_read_outlives_the_router(scene: Scene) -> None:
    informateur = await scene.informateur()
    other = await scene.waiting_caller()
    await scene.talk(other, informateur)
    caller = await scene.waiting_caller(scene.code())
    await scene.stage.kill_router()
    await scene.stage.start_router()
    await scene.step(caller, Step.FOUND)
    await other.hang_up()
    await scene.ended(other, "answered")
    assert TITLE not in informateur.person.heard
    await scene.talk(caller, informateur)
    assert TITLE in informateur.person.heard
    assert (await scene.desk(informateur.agent))["desk"]["call"]["fiche"]["id"] == FICHE
    await informateur.hang_up()
    await scene.ended(caller, "answered")


async def test_a_polite_restart_keeps_calls_too(scene: Scene) -> None:
    informateur = await scene.informateur()
    caller = await scene.waiting_caller()
    await scene.talk(caller, informateur)
    await scene.stage.stop_router()
    await scene.both_hear(caller, informateur)
    await scene.stage.start_router()
    await scene.step(caller, Step.FOUND)
    await caller.hang_up()
    await informateur.call_ended()
    await scene.ended(caller, "answered")
