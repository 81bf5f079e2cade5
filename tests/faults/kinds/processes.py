"""Processes are killed, frozen and asked to end; a second router comes."""

import asyncio
import os
import random
import signal
from contextlib import suppress

from router.demo.configuration import SETTINGS
from router.demo.router_process import RouterProcess
from router.errors import SetupError
from tests.faults.fault import Fault, Make
from tests.faults.town import Town
from tests.load.processes import children_of
from tests.patience import PATIENCE_S


def _pid(town: Town) -> int:
    assert town.stage.router is not None
    return town.stage.router.pid


async def _router_killed(town: Town, chance: random.Random) -> None:
    await town.stage.kill_router()
    await start_router(town)


async def _router_stopped(town: Town, chance: random.Random) -> None:
    await town.stage.stop_router()
    await start_router(town)


async def start_router(town: Town) -> None:
    """Start a router, which may take its time."""
    try:
        await town.stage.start_router()
    except SetupError:  # late on a busy machine, which the time until it is ready tells
        if not town.stage.router_runs:
            raise


def _router_frozen(seconds: float) -> Make:
    async def frozen(town: Town, chance: random.Random) -> None:
        pid = _pid(town)
        os.kill(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    return frozen


async def _intake_killed(town: Town, chance: random.Random) -> None:
    for child in children_of(_pid(town)):
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


async def _intake_frozen(town: Town, chance: random.Random) -> None:
    """Freeze it for good: it must be noticed and replaced."""
    frozen = children_of(_pid(town))
    for child in frozen:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGSTOP)
    try:
        async with asyncio.timeout(PATIENCE_S):
            while set(frozen) & set(children_of(_pid(town))):
                await asyncio.sleep(0.1)
    except TimeoutError:
        town.defect("a frozen intake was not replaced")
        for child in frozen:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGCONT)


async def _asterisk_killed(town: Town, chance: random.Random) -> None:
    await town.stage.asterisk.crash()
    town.asterisk_died()
    await asyncio.sleep(chance.uniform(0.0, 2.0))
    await town.stage.asterisk.start()
    town.asterisk_is_back()


async def _second_router(town: Town, chance: random.Random) -> None:
    """It must stop by itself, and the first go on."""
    second = await RouterProcess.start(
        town.folder / "second-router.log", "--config", str(town.stage.state_dir / SETTINGS)
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            await second.wait()
    except TimeoutError:
        town.defect("a second router did not stop")
        await second.kill()


FAULTS = (
    Fault("router: killed", _router_killed, 4),
    Fault("router: stopped", _router_stopped, 2),
    Fault("router: frozen for 3 s", _router_frozen(3.0), 2),
    Fault("router: frozen for 10 s", _router_frozen(10.0)),
    Fault("router: frozen for 40 s", _router_frozen(40.0), 0),
    Fault("router: a second one", _second_router),
    Fault("intake: killed", _intake_killed, 2),
    Fault("intake: frozen", _intake_frozen),
    Fault("Asterisk: killed", _asterisk_killed),
)
