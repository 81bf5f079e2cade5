"""The router is killed and comes back: callers in a talk or in the queue do not notice."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from router.core.call.life import CallState
from router.core.commands import Step
from router.demo.script import FICHE
from router.demo.stage import Stage
from tests.real.cast import TITLE, Cast
from tests.real.conftest import FRAGILE_OFFSET, OPEN_AT, NewCast, OpenStage

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def fragile_stage(open_stage: OpenStage) -> AsyncIterator[Stage]:
    async with open_stage(FRAGILE_OFFSET, OPEN_AT) as stage:
        yield stage


@pytest_asyncio.fixture(loop_scope="session")
async def cast(fragile_stage: Stage, new_cast: NewCast) -> AsyncIterator[Cast]:
    async with new_cast(fragile_stage) as cast:
        cast.expected_in_asterisk += [
            # A killed router resets its connections; Asterisk says so when it notices.
            r"WebSocket read error|Web socket closed abruptly|Error reading from web socket",
            r"Stasis app 'allo' not active",
        ]
        yield cast


async def test_calls_outlive_the_router_and_are_taken_up_again(cast: Cast) -> None:
    informateur = await cast.informateur()
    talking = await cast.waiting_caller()
    await cast.talk(talking, informateur)
    first = await cast.waiting_caller()
    second = await cast.waiting_caller()
    await second.person.hears("queue-joined", "music")

    await cast.stage.kill_router()

    await cast.both_hear(talking, informateur)
    second.person.listen_anew()
    await second.person.hears("music")
    new = cast.caller()
    await new.dial()
    await new.person.hears("away-first", "away-kept", "music")  # tests/real/test_gap_calls.py

    await cast.stage.start_router()

    for caller in (talking, first, second):
        await cast.step(caller, Step.FOUND)
    new.call = (await cast.router_log.step(Step.FOUND))["call"]
    await cast.until(cast.fallbacks, lambda counted: counted == 1)
    calls = await cast.calls()
    assert (calls[CallState.TALKING], calls[CallState.WAITING]) == (1, 3)
    await new.hang_up()
    await first.person.hears("queue-still", "rank-next")
    await second.person.hears("queue-still", "people-before-1", "music")
    await cast.both_hear(talking, informateur)
    await informateur.hang_up()
    await talking.person.hears("goodbye")
    await cast.ended(talking, "answered")
    for caller in (first, second):
        await cast.talk(caller, informateur)
        await informateur.hang_up()
        await cast.ended(caller, "answered")
    await cast.ended(new, "abandoned")


async def test_a_caller_who_hung_up_meanwhile_is_not_found(cast: Cast) -> None:
    informateur = await cast.informateur()
    caller = await cast.waiting_caller()
    await cast.talk(caller, informateur)
    alone = await cast.call()
    await cast.stage.kill_router()
    await caller.hang_up()
    await alone.hang_up()
    await cast.stage.start_router()
    await informateur.call_ended()  # nobody is left to talk to
    await cast.until(cast.agents, lambda agents: agents["ready"] == 1)
    assert Step.FOUND not in cast.router_log.steps(caller.call)


async def test_an_informateur_whose_phone_rings_meanwhile_is_rung_again(cast: Cast) -> None:
    informateur = await cast.informateur()
    caller = await cast.waiting_caller()
    await informateur.rings()
    await cast.stage.kill_router()
    await cast.stage.start_router()
    await cast.step(caller, Step.FOUND)
    await informateur.stops_ringing()
    await cast.talk(caller, informateur)
    await informateur.hang_up()
    await cast.ended(caller, "answered")


async def test_an_informateur_who_was_being_told_is_told_again_and_joined(cast: Cast) -> None:
    informateur = await cast.informateur()
    caller = await cast.waiting_caller()
    await informateur.rings()
    informateur.pick_up()
    await cast.step(caller, Step.WHISPERED)
    await cast.stage.kill_router()
    await cast.stage.start_router()
    await cast.step(caller, Step.FOUND)
    await cast.step(caller, Step.TALKING, agent=informateur.agent)
    await cast.both_hear(caller, informateur)
    assert len(informateur.requests("INVITE")) == 1  # never hung up, nor rung again
    await informateur.hang_up()
    await cast.ended(caller, "answered")


async def test_a_caller_on_hold_is_back_with_the_informateur(cast: Cast) -> None:
    informateur = await cast.informateur()
    caller = await cast.waiting_caller()
    await cast.talk(caller, informateur)
    assert (await cast.ask(informateur.agent, "hold"))[0] == 200
    await caller.person.hears("music")
    await cast.stage.kill_router()
    await cast.stage.start_router()
    await cast.both_hear(caller, informateur)
    assert (await cast.ask(informateur.agent, "hold"))[0] == 200
    assert (await cast.ask(informateur.agent, "retrieve"))[0] == 200
    await cast.both_hear(caller, informateur)
    await informateur.hang_up()
    await cast.ended(caller, "answered")


async def test_the_page_that_a_caller_read_outlives_the_router(cast: Cast) -> None:
    informateur = await cast.informateur()
    other = await cast.waiting_caller()
    await cast.talk(other, informateur)
    caller = await cast.waiting_caller(cast.code())
    await cast.stage.kill_router()
    await cast.stage.start_router()
    await cast.step(caller, Step.FOUND)
    await other.hang_up()
    await cast.ended(other, "answered")
    assert TITLE not in informateur.person.heard
    await cast.talk(caller, informateur)
    assert TITLE in informateur.person.heard
    assert (await cast.desk(informateur.agent))["desk"]["call"]["fiche"]["id"] == FICHE
    await informateur.hang_up()
    await cast.ended(caller, "answered")


async def test_a_polite_restart_keeps_calls_too(cast: Cast) -> None:
    informateur = await cast.informateur()
    caller = await cast.waiting_caller()
    await cast.talk(caller, informateur)
    await cast.stage.stop_router()
    await cast.both_hear(caller, informateur)
    await cast.stage.start_router()
    await cast.step(caller, Step.FOUND)
    await caller.hang_up()
    await informateur.call_ended()
    await cast.ended(caller, "answered")
