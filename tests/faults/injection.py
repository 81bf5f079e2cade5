"""The faults, and how each is made. Each returns when what was broken is whole again."""

import asyncio
import os
import random
import signal
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass

from router.demo.configuration import SETTINGS
from router.demo.router_process import RouterProcess
from router.errors import SetupError
from router.store.tickets import FILE_NAME
from tests.faults.ari_proxy import Wire
from tests.faults.town import Town
from tests.load.processes import children_of
from tests.patience import PATIENCE_S


@dataclass(frozen=True, slots=True)
class Fault:
    """`name` begins with what is broken; `make` breaks and mends it."""

    name: str
    make: Callable[[Town, random.Random], Awaitable[None]]
    #: How often it is drawn.
    weight: int = 1


def _pid(town: Town) -> int:
    assert town.stage.router is not None
    return town.stage.router.pid


async def _router_killed(town: Town, chance: random.Random) -> None:
    await town.stage.kill_router()
    await _start_router(town)


async def _router_stopped(town: Town, chance: random.Random) -> None:
    await town.stage.stop_router()
    await _start_router(town)


async def _start_router(town: Town) -> None:
    try:
        await town.stage.start_router()
    except SetupError:  # late on a busy machine, which the time until it is ready tells
        if not town.stage.router_runs:
            raise


def _router_frozen(seconds: float) -> Callable[[Town, random.Random], Awaitable[None]]:
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


async def _wire_reset(town: Town, chance: random.Random) -> None:
    town.wire.reset()


def _wire(wire: Wire, seconds: float) -> Callable[[Town, random.Random], Awaitable[None]]:
    async def broken(town: Town, chance: random.Random) -> None:
        town.wire.wire = wire
        try:
            await asyncio.sleep(seconds)
        finally:
            town.wire.wire = Wire.WHOLE

    return broken


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


async def _store_locked(town: Town, chance: random.Random) -> None:
    path = town.stage.config.settings.state_dir / FILE_NAME
    with closing(sqlite3.connect(path, timeout=5.0)) as database:
        with suppress(sqlite3.OperationalError):
            database.execute("BEGIN IMMEDIATE")
        await asyncio.sleep(8.0)
        database.rollback()


async def _phone_gone(town: Town, chance: random.Random) -> None:
    """An informateur's phone loses the network, in a call if there is one."""
    busy = [one for one in town.informateurs if one.telephone.in_a_call]
    await chance.choice(busy or town.informateurs).lose_the_network(6.0)


FAULTS: tuple[Fault, ...] = (
    Fault("router: killed", _router_killed, 4),
    Fault("router: stopped", _router_stopped, 2),
    Fault("router: frozen for 3 s", _router_frozen(3.0), 2),
    Fault("router: frozen for 10 s", _router_frozen(10.0)),
    Fault("intake: killed", _intake_killed, 2),
    Fault("intake: frozen", _intake_frozen),
    Fault("Asterisk: killed", _asterisk_killed),
    Fault("wire: reset", _wire_reset, 2),
    Fault("wire: deaf for 15 s", _wire(Wire.DEAF, 15.0)),
    Fault("wire: refuses for 5 s", _wire(Wire.REFUSES, 5.0)),
    Fault("wire: drips for 5 s", _wire(Wire.DRIPS, 5.0)),
    Fault("wire: 500 for 5 s", _wire(Wire.ERRS, 5.0)),
    Fault("wire: late for 8 s", _wire(Wire.LATE, 8.0)),
    Fault("router: a second one", _second_router),
    Fault("store: locked for 8 s", _store_locked),
    Fault("phone: gone for 6 s", _phone_gone, 2),
)
#: Left out unless asked for by name: too long for a drawn one.
LONG: tuple[Fault, ...] = (Fault("router: frozen for 40 s", _router_frozen(40.0)),)


def named(name: str) -> Fault:
    """Return the fault of that name.

    Raises:
        SetupError: If there is none.
    """
    known = {one.name: one for one in (*FAULTS, *LONG)}
    if name not in known:
        raise SetupError(f"there is no fault {name}", f"There are: {', '.join(known)}.")
    return known[name]


def drawn(chance: random.Random, only: Sequence[str] = ()) -> Fault:
    """Draw one; of those named, if any are."""
    if only:
        return named(chance.choice(only))
    return chance.choices(FAULTS, [one.weight for one in FAULTS])[0]
