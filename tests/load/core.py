"""The benchmark `core`: what an event costs the engine, with any number of informateurs.

The engine alone, without Asterisk, hears again what it was told in the simulated office
(tests/load/office.py): callers with and without a code, requests for a callback, informateurs.
Only `Engine.handle` and `next_deadline`, asked for after every event as `Live` does, are
measured; the people around them have had their say before.
"""

import multiprocessing
import os
import resource
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass

from router.cli import provision
from router.config import load
from router.core.engine import Engine
from router.core.plan import Plan
from router.service.live import spare_the_collector
from router.simulation.run import Simulation, speech_s
from router.simulation.workload import SHIPPED, load_workload
from tests.load.meters import Noise, busy_s
from tests.load.office import LOAD, Office, Trace
from tests.load.report import Figure, Report, figure
from tests.load.town import fresh_engine

#: Events whose memory is measured: slow, and the office is no fuller afterwards.
_REMEMBERED = 20_000

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured."""

    #: Informateurs; all are equally busy.
    sizes: tuple[int, ...] = (1, 10, 45, 100, 1_000)
    #: The size that has the bar: that of the service.
    bar: int = 45
    repeats: int = 5
    events: int = 200_000
    #: How many times each run handles the same events; the fastest counts.
    hearings: int = 3
    #: How often the year is simulated, and how many of its days (None: all).
    years: int = 3
    days: int | None = None


FULL = Scale()
QUICK = Scale(repeats=3, events=40_000, years=1, days=60)
#: Events/s on one processor, and how much more one may cost at any size than at any other.
LEAST_PER_S = 100_000.0
GREATEST_RATIO = 2.0
#: The whole year, its 207,174 calls handled.
YEAR_S = 60.0
YEAR_MIB = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One office."""

    working: int
    events: int
    #: Processor time an event, in microseconds: the hearing that took least, and all.
    event_us: float
    hearings_us: list[float]
    #: How many events there were of each type.
    kinds: Mapping[str, int]
    #: Processors busy with other people's work meanwhile.
    others: float

    @property
    def per_s(self) -> float:
        return 1e6 / self.event_us


def hear(engine: Engine, trace: Trace) -> int:
    """Have the engine handle the trace; return the processor time, in nanoseconds."""
    handle, next_deadline = engine.handle, engine.next_deadline
    begun = time.thread_time_ns()
    for event, now in trace:
        handle(event, now)
        next_deadline()
    return time.thread_time_ns() - begun


def run(working: int, events: int, hearings: int, seed: int) -> Run:
    """Measure one office in this process."""
    office = Office(working, seed)
    settling, measured = office.trace(events)
    spare_the_collector()  # as ./allo run does
    begun, busy, own = time.monotonic(), busy_s(), time.process_time()
    took_us = []
    for _ in range(hearings):
        engine = fresh_engine(office.plan)
        hear(engine, settling)
        took_us.append(hear(engine, measured) / events / 1000)
    took_s, own = time.monotonic() - begun, time.process_time() - own
    return Run(
        working=working,
        events=events,
        event_us=min(took_us),
        hearings_us=took_us,
        kinds=Counter(type(event).__name__ for event, _ in measured),
        others=max(0.0, (busy_s() - busy - own) / took_s),
    )


