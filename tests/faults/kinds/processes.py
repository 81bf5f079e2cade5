"""Processes are killed, frozen and asked to end; a second router comes."""

import asyncio
import os
import random
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from router.demo.configuration import SERVICE
from router.demo.router_process import RouterProcess
from router.errors import SetupError
from tests.faults.fault import Fault, Make
from tests.faults.town import Town
from tests.load.processes import children_of
from tests.load.restart import pause_s
from tests.patience import PATIENCE_S

#: What a router that finds another one exits with, and says.
_IN_USE, _IN_USE_SAYS = 2, "is in use by"
#: Where one listens that has a folder of its own.
_FURTHER_PORTS = 7


def _pid(town: Town) -> int:
    assert town.stage.router is not None
    return town.stage.router.pid


async def _router_killed(town: Town, chance: random.Random) -> None:
    await town.stage.kill_router()
    await start_router(town)


async def _router_stopped(town: Town, chance: random.Random) -> None:
    """SIGTERM."""
    await town.stage.stop_router()
    await start_router(town)


async def start_router(town: Town) -> None:
    """Start a router as soon as systemd would; it may take its time."""
    await asyncio.sleep(pause_s())
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


async def _router_frozen_for_long(town: Town, chance: random.Random) -> None:
    """Whoever looks after it must notice, and start another."""
    pid = _pid(town)
    os.kill(pid, signal.SIGSTOP)
    keeping = asyncio.create_task(town.stage.keep(lambda: None))
    try:
        async with asyncio.timeout(40.0):
            while _pid(town) == pid or not town.stage.router_runs:
                await asyncio.sleep(0.1)
            await town.ready()
    except TimeoutError:
        town.defect("a frozen router was not replaced")
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


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


async def _asterisk_restarted(town: Town, chance: random.Random) -> None:
    """SIGTERM, as `systemctl restart` does: calls end, and are told so."""
    await town.stage.asterisk.stop()
    town.asterisk_died()
    await town.stage.asterisk.start()
    town.asterisk_is_back()


def _second_router(settings: Callable[[Town], Path]) -> Make:
    async def second(town: Town, chance: random.Random) -> None:
        """It must say why, and stop by itself; and the first go on."""
        log = town.folder / "second-router.log"
        router = await RouterProcess.start(log, "--config", str(settings(town)))
        try:
            async with asyncio.timeout(PATIENCE_S):
                code = await router.wait()
        except TimeoutError:
            town.defect("a second router did not stop")
            await router.kill()
            return
        said = log.read_text(encoding="utf-8", errors="replace")
        if code != _IN_USE or _IN_USE_SAYS not in said:
            town.defect(f"a second router ended with {code}, and did not say that there is another")

    return second


def _same(town: Town) -> Path:
    return town.stage.router_settings


def _elsewhere(town: Town) -> Path:
    """Return settings with a state folder and a port of their own, for the same Asterisk."""
    text, port = town.stage.router_settings.read_text(encoding="utf-8"), town.stage.http_port
    for ours, theirs in (
        (f'state_dir = "{SERVICE}"', 'state_dir = "second"'),
        (f"port = {port}\n", f"port = {port + _FURTHER_PORTS}\n"),
    ):
        assert ours in text
        text = text.replace(ours, theirs)
    path = town.stage.router_settings.with_name("second.toml")
    path.write_text(text, encoding="utf-8")
    return path


FAULTS = (
    Fault("router: killed", _router_killed, 8),
    Fault("router: stopped", _router_stopped, 2),
    Fault("router: frozen for 3 s", _router_frozen(3.0), 2),
    Fault("router: frozen for 10 s", _router_frozen(10.0)),
    Fault("router: frozen for good", _router_frozen_for_long),
    Fault("router: a second one", _second_router(_same)),
    Fault("router: a second one with a folder of its own", _second_router(_elsewhere)),
    Fault("intake: killed", _intake_killed, 3),
    Fault("intake: frozen", _intake_frozen),
    Fault("Asterisk: killed", _asterisk_killed, 2),
    Fault("Asterisk: restarted", _asterisk_restarted),
)
