"""The benchmark `queue`: what a decision costs with many callers waiting.

The engine alone, without Asterisk, in simulated time, among callers and informateurs who do
all that they do (tests/load/town.py). Each run is a process of its own, with the garbage
collector on as in `./allo run`; sizes take turns, so that whatever else the machine does
falls on all of them.
"""

import gc
import math
import multiprocessing
import os
import random
import time
import tracemalloc
from array import array
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from statistics import median
from typing import Protocol

from router.core.commands import Command, Noted
from router.core.events import Event
from router.core.ids import CallId, SectorId
from router.core.work import WorkItem, WorkQueue
from router.service.live import spare_the_collector
from tests.load.list_scan import ListScan
from tests.load.meters import Noise, busy_s, percentile
from tests.load.report import Figure, Report, figure
from tests.load.town import INFORMATEURS, SECTORS, Town, large_plan

#: With fewer events of a kind, percentiles and mean mean little.
_ENOUGH = 30
_ENOUGH_FOR_P99 = 300
#: Callers waiting for each informateur at work: the wait is the same at each size.
_WAITING_PER_INFORMATEUR = 10
_DECISIONS = 100

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured."""

    #: Callers waiting; the first is what the others are compared with.
    sizes: tuple[int, ...] = (100, 1_000, 10_000, 30_000)
    #: The size that has the bar.
    bar: int = 10_000
    repeats: int = 5
    events: int = 100_000


FULL = Scale()
QUICK = Scale(sizes=(100, 1_000, 10_000), repeats=2, events=30_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What events of one kind cost, in microseconds of the clock on the wall."""

    events: int
    mean: float
    p50: float
    p99: float
    p999: float
    most: float

    @classmethod
    def of(cls, nanoseconds: Sequence[int]) -> "Costs":
        ordered = sorted(nanoseconds)
        p50, p99, p999 = (percentile(ordered, share) / 1000 for share in (0.5, 0.99, 0.999))
        return cls(
            events=len(ordered),
            mean=sum(ordered) / len(ordered) / 1000,
            p50=p50,
            p99=p99,
            p999=p999,
            most=ordered[-1] / 1000,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One town."""

    #: Requested, and found at the end.
    waiting: int
    waited: int
    working: int
    #: Seconds of the town's time.
    town_s: float
    #: By the clock on the wall, and in processor time, which other work on the machine
    #: does not lengthen.
    every: Costs
    every_processor: Costs
    kinds: Mapping[str, Costs]
    #: Share of the engine's time that the garbage collector took.
    collecting: float
    #: Choosing a caller, taking that one out, putting another in and telling the place.
    decision_us: float
    list_scan_us: float
    #: Processors busy with other people's work meanwhile.
    others: float


class Meter:
    """Keeps how long events took, by kind."""

    def __init__(self) -> None:
        self.took: dict[str, array[int]] = {}
        self.spent = array("Q")
        self.collecting_ns = 0
        self._collecting_since = 0

    def __call__(self, event: Event, commands: list[Command], took: int, spent: int) -> None:
        name = kind(event, commands)
        if name not in self.took:
            self.took[name] = array("Q")
        self.took[name].append(took)
        self.spent.append(spent)

    def collector(self, phase: str, info: object) -> None:
        """Add up what the garbage collector takes (gc.callbacks)."""
        now = time.perf_counter_ns()
        if phase == "start":
            self._collecting_since = now
        else:
            self.collecting_ns += now - self._collecting_since


def kind(event: Event, commands: Sequence[Command]) -> str:
    """Name an event by its type and the first step that it brought about."""
    name = type(event).__name__
    for command in commands:
        if isinstance(command, Noted):
            return f"{name}: {command.step.value}"
    return name


def run(waiting: int, events: int, seed: int) -> Run:
    """Measure one town in this process."""
    working = min(INFORMATEURS, max(1, waiting // _WAITING_PER_INFORMATEUR))
    town = Town(waiting, working, seed)
    spare_the_collector()  # as ./allo run does
    town.settle()
    meter = Meter()
    gc.callbacks.append(meter.collector)
    begun, busy, own = time.monotonic(), busy_s(), time.process_time()
    town_s = town.run(events, meter)
    took_s, own = time.monotonic() - begun, time.process_time() - own
    others = max(0.0, (busy_s() - busy - own) / took_s)
    gc.callbacks.remove(meter.collector)
    gc.unfreeze()
    took = [ns for of_kind in meter.took.values() for ns in of_kind]
    plan = large_plan()
    sectors, skills = list(plan.sectors), [agent.skills for agent in plan.agents.values()]
    items = waiting_items(sectors, waiting + _DECISIONS)
    queue = WorkQueue(sectors, len(plan.targets.widening_s))
    return Run(
        waiting=waiting,
        waited=len(town.unserved),
        working=working,
        town_s=town_s,
        every=Costs.of(took),
        every_processor=Costs.of(meter.spent),
        kinds={name: Costs.of(of_kind) for name, of_kind in sorted(meter.took.items())},
        collecting=meter.collecting_ns / sum(took),
        decision_us=_decision_us(queue, items, skills),
        list_scan_us=_decision_us(ListScan(), items, skills),
        others=others,
    )


# The decision alone, compared with the plain way.


class Book(Protocol):
    """Who waits."""

    def add(self, item: WorkItem) -> None: ...
    def remove(self, item: WorkItem) -> None: ...
    def rank(self, item: WorkItem) -> int: ...
    def first_for(self, skills: Mapping[SectorId, int]) -> WorkItem | None: ...


def waiting_items(sectors: Sequence[SectorId], number: int) -> list[WorkItem]:
    """Return items in order of arrival, one a second, open to one to three levels."""
    chance = random.Random(number)
    return [
        WorkItem(CallId(str(at)), chance.choice(sectors), at, at + 180.0, at, chance.randint(1, 3))
        for at in range(number)
    ]


def decide(
    book: Book, coming: Sequence[WorkItem], skills: Sequence[Mapping[SectorId, int]]
) -> list[tuple[str, int]]:
    """Serve a caller for each one that comes; return who was chosen, and the places."""
    told = []
    for number, item in enumerate(coming):
        chosen = book.first_for(skills[number % len(skills)])
        if chosen is not None:
            book.remove(chosen)
        book.add(item)
        told.append((chosen.call if chosen else "", book.rank(item)))
    return told


def _decision_us(
    book: Book, items: Sequence[WorkItem], skills: Sequence[Mapping[SectorId, int]]
) -> float:
    for item in items[:-_DECISIONS]:
        book.add(item)
    begun = time.perf_counter_ns()
    decide(book, items[-_DECISIONS:], skills)
    return (time.perf_counter_ns() - begun) / _DECISIONS / 1000


def memory(waiting: int) -> int:
    """Return how many bytes the engine holds for its calls; call it in a process of its own."""
    town = Town(waiting, min(INFORMATEURS, waiting // _WAITING_PER_INFORMATEUR), 1)
    tracemalloc.start()
    town.settle()
    own = tracemalloc.Filter(True, "*/router/core/*")
    return sum(trace.size for trace in tracemalloc.take_snapshot().filter_traces([own]).traces)


# All runs, and their figures.


@dataclass(frozen=True, slots=True)
class Measured:
    """Every run, in order."""

    runs: list[Run]
    #: Bytes that one more waiting caller takes.
    bytes_per_caller: float
    noise: Noise

    def at(self, waiting: int) -> list[Run]:
        return [one for one in self.runs if one.waiting == waiting]


def measure(scale: Scale, say: Say) -> Measured:
    """Run every town, each in a process of its own."""
    load_before = os.getloadavg()[0]
    runs = []
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn, max_tasks_per_child=1) as apart:
        for seed in range(1, scale.repeats + 1):
            for waiting in scale.sizes:
                runs.append(apart.submit(run, waiting, scale.events, seed).result())
                say(describe(runs[-1]))
        few, many = (apart.submit(memory, size).result() for size in (scale.sizes[0], scale.bar))
    noise = Noise([one.others for one in runs], load_before, os.getloadavg()[0])
    return Measured(runs, (many - few) / (scale.bar - scale.sizes[0]), noise)


def describe(one: Run) -> str:
    """Return a run in a line, for the progress shown."""
    every = one.every
    return (
        f"  {one.waiting:6,} waiting, {one.working:5,} at work: mean {every.mean:5.1f}, "
        f"p50 {every.p50:5.1f}, p99 {every.p99:5.1f} ({one.every_processor.p99:5.1f} of "
        f"processor time), longest {every.most:8.0f} µs; others {one.others:.2f} processors"
    )


def growth(few: Run, many: Run, shares: Mapping[str, float], of: Callable[[Costs], float]) -> float:
    """Return how many times as much the same events cost among `many`.

    The events are those of `shares`, kind by kind: which ones come how often differs.
    """

    def cost(one: Run) -> float:
        return sum(share * of(one.kinds[name]) for name, share in shares.items())

    return cost(many) / cost(few)


def shares(runs: Sequence[Run], bar: int) -> dict[str, float]:
    """Return the share of each kind of event among `bar` waiting, of those met often anywhere."""
    often = [
        name
        for name in runs[0].kinds
        if all(name in one.kinds and one.kinds[name].events >= _ENOUGH for one in runs)
    ]
    here = [one for one in runs if one.waiting == bar]
    every = sum(one.every.events for one in here)
    return {name: sum(one.kinds[name].events for one in here) / every for name in often}


def report(measured: Measured, scale: Scale) -> Report:
    """Return the figures of all runs."""
    here, few = measured.at(scale.bar), measured.at(scale.sizes[0])
    at = f"with {scale.bar:,} waiting"

    def costs(what: str, of: Callable[[Run], float], below: float | None = None) -> Figure:
        return figure(f"{what} {at}", "µs", [*map(of, here)], below=below, digits=1)

    slowest = max(
        (name for name in here[0].kinds if here[0].kinds[name].events >= _ENOUGH_FOR_P99),
        key=lambda name: median(one.kinds[name].p99 for one in here if name in one.kinds),
    )
    told = [
        costs("An event, p50", lambda one: one.every.p50),
        costs("An event, p99", lambda one: one.every.p99, below=50.0),
        costs("… in processor time", lambda one: one.every_processor.p99),
        costs("An event, p99.9", lambda one: one.every.p999),
        costs("The longest event", lambda one: one.every.most),
        costs("Slowest kind of event, p99", lambda one: one.kinds[slowest].p99),
        figure(f"Events/s {at}", "", [1e6 / one.every.mean for one in here], digits=0),
    ]
    mixed = shares(measured.runs, scale.bar)
    for size in scale.sizes[1:]:
        for word, of in (("mean", _mean), ("median", _p50)):
            ratios = [growth(a, b, mixed, of) for a, b in zip(few, measured.at(size), strict=True)]
            told.append(
                figure(
                    f"The same events, {word}: {size:,} waiting / {scale.sizes[0]:,}",
                    "",
                    ratios,
                    at_most=round(math.log(size) / math.log(scale.sizes[0]), 2),
                )
            )
    told.append(figure("Memory for one more who waits", "KiB", [measured.bytes_per_caller / 1024]))
    told += [
        figure(
            f"A choice of the queue's, {size:,} waiting",
            "µs",
            [one.decision_us for one in measured.at(size)],
            peer=[one.list_scan_us for one in measured.at(size)],
            digits=1,
        )
        for size in scale.sizes
    ]
    return Report(
        "queue",
        "list scan",
        told,
        _notes(measured, scale, slowest, mixed),
        {
            "scale": asdict(scale),
            "shares": mixed,
            "runs": [asdict(one) for one in measured.runs],
        },
    )


def _mean(costs: Costs) -> float:
    return costs.mean


def _p50(costs: Costs) -> float:
    return costs.p50


def _notes(measured: Measured, scale: Scale, slowest: str, mixed: Mapping[str, float]) -> list[str]:
    here = measured.at(scale.bar)
    collecting = [one.collecting * 100 for one in here]
    return [
        f"{measured.noise}.",
        f"Medians of {scale.repeats} runs of {scale.events:,} events, each in a process of its "
        f"own, the sizes in turn; {SECTORS} sectors, one informateur for "
        f"{_WAITING_PER_INFORMATEUR} who wait ({INFORMATEURS:,} at most).",
        "An event: `Engine.handle` and `next_deadline`; the clock is the wall's. The garbage "
        f"collector works as in ./allo run, and took {median(collecting):.0f} % "
        f"({min(collecting):.0f} to {max(collecting):.0f}) of it; the longest events are its.",
        f"The same events: {len(mixed)} kinds, {sum(mixed.values()):.1%} of all, each weighted "
        f"as with {scale.bar:,} waiting; the bar is log n / log {scale.sizes[0]}.",
        f"Slowest kind: {slowest}.",
        "A choice: the caller due first for an informateur's skills leaves, another joins and "
        "is told the place. List scan: the same from one list, walked each time.",
    ]