def memory(working: int, seed: int) -> int:
    """Return how many bytes an engine holds at most; call it in a process of its own."""
    office = Office(working, seed)
    settling, measured = office.trace(_REMEMBERED)
    plan: Plan = office.plan
    del office
    tracemalloc.start()
    engine = fresh_engine(plan)
    hear(engine, settling)
    hear(engine, measured)
    return tracemalloc.get_traced_memory()[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """The simulated year, or its first days."""

    #: Processor time and elapsed time, in seconds.
    processor_s: float
    took_s: float
    events: int
    calls: int
    #: The most memory of the whole process, in MiB.
    most_mib: float


def simulated(days: int | None, seed: int) -> Year:
    """Let the year happen, or its first `days`; call it in a process of its own."""
    plan = load(None).plan
    people = load_workload(SHIPPED / "2025.toml", plan)
    spare_the_collector()
    begun, own = time.monotonic(), time.process_time()
    year = Simulation(plan, people, 2025, seed, speech_s(provision.sentences(load(None)).texts))
    for day in year.days[:days]:
        year.run_day(day)
    return Year(
        processor_s=time.process_time() - own,
        took_s=time.monotonic() - begun,
        events=year.events,
        calls=sum(year.tally.outcomes.values()),
        most_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )


def of_the_year(years: Sequence[Year], days: int | None) -> list[Figure]:
    """Return what simulating takes; the bars are those of the whole year."""
    name = "The year" if days is None else f"{days} days of the year"
    whole = days is None
    return [
        figure(
            f"{name}, simulated",
            "s",
            [one.took_s for one in years],
            below=YEAR_S if whole else None,
            digits=1,
        ),
        figure("… in processor time", "s", [one.processor_s for one in years], digits=1),
        figure(
            "… events/s, people and engine",
            "",
            [one.events / one.took_s for one in years],
            digits=0,
        ),
        figure(
            "… memory of the process",
            "MiB",
            [one.most_mib for one in years],
            below=YEAR_MIB if whole else None,
            digits=0,
        ),
    ]


# All runs, and their figures.


@dataclass(frozen=True, slots=True)
class Measured:
    """Every run, in order."""

    runs: list[Run]
    #: Bytes that the engine holds at most, by informateurs.
    memory: dict[int, int]
    noise: Noise
    years: list[Year]

    def at(self, working: int) -> list[Run]:
        return [one for one in self.runs if one.working == working]


def measure(scale: Scale, say: Say) -> Measured:
    """Run every office, each in a process of its own, the sizes in turn."""
    load_before = os.getloadavg()[0]
    runs = []
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn, max_tasks_per_child=1) as apart:
        for seed in range(1, scale.repeats + 1):
            for working in scale.sizes:
                task = apart.submit(run, working, scale.events, scale.hearings, seed)
                runs.append(task.result())
                say(describe(runs[-1]))
        held = {
            working: apart.submit(memory, working, 1).result()
            for working in (scale.bar, scale.sizes[-1])
        }
        years = []
        for seed in range(1, scale.years + 1):
            years.append(apart.submit(simulated, scale.days, seed).result())
            say(
                f"  the year with seed {seed}: {years[-1].took_s:.1f} s, {years[-1].events:,} "
                f"events, {years[-1].calls:,} calls"
            )
    noise = Noise([one.others for one in runs], load_before, os.getloadavg()[0])
    return Measured(runs, held, noise, years)


def describe(one: Run) -> str:
    """Return a run in a line, for the progress shown."""
    return (
        f"  {one.working:5,} informateurs: {one.per_s:8,.0f} events/s, {one.event_us:5.2f} µs of "
        f"processor time an event; others {one.others:.2f} processors"
    )


def ratios(measured: Measured, scale: Scale) -> list[float]:
    """Return how much dearer an event is at the dearest size than at the cheapest, a repeat."""
    rounds = zip(*(measured.at(working) for working in scale.sizes), strict=True)
    costs = [[one.event_us for one in same_seed] for same_seed in rounds]
    return [max(of_sizes) / min(of_sizes) for of_sizes in costs]


def report(measured: Measured, scale: Scale) -> Report:
    """Return the figures of all runs."""
    here = measured.at(scale.bar)
    told = [
        figure(
            f"Events/s of one processor, {scale.bar:,} informateurs",
            "",
            [one.per_s for one in here],
            at_least=LEAST_PER_S,
            digits=0,
        ),
        *(
            figure(
                f"An event, {working:,} informateur{'s' if working > 1 else ''}",
                "µs",
                [one.event_us for one in measured.at(working)],
            )
            for working in scale.sizes
        ),
        figure(
            f"The dearest of these / the cheapest, {scale.sizes[0]:,} to {scale.sizes[-1]:,}",
            "",
            ratios(measured, scale),
            at_most=GREATEST_RATIO,
        ),
        *(
            figure(f"The engine's memory, {working:,} informateurs", "MiB", [held / 2**20])
            for working, held in measured.memory.items()
        ),
        *of_the_year(measured.years, scale.days),
    ]
    details = {
        "scale": asdict(scale),
        "runs": [asdict(one) for one in measured.runs],
        "years": [asdict(one) for one in measured.years],
    }
    return Report("core", "", told, _notes(measured, scale), details)


def _notes(measured: Measured, scale: Scale) -> list[str]:
    here = measured.at(scale.bar)
    every = sum(one.events for one in here)
    kinds: Counter[str] = Counter()
    for one in here:
        kinds.update(one.kinds)
    often = ", ".join(f"{name} {count / every:.0%}" for name, count in kinds.most_common(6))
    return [
        f"{measured.noise}.",
        f"Medians of {scale.repeats} runs of {scale.events:,} events, each in a process of its "
        f"own, the sizes in turn; the shipped plan, informateurs busy for {LOAD:.0%} of the time, "
        "4 of 10 requests for a callback.",
        "An event: `Engine.handle` and `next_deadline`, in processor time of one thread "
        f"(CLOCK_THREAD_CPUTIME_ID), the least of {scale.hearings} hearings of the same events: "
        "other work takes no processor time of ours, but caches and the core's second thread.",
        f"Events with {scale.bar:,} informateurs: {often}.",
        *(
            f"The year of seed {seed}: {one.events:,} events, {one.calls:,} calls."
            for seed, one in enumerate(measured.years, 1)
        ),
        f"Memory: the most that Python has allocated for the engine in {_REMEMBERED:,} events.",
    ]
