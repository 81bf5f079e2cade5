"""`./allo bench faults`: the service under load, broken at random, judged by its history."""

import asyncio
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from router import places
from router.cli import provision
from router.config import load
from tests.faults import checker, injection, spans
from tests.faults.checker import Breach
from tests.faults.fault import Fault
from tests.faults.history import CALLER, FAULT, USAGER, Did, History
from tests.faults.town import Town, open_town

Say = Callable[[str], None]

#: Between two faults, in seconds: some while the last one is still being got over.
_BETWEEN_S = (3.0, 12.0)


@dataclass(frozen=True, slots=True)
class Told:
    """What a run came to."""

    seed: int
    minutes: float
    #: How often each fault was made, and how long until the service was ready again, in seconds.
    faults: Counter[str]
    ready_s: dict[str, list[float]]
    breaches: list[Breach]
    defects: list[str]
    callers: int
    talks: int
    promised: int
    #: Where callers hung up on their way, and how soon after having come there.
    left: Counter[str]
    #: What those did who were called back, and the carrier.
    lines: Counter[str]
    #: The longest silence of each caller, in seconds.
    silences_s: list[float] = field(repr=False)
    #: Where the history and the logs are.
    folder: Path

    @property
    def broken(self) -> bool:
        """Whether anything must be mended."""
        return bool(self.breaches or self.defects)

    @property
    def again(self) -> str:
        """How to make the same faults again."""
        return f"./allo bench faults --seed {self.seed} --minutes {self.minutes:g}"


def run(seed: int, minutes: float, port_offset: int, say: Say, only: Sequence[str] = ()) -> Told:
    """Set the service up, break it for so long, and judge.

    `only` names the faults to draw from; none: all but the longest.

    Raises:
        SetupError: If something is missing here, a port is taken, or there is no such fault.
    """
    for name in only:
        injection.named(name)
    folder = places.HOME / f"bench-faults-{port_offset}-{seed}"
    shutil.rmtree(folder, ignore_errors=True)
    return asyncio.run(_run(folder, seed, minutes, port_offset, say, tuple(only)))


async def _run(
    folder: Path, seed: int, minutes: float, port_offset: int, say: Say, only: tuple[str, ...]
) -> Told:
    tools = provision.toolbox(say)
    config = load(None)
    provision.prompts(config, provision.voice_named("espeak-ng", None, tools), tools, say)
    opens_at = config.plan.hours.next_opening(time.time())
    at = time.time() if opens_at is None else opens_at + 7200
    async with open_town(folder, provision.PROMPTS, tools, port_offset, at, seed) as town:
        made, ready_s = await _break(town, random.Random(seed), minutes * 60, say, only)
        await town.rest()
        history = town.notebook.history()
        defects = town.defects
        left = Counter(caller.left_at for caller in town.callers if caller.left_at)
        lines = Counter(line.habit.name.lower() for line in town.network.lines)
    history.write(folder / "history.jsonl")
    callers, usagers = history.people(CALLER), history.people(USAGER)
    longest = [
        max((one.end - one.begin for one in checker.silences(history, caller)), default=0.0)
        for caller in callers
    ]
    return Told(
        seed,
        minutes,
        made,
        ready_s,
        checker.judge(history),
        defects,
        callers=len(callers),
        talks=sum(spans.talked(history, who) for who in (*callers, *usagers)),
        promised=sum(_is_promised(history, who) for who in usagers),
        left=left,
        lines=lines,
        silences_s=longest,
        folder=folder,
    )


def _is_promised(history: History, who: str) -> bool:
    return any(one.did is Did.PROMISED for one in history.of(who))


async def _break(
    town: Town, chance: random.Random, seconds: float, say: Say, only: tuple[str, ...]
) -> tuple[Counter[str], dict[str, list[float]]]:
    made: Counter[str] = Counter()
    ready_s: dict[str, list[float]] = {}
    coming = asyncio.create_task(town.people_come())
    try:
        while town.notebook.now() < seconds:
            await asyncio.sleep(chance.uniform(*_BETWEEN_S))
            fault = injection.drawn(chance, only)
            made[fault.name] += 1
            ready_s.setdefault(fault.name, []).append(await _make(town, fault, chance))
            say(f"{town.notebook.now():7.1f}  {fault.name}: {ready_s[fault.name][-1]:.1f} s")
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)
    return made, ready_s


async def _make(town: Town, fault: Fault, chance: random.Random) -> float:
    """Make the fault; return how long it took until the service was ready, in seconds."""
    begun = town.notebook.now()
    town.notebook.note(FAULT, Did.BEGINS, fault.name)
    await fault.make(town, chance)
    try:
        await town.ready()
    except TimeoutError:
        town.defect(f"not ready 60 s after {fault.name}")
    town.notebook.note(FAULT, Did.ENDS, fault.name)
    return town.notebook.now() - begun
