"""The benchmark `fallback`: questions to FastAGI beside connections that say nothing.

The real process. Codes are asked for one after the other on connections of their own, as Asterisk
does; first alone, then beside 1,000 connections that are opened and never asked on. The fallback
closes each after its `REQUEST_S`, so each is opened anew: nobody who holds it open does worse.
"""

import asyncio
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from router import places
from router.errors import SetupError
from router.fallback.door import HOST
from router.places import TOP
from tests.fallback.asterisk_side import call, free_port, variables
from tests.fallback.configuration import write
from tests.load.meters import Noise, busy_s, own_s, percentile, processor_s
from tests.load.report import Figure, Report, figure

_START_S = 60.0
#: What an answer is waited for: far more than the bar.
_PATIENCE_S = 30.0
_BAR_MS = 50.0
#: Opened anew this soon after the fallback has closed it.
_AGAIN_S = 0.05
#: Without keys: the sector of callers who press nothing. Many wrong codes would be answered late,
#: on purpose.
_QUESTION = "allo/route"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Scale:
    """How many connections say nothing, how many questions are asked beside them, how often."""

    silent: int = 1000
    questions: int = 500
    repeats: int = 3


FULL = Scale()
QUICK = Scale(questions=200, repeats=1)


@dataclass(frozen=True, slots=True)
class Phase:
    """Seconds that each answer took: `alone`, and beside connections that say nothing.

    `open_least` is how many of those were open at the least while questions were asked;
    `unanswered` counts questions without a proper answer; `processor_s` is the fallback's, beside
    them.
    """

    alone_s: list[float]
    beside_s: list[float]
    open_least: int
    unanswered: int
    processor_s: float
    others: float


def run(scale: Scale, port_offset: int, say: Say) -> list[Phase]:
    """Start the fallback, ask it, and end it.

    Raises:
        SetupError: If it does not start; its log's place is in the message.
    """

    async def measure() -> list[Phase]:
        folder = places.HOME / f"bench-{port_offset}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        phases = []
        async with _fallback(folder) as (port, pid):
            await _ask(port, 20)
            for _ in range(scale.repeats):
                phases.append(await _phase(port, pid, scale))
                say(describe(phases[-1]))
        return phases

    return asyncio.run(measure())


async def _phase(port: int, pid: int, scale: Scale) -> Phase:
    alone, failed = await _ask(port, scale.questions)
    silent = [_Silent(port) for _ in range(scale.silent)]
    holding = [asyncio.create_task(one.hold()) for one in silent]
    try:
        async with asyncio.timeout(_START_S):
            while sum(one.is_open for one in silent) < scale.silent:
                await asyncio.sleep(0.01)
        watch = _Watch(silent)
        begun, busy, own, at = processor_s(pid), busy_s(), own_s()[0], time.monotonic()
        beside, failed_beside = await _ask(port, scale.questions, watch.look)
        took, took_s = processor_s(pid) - begun, time.monotonic() - at
        others = max(0.0, (busy_s() - busy - took - (own_s()[0] - own)) / took_s)
    finally:
        for one in holding:
            one.cancel()
        await asyncio.gather(*holding, return_exceptions=True)
    return Phase(alone, beside, watch.open_least, failed + failed_beside, took, others)


class _Silent:
    """A connection that is open, on which nothing is ever said."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.is_open = False

    async def hold(self) -> None:
        """Open it, and again whenever it is closed, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            with suppress(OSError), socket.socket() as one:
                one.setblocking(False)
                await loop.sock_connect(one, (HOST, self._port))
                self.is_open = True
                try:
                    await loop.sock_recv(one, 1)  # nothing but the end ever comes
                finally:
                    self.is_open = False
            await asyncio.sleep(_AGAIN_S)


class _Watch:
    def __init__(self, silent: list[_Silent]) -> None:
        self._silent = silent
        self.open_least = len(silent)

    def look(self) -> None:
        self.open_least = min(self.open_least, sum(one.is_open for one in self._silent))


async def _ask(
    port: int, number: int, before: Callable[[], None] = lambda: None
) -> tuple[list[float], int]:
    """Return how long each answer took, and how many questions were not answered."""
    took_s, unanswered = [], 0
    for _ in range(number):
        before()
        begun = time.perf_counter()
        try:
            async with asyncio.timeout(_PATIENCE_S):
                told = variables(await call(port, _QUESTION))
        except (TimeoutError, OSError):
            told = {}
        took_s.append(time.perf_counter() - begun)
        unanswered += "ALLO_ROUTE" not in told
    return took_s, unanswered


@asynccontextmanager
async def _fallback(folder: Path) -> AsyncIterator[tuple[int, int]]:
    """Run `./allo fallback`, with no router about; give its port and process id."""
    port, log = free_port(), folder / "fallback.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "router.cli", "fallback"),
            *("--config", write(folder, port)),
            env={**os.environ, "PYTHONPATH": str(TOP)},
            stdout=output,
            stderr=output,
        )
    try:
        deadline = time.monotonic() + _START_S
        while b"fallback ready" not in log.read_bytes():
            if process.returncode is not None or time.monotonic() > deadline:
                raise SetupError("the fallback does not start", f"Read {log}.")
            await asyncio.sleep(0.05)
        yield port, process.pid
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.wait()


# What it tells.


def describe(phase: Phase) -> str:
    """Return a phase in a line, for the progress shown."""
    alone, beside = (_ms(part, 0.99) for part in (phase.alone_s, phase.beside_s))
    return (
        f"  p99 {alone:.1f} ms alone, {beside:.1f} ms beside at least {phase.open_least} silent "
        f"connections; {phase.unanswered} unanswered; other work {phase.others:.2f}"
    )


def _ms(seconds: list[float], share: float) -> float:
    return percentile(seconds, share) * 1000


def report(phases: list[Phase], scale: Scale, load_before: float) -> Report:
    """Return the figures of all phases."""

    def answer(what: str, share: float, below: float | None = None) -> Figure:
        return figure(
            what,
            "ms",
            [_ms(phase.beside_s, share) for phase in phases],
            peer=[_ms(phase.alone_s, share) for phase in phases],
            below=below,
        )

    noise = Noise([phase.others for phase in phases], load_before, os.getloadavg()[0])
    return Report(
        "fallback",
        "alone",
        [
            answer("An answer, p50", 0.5),
            answer("An answer, p99", 0.99, below=_BAR_MS),
            answer("An answer, worst", 1.0, below=_BAR_MS),
            figure("Unanswered", "", [phase.unanswered for phase in phases], at_most=0, digits=0),
            figure(
                "Silent connections, at the least",
                "",
                [phase.open_least for phase in phases],
                digits=0,
            ),
            figure(
                "The fallback's processor time a question, silent ones' in it",
                "ms",
                [phase.processor_s * 1000 / scale.questions for phase in phases],
            ),
        ],
        [
            str(noise),
            f"{scale.questions} questions ({_QUESTION}) one after the other, {scale.repeats} "
            f"times; beside {scale.silent} connections that say nothing, each opened anew as soon "
            "as it is closed.",
        ],
        {"phases": [asdict(phase) for phase in phases]},
    )
