"""Who calls while the router is away: hears what happens, is asked, kept, and handed over."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from router.ari.away import LEASE_S
from router.core.commands import Step
from router.demo.stage import Stage
from router.service import control
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
            # A fallback that is killed.
            r"Connecting to '127.0.0.1:\d+' failed for url|AGI failed",
            r"The FD we were waiting for has something waiting\. Waitfordigit",
        ]
        yield cast


async def dials(cast: Cast) -> Caller:
    """Return a caller whom the fallback tells what has happened."""
    caller = cast.caller()
    await caller.dial()
    await caller.person.hears("away-first")
    return caller


async def is_kept(caller: Caller, keys: str) -> None:
    """Let the caller be asked, answer, and wait."""
    await caller.person.hears("code-ask")
    caller.press(keys)
    await caller.person.hears("away-kept", "music")


async def taken_up(cast: Cast, count: int = 1) -> list[str]:
    """Wait until a router has taken up so many callers, with what is known; return their calls.

    They come in the order in which they called: Asterisk's ids end with a number that grows.
    """
    lines = [await cast.router_log.step(Step.FOUND) for _ in range(count)]
    calls: list[str] = [line["call"] for line in lines]
    assert calls == sorted(calls, key=lambda call: int(call.rpartition(".")[2]))
    assert {line["sector"] for line in lines} == {SECTOR}
    return calls


async def test_who_waits_hears_music_and_who_calls_keeps_code_and_rank(cast: Cast) -> None:
    informateur = await cast.informateur()
    talking = await cast.waiting_caller()
    await cast.talk(talking, informateur)
    waiting = await cast.waiting_caller()
    await waiting.person.hears("queue-joined")
    await cast.stage.kill_router()  # in the middle of what it says
    await waiting.person.hears("music")
    first = await dials(cast)
    callers = [first, *await asyncio.gather(*(dials(cast) for _ in range(5)))]
    # Who has called first takes longest to answer.
    keys = [cast.code(), *([_TO_SECTOR] * 5)]
    await asyncio.gather(*map(is_kept, callers, keys))

    await cast.stage.start_router()

    calls = await taken_up(cast, 2 + len(callers))
    assert calls[:2] == [talking.call, waiting.call]
    first.call = calls[2]
    await waiting.person.hears("queue-still", "rank-next", "music")
    await asyncio.gather(*(one.hang_up() for one in (talking, waiting, *callers[1:])))
    await cast.talk(first, informateur)
    assert TITLE in informateur.person.heard
    await first.hang_up()
    await cast.ended(first, "answered")
    await cast.until(lambda: cast.metrics("allo_fallback_callers_total"), handed_over(6))


def handed_over(count: int) -> Callable[[dict[str, float]], bool]:
    return lambda served: served.get("handed over") == count


async def test_callers_of_a_router_that_hangs_are_looked_after(cast: Cast) -> None:
    informateur = await cast.informateur()
    router = cast.stage.router
    assert router is not None
    os.kill(router.pid, signal.SIGSTOP)
    try:
        caller = await dials(cast)
        await is_kept(caller, _TO_SECTOR)
    finally:
        os.kill(router.pid, signal.SIGCONT)
    [caller.call] = await taken_up(cast)
    # It had been given the call and could not hear of it.
    await cast.step(caller, Step.ENDED, outcome="left")
    await cast.talk(caller, informateur)
    await caller.hang_up()
    await cast.ended(caller, "answered")


async def test_who_calls_after_a_drain_and_a_stop_is_told_and_not_kept(cast: Cast) -> None:
    stage = cast.stage
    assert stage.fallback is not None
    await asyncio.to_thread(control.ask, stage.config.settings.state_dir, "drain")
    await stage.stop_router()
    caller = cast.caller()
    await caller.dial()
    await caller.person.hears("welcome", "apology-end")
    assert await caller.ended() == 0

    await stage.fallback.kill()  # the dialplan says so too
    caller = cast.caller()
    await caller.dial()
    await caller.person.hears("apology-end")
    assert await caller.ended() == 0
    assert "apology" not in caller.person.heard

    await asyncio.gather(stage.start_fallback(), stage.start_router())  # takes calls again
    again = await cast.call()
    await again.person.hears("welcome")
    await again.hang_up()
    await cast.step(again, Step.ENDED)


@pytest.mark.load
async def test_the_dialplan_alone_looks_after_callers_if_the_fallback_dies(cast: Cast) -> None:
    stage = cast.stage
    assert stage.fallback is not None
    await stage.kill_router()
    asked, kept = await dials(cast), await dials(cast)
    await is_kept(kept, _TO_SECTOR)
    await stage.fallback.kill()
    for one in (asked, kept):
        await one.person.hears("apology", "music")
    other = cast.caller()
    await other.dial()
    await other.person.hears("apology", "music")
    await other.hang_up()
    await stage.start_router()
    await cast.arrived(asked)
    await asked.person.hears("welcome")
    [kept.call] = await taken_up(cast)  # what was known is on the channel
    for one in (asked, kept):
        await one.hang_up()
        await cast.step(one, Step.ENDED)
    log = RouterLog(stage.fallback_log)
    await stage.start_fallback()
    await log.event("router there")


@pytest.mark.load
async def test_callers_of_a_fallback_that_hangs_go_on_in_the_dialplan(cast: Cast) -> None:
    """Asterisk waits for its answers. It is killed in time: by its unit, and in the demo."""
    stage = cast.stage
    assert stage.fallback is not None
    await stage.kill_router()
    asked, kept = await dials(cast), await dials(cast)
    await is_kept(kept, _TO_SECTOR)
    os.kill(stage.fallback.pid, signal.SIGSTOP)
    kept.person.listen_anew()
    await kept.person.hears("music")
    await asyncio.sleep(LEASE_S + 1)  # and then no new caller is given to it
    new = cast.caller()
    await new.dial()
    await new.person.hears("apology", "music")
    await stage.fallback.kill()
    for one in (asked, kept):
        await one.person.hears("apology", "music")
    log = RouterLog(stage.fallback_log)
    await stage.start_fallback()
    await log.event("router away")
    await asked.person.hears("away-first")
    for one in (asked, new):
        await one.hang_up()
    await stage.start_router()
    [kept.call] = await taken_up(cast)
    await kept.hang_up()
    await cast.step(kept, Step.ENDED)


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
