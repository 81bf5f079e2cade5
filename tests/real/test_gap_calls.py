"""Who calls while the router is away: hears what happens, is asked, kept, and handed over."""

import os
import signal
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from router.core.commands import Step
from router.demo.stage import Stage
from tests.real.cast import SECTOR, TITLE, Cast
from tests.real.conftest import GAP_OFFSET, OPEN_AT, NewCast, OpenStage
from tests.real.logs import RouterLog
from tests.real.telephones import Caller

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]

#: The welcome has been replaced, so that no key is needed to skip it.
_TO_SECTOR = "41"
_NIGHT_S = 12 * 3600.0


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def gap_stage(open_stage: OpenStage) -> AsyncIterator[Stage]:
    async with open_stage(GAP_OFFSET, OPEN_AT) as stage:
        await RouterLog(stage.fallback_log, from_start=True).event("router there")
        yield stage


@pytest_asyncio.fixture(loop_scope="session")
async def cast(gap_stage: Stage, new_cast: NewCast) -> AsyncIterator[Cast]:
    async with new_cast(gap_stage) as cast:
        cast.expected_in_asterisk += [
            r"WebSocket read error|Web socket closed abruptly|Error reading from web socket",
            r"Stasis app 'allo' not active",
            r"Connecting to '127.0.0.1:\d+' failed for url|AGI failed",  # a fallback that is killed
        ]
        yield cast


async def found(cast: Cast, caller: Caller) -> None:
    """Wait until a router takes the caller up, with what is known."""
    line = await cast.router_log.step(Step.FOUND)
    caller.call = line["call"]
    assert line["sector"] == SECTOR


async def asked(cast: Cast, keys: str) -> Caller:
    """Return a caller whom the fallback has asked, and who waits."""
    caller = cast.caller()
    await caller.dial()
    await caller.person.hears("away-first", "code-ask")
    caller.press(keys)
    await caller.person.hears("away-kept", "music")
    return caller


async def test_callers_keep_code_and_rank_while_the_router_is_dead(cast: Cast) -> None:
    await cast.stage.kill_router()
    first = await asked(cast, cast.code())
    second = await asked(cast, _TO_SECTOR)

    await cast.stage.start_router()

    # Each is handed over within half a second, in any order. Asterisk's ids begin with the time.
    lines = [await cast.router_log.step(Step.FOUND) for _ in range(2)]
    first.call, second.call = sorted(line["call"] for line in lines)
    informateur = await cast.informateur()
    await cast.talk(first, informateur)
    assert TITLE in informateur.person.heard
    await informateur.hang_up()
    await cast.ended(first, "answered")
    await cast.talk(second, informateur)
    await informateur.hang_up()
    await cast.ended(second, "answered")


async def test_who_hears_a_sentence_in_the_queue_when_the_router_dies_hears_music_next(
    cast: Cast,
) -> None:
    informateur = await cast.informateur()
    talking = await cast.waiting_caller()
    await cast.talk(talking, informateur)
    caller = await cast.waiting_caller()
    await cast.stage.kill_router()
    await caller.person.hears("queue-joined", "music")
    await cast.stage.start_router()
    await cast.step(caller, Step.FOUND)
    await caller.person.hears("queue-still", "rank-next", "music")
    await talking.hang_up()
    await cast.ended(talking, "answered")
    await cast.talk(caller, informateur)
    await informateur.hang_up()
    await cast.ended(caller, "answered")


async def test_callers_of_a_router_that_hangs_are_looked_after(cast: Cast) -> None:
    informateur = await cast.informateur()
    router = cast.stage.router
    assert router is not None
    os.kill(router.pid, signal.SIGSTOP)
    try:
        caller = await asked(cast, _TO_SECTOR)
    finally:
        os.kill(router.pid, signal.SIGCONT)
    await found(cast, caller)
    # It had been given the call and could not hear of it.
    await cast.step(caller, Step.ENDED, outcome="left")
    await cast.talk(caller, informateur)
    await informateur.hang_up()
    await cast.ended(caller, "answered")


@pytest.mark.load
async def test_the_dialplan_alone_looks_after_callers_if_the_fallback_dies(cast: Cast) -> None:
    stage = cast.stage
    assert stage.fallback is not None
    await stage.kill_router()
    caller = cast.caller()
    await caller.dial()
    await caller.person.hears("away-first", "code-ask")
    await stage.fallback.kill()
    await caller.person.hears("apology", "music")
    other = cast.caller()
    await other.dial()
    await other.person.hears("apology", "music")
    await other.hang_up()
    await stage.start_router()
    await cast.arrived(caller)
    await caller.person.hears("welcome")
    await caller.hang_up()
    await cast.step(caller, Step.ENDED)
    log = RouterLog(stage.fallback_log)
    await stage.start_fallback()
    await log.event("router there")


@pytest.mark.load
async def test_at_night_callers_hear_that_it_is_closed(cast: Cast) -> None:
    stage = cast.stage
    assert stage.fallback is not None
    await stage.kill_router()
    await stage.fallback.stop()
    stage.put_forward(_NIGHT_S)
    log = RouterLog(stage.fallback_log)
    await stage.start_fallback()
    await log.event("router away")
    caller = cast.caller()
    await caller.dial()
    await caller.person.hears("welcome", "closed", "next-opening")
    await caller.hang_up()
    await stage.fallback.stop()
    stage.put_forward(-_NIGHT_S)
    await stage.start_fallback()
    await stage.start_router()
