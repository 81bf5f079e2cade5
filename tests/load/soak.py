"""The benchmark `soak`: memory and descriptors while calls come and go for as long as one likes.

Callers at a steady rate, in spells; after each spell, when all have hung up, every process is
looked at. After the warm-up memory must not grow: its slope is a straight line's through what was
seen (least squares), with the interval that holds the true one in 95 cases of 100 if what is left
over is noise.
"""

import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.load.ivr import ROUTER, Crowd
from tests.load.processes import children_of, threads_of
from tests.load.report import Report, figure
from tests.load.rig import Rig, on_a_rig

Say = Callable[[str], None]

_RATE = 10
_SPELL_S = 15.0
#: Share of the time that is warm-up: caches fill, pools reach their size.
_WARM_UP = 0.3
#: Below this a slope is no leak that anybody would notice in a month, in MB an hour.
_FLAT_MB_H = 1.0


@dataclass(frozen=True, slots=True)
class Look:
    """What a process holds at an instant."""

    at_s: float
    resident_mb: float
    descriptors: int
    threads: int


@dataclass(frozen=True, slots=True)
class Slope:
    """How a value grows by the hour, and the half of its 95 % interval."""

    per_hour: float
    give_or_take: float

    @property
    def may_be_flat(self) -> bool:
        """Whether the interval holds zero."""
        return abs(self.per_hour) <= self.give_or_take


@dataclass(frozen=True, slots=True)
class Soaked:
    """What was seen of each process, and the calls meanwhile."""

    minutes: float
    calls: int
    failed: int
    looks: dict[str, list[Look]]
    load: float


def look(pid: int, at_s: float) -> Look:
    """Look at a living process."""
    resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    descriptors = len(os.listdir(f"/proc/{pid}/fd"))
    return Look(at_s, resident / 1e6, descriptors, len(threads_of(pid)))


def slope(points: Sequence[tuple[float, float]]) -> Slope:
    """Return the slope of (seconds, value) by the hour; at least three points."""
    count = len(points)
    middle = sum(at for at, _ in points) / count
    mean = sum(value for _, value in points) / count
    spread = sum((at - middle) ** 2 for at, _ in points)
    steep = sum((at - middle) * (value - mean) for at, value in points) / spread
    left = sum((value - mean - steep * (at - middle)) ** 2 for at, value in points)
    error = math.sqrt(left / (count - 2) / spread)
    return Slope(steep * 3600, _t95(count - 2) * error * 3600)


def _t95(freedom: int) -> float:
    """Return Student's t, two-sided 95 %, to 1 % (Abramowitz and Stegun 26.7.5)."""
    if freedom == 1:
        return 12.71
    if freedom == 2:
        return 4.303
    z = 1.95996
    cubic, fifth = (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96
    seventh = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + cubic / freedom + fifth / freedom**2 + seventh / freedom**3


def run(minutes: float, port_offset: int, say: Say) -> Soaked:
    """Set a rig up, let calls come and go, and take it down.

    Raises:
        SetupError: If something is missing here, or a port is taken.
    """
    return on_a_rig(lambda rig: _measure(rig, minutes, say), port_offset, say)


async def _measure(rig: Rig, minutes: float, say: Say) -> Soaked:
    begun, load = time.monotonic(), os.getloadavg()[0]
    crowd = Crowd(rig, say)
    pids = {"router": rig.router_pid, "Asterisk": rig.asterisk.pid}
    pids |= {f"intake {n}": pid for n, pid in enumerate(children_of(rig.router_pid), 1)}
    looks: dict[str, list[Look]] = {name: [] for name in pids}
    calls = failed = 0
    while time.monotonic() - begun < minutes * 60:
        phase = await crowd.run(ROUTER, _RATE, _SPELL_S)
        calls, failed = calls + phase.calls, failed + phase.failed
        now = time.monotonic() - begun
        for name, pid in pids.items():
            looks[name].append(look(pid, now))
    return Soaked(minutes, calls, failed, looks, load)


def report(soaked: Soaked) -> Report:
    """Return a line for each process's memory and descriptors."""
    figures = []
    notes = [
        f"{soaked.calls} calls at {_RATE} calls/s in {soaked.minutes:g} min, {soaked.failed} "
        f"failed; load average {soaked.load:.1f} before.",
        f"The first {_WARM_UP:.0%} is warm-up; each process is looked at after each "
        f"{_SPELL_S:g} s of calls, when all have hung up.",
    ]
    for name, looks in soaked.looks.items():
        warm = looks[int(len(looks) * _WARM_UP) :]
        memory = [(one.at_s, one.resident_mb) for one in warm]
        figures.append(figure(f"{name}: resident memory", "MB", [mb for _, mb in memory], digits=1))
        if len(memory) >= 3:
            grows = slope(memory)
            # What is surely above nothing, and more than anybody would notice.
            surely = max(0.0, grows.per_hour - grows.give_or_take)
            figures.append(figure(f"{name}: growth, surely", "MB/h", [surely], at_most=_FLAT_MB_H))
            flat = "may be flat" if grows.may_be_flat else "is not flat"
            notes.append(
                f"{name}: memory grows by {grows.per_hour:+.2f} ± {grows.give_or_take:.2f} MB/h "
                f"(95 %, {len(memory)} looks): {flat}."
            )
        more = [float(one.descriptors - warm[0].descriptors) for one in warm]
        figures.append(figure(f"{name}: descriptors more", "", more[-1:], at_most=0, digits=0))
        threads = [float(one.threads - warm[0].threads) for one in warm]
        figures.append(figure(f"{name}: threads more", "", threads[-1:], at_most=0, digits=0))
    details = {
        "looks": {name: [asdict(one) for one in looks] for name, looks in soaked.looks.items()}
    }
    return Report("soak", "", figures, notes, details)
