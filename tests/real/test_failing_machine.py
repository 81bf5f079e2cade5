"""The machine fails beneath a service in use: its files, its memory, its clock. Calls go on."""

import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import datetime
from typing import Any

import pytest
import pytest_asyncio

from router.core.commands import Step
from router.demo.stage import Stage
from router.store.database_file import files_aside
from router.store.tickets import FILE_NAME
from tests.faults.machine_clock import MachineClock
from tests.real.cast import Cast
from tests.real.conftest import OPEN_AT, PROMISE, NewCast, OpenStage

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]

OFFSET = 7300
HOUR_S = 3600.0
#: Nobody is called back here before the test is over.
_LATER = {"promise_s": 2700, "dial_s": 5}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def clock(tmp_path_factory: pytest.TempPathFactory) -> MachineClock:
    return MachineClock(tmp_path_factory.mktemp("clock") / "set")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stage(open_stage: OpenStage, clock: MachineClock) -> AsyncIterator[Stage]:
    async with open_stage(
        OFFSET, OPEN_AT, promise=PROMISE | _LATER, environment=clock.environment
    ) as stage:
        yield stage


@pytest_asyncio.fixture(loop_scope="session")
async def cast(stage: Stage, new_cast: NewCast) -> AsyncIterator[Cast]:
    async with new_cast(stage) as cast:
        cast.expected_in_asterisk += [
            r"WebSocket read error|Web socket closed abruptly|Error reading from web socket",
            r"Stasis app 'allo' not active",
        ]
        yield cast


async def store_trouble(cast: Cast) -> str:
    parts: dict[str, Any] = (await cast.stage.get("/readyz"))["parts"]
    return str(parts["store"]["why"])


async def test_while_tickets_cannot_be_kept_people_talk_and_web_pages_say_so(cast: Cast) -> None:
    cast.expected_in_router += ["tickets cannot be written"]
    path = cast.stage.config.settings.state_dir / FILE_NAME
    informateur = await cast.informateur()
    caller = await cast.waiting_caller()
    await cast.talk(caller, informateur)
    await cast.callbacks_open()
    before = await cast.usager().promised()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        status, told = await cast.usager().ask()
        assert (status, told["error"]["code"]) == (503, "unavailable")
        assert "rappel n’est pas disponible" in told["error"]["message"]
        why = await store_trouble(cast)
        assert f"{path} cannot be used: database is locked. See what holds it" in why
        assert (await before.standing())["state"] == "accepted"
        await cast.both_hear(caller, informateur)
        other.execute("ROLLBACK")
    await cast.until(lambda: store_trouble(cast), lambda why: why == "")
    await cast.callbacks_open()

    # Now it is damaged: what was promised before is in the new one.
    for one in (path, path.with_name(f"{path.name}-wal")):
        one.write_bytes(b"\xff" * max(one.stat().st_size, 4096))

    async def aside() -> int:
        return len(files_aside(path))

    await cast.until(aside, lambda found: found == 1)
    await cast.until(lambda: store_trouble(cast), lambda why: why == "")
    await cast.stage.kill_router()
    await cast.stage.start_router()
    await cast.step(caller, Step.FOUND)
    await cast.both_hear(caller, informateur)
    assert (await before.standing())["state"] == "accepted"
    await before.cancel()
    await informateur.hang_up()
    await cast.ended(caller, "answered")


async def test_a_vault_that_is_removed_costs_its_numbers_and_no_call(cast: Cast) -> None:
    cast.expected_in_router += ["vault", "a callback's number is lost"]
    informateur = await cast.informateur()
    caller = await cast.waiting_caller()
    await cast.talk(caller, informateur)
    await cast.callbacks_open()
    lost = await cast.usager().promised()
    shutil.rmtree(cast.stage.vault_dir)
    await lost.becomes("failed")
    again = cast.usager()
    assert await again.ask_until_answered() == 202
    await cast.both_hear(caller, informateur)
    await again.cancel()
    await informateur.hang_up()
    await cast.ended(caller, "answered")


async def test_a_clock_that_is_set_moves_hours_and_told_times_but_no_promise(
    cast: Cast, clock: MachineClock
) -> None:
    cast.expected_in_router += ["the machine's clock was set"]

    async def service() -> dict[str, Any]:
        told: dict[str, Any] = await cast.stage.get("/v1/service")
        return told

    informateur = await cast.informateur()
    talking = await cast.waiting_caller()
    await cast.talk(talking, informateur)
    first, second = await cast.waiting_caller(), await cast.waiting_caller()
    await cast.callbacks_open()
    usager = await cast.usager().promised()
    promised = (await usager.standing())["due_at"]
    assert (await service())["open"]

    clock.set(12 * HOUR_S)
    try:
        await cast.until(service, lambda told: told["open"] is False)

        def is_twelve_hours_later(told: dict[str, Any]) -> bool:
            later_s = (at(told["due_at"]) - at(promised)).total_seconds()
            return abs(later_s - 12 * HOUR_S) <= 1

        # Once the next intake serves, which is given the hours.
        shown = (await cast.until(usager.standing, is_twelve_hours_later))["due_at"]
        await cast.both_hear(talking, informateur)

        # A router that starts now has never seen another clock.
        await cast.stage.kill_router()
        await cast.stage.start_router()
        for caller in (talking, first, second):
            await cast.step(caller, Step.FOUND)
        standing = await usager.standing()
        assert (standing["state"], at(standing["due_at"])) == ("accepted", at(shown))
        await cast.both_hear(talking, informateur)
        await informateur.hang_up()
        await cast.ended(talking, "answered")
        await informateur.rings()
        informateur.pick_up()
        await cast.step(first, Step.TALKING)  # who came first, and neither waits too long
    finally:
        clock.set(0.0)
    await cast.until(service, lambda told: told["open"] is True)
    await usager.cancel()
    for caller in (first, second):
        await caller.hang_up()
    await cast.ended(first, "answered")
    await cast.ended(second, "abandoned")


def at(told: str) -> datetime:
    return datetime.fromisoformat(told)
