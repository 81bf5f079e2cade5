"""The demo: the stage is opened, one call is shown, and it stays up until Ctrl-C."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from router.ari.naming import CALLBACK_CHANNEL
from router.core.ids import AgentId
from router.demo.call import SimulatedCall
from router.demo.script import FICHE
from router.demo.stage import Stage
from router.demo.timeline import sentence, steps
from router.places import put, writing

Say = Callable[[str], None]
T = TypeVar("T")


async def show(stage: Stage, say: Say, *, call: bool, once: bool, ready_file: Path | None) -> bool:
    """Open the stage, make the `call`, and stay until Ctrl-C unless `once`.

    Return whether all went well: the caller and the informateur heard each other. `ready_file` is
    written once everything is ready, and a demo that was interrupted before has gone well.

    Raises:
        SetupError: If something does not start.
        DiskError: If the ready-file cannot be written.
    """
    if ready_file is not None:
        with writing(ready_file):
            await asyncio.to_thread(ready_file.unlink, missing_ok=True)  # an earlier demo's
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    try:
        await _or_stop(stage.open(), stopping)
        if stopping.is_set():
            return True
        if ready_file is not None:
            _write(ready_file, stage.ready_file())
        for seat in stage.seats:
            for line in ("", *seat.how_to(stage.plan.desk)):
                say(line)
        went_well = await _or_stop(_one_call(stage, say), stopping) if call else True
        if not once and not stopping.is_set():
            for line in _what_to_try(stage):
                say(line)
            await _or_stop(_stay(stage, say, ready_file), stopping)
        return went_well is not False
    finally:
        say("stopping")
        await stage.close()


async def _one_call(stage: Stage, say: Say) -> bool:
    """Wait for the people at free seats, then make the call; return whether it went well."""
    for seat in stage.seats:
        say(f"Waiting for a phone at seat {seat.agent} (Ctrl-C ends)")
        await stage.taken(seat)
    return await SimulatedCall(stage, say).make()


def _what_to_try(stage: Stage) -> list[str]:
    """Return what a person can do now, a line each."""
    answered = "a simulated phone rings, presses 1, and talks with an informateur"
    if stage.pstn is None:
        answered = f"it is dialled through {stage.script.trunk}"
    agent = next(iter((*map(AgentId, stage.script.seats), *stage.plan.agents)))
    # The number is one reserved for fiction (Arcep): nobody's.
    return [
        "",
        f"Dial {stage.plan.number} at {stage.sip}; {stage.http}/ shows how long callers wait",
        f"Sit at a desk: open {stage.http}/poste, number {agent}, PIN {stage.secrets.pins[agent]}",
        f"Be called back: open {stage.http}/rappel?fiche={FICHE}",
        f"  leave 06 39 98 12 34: {answered};",
        "  or cancel on the page while an informateur's phone rings.",
        "Ctrl-C ends.",
    ]


async def _stay(stage: Stage, say: Say, ready_file: Path | None) -> None:
    """Print every step of callbacks, and start again what dies: its id is in the ready-file."""

    def changed() -> None:
        if ready_file is not None:
            _write(ready_file, stage.ready_file())

    async with asyncio.TaskGroup() as group:
        group.create_task(stage.keep(changed))
        group.create_task(_show_callbacks(stage, say))


async def _show_callbacks(stage: Stage, say: Say) -> None:
    """Print every step of callbacks from now on."""
    async for step in steps(stage.router_log, lambda: True):
        if step["call"].startswith(CALLBACK_CHANNEL):
            clock = stage.plan.hours.local(step["service_time"])
            say(f"  {clock:%H:%M:%S}  {sentence(step, stage.plan)}")


async def _or_stop(work: Coroutine[Any, Any, T], stopping: asyncio.Event) -> T | None:
    """Wait for `work` and return its result; on Ctrl-C, cancel it and return None."""
    task = asyncio.create_task(work)
    stop = asyncio.create_task(stopping.wait())
    await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if not task.done():
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        return None
    return task.result()


def _write(path: Path, text: str) -> None:
    """Write the ready-file, whole or not at all."""
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        put(path, text, 0o600)
