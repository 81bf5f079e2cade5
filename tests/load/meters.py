"""What benchmarks read: processor time, how busy the machine is, percentiles."""

import csv
import os
import resource
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

#: More of other people's work than this makes figures doubtful (processors busy with it).
_TOO_MUCH_NOISE = 0.3


def processor_s(pid: int) -> float:
    """Return the processor time of a process with all its threads, in seconds.

    clock_getcpuclockid(3): Linux makes the clock's id of the process's.
    """
    return time.clock_gettime((~pid << 3) | 2)


def busy_s() -> float:
    """Return the processor time that the whole machine has spent working."""
    with open("/proc/stat") as file:
        user, nice, system, _, _, irq, softirq, steal = map(int, file.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def own_s() -> tuple[float, float]:
    """Return our own processor time, and that of the children that have ended."""
    mine, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return mine.ru_utime + mine.ru_stime, children.ru_utime + children.ru_stime


def sipp_totals(path: Path) -> dict[str, float]:
    """Return SIPp's cumulated counters, and the calls/s that it `reached` while calling."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    names = ("SuccessfulCall(C)", "Retransmissions(C)")
    begun = [float(row["OutgoingCall(P)"]) for row in rows]
    full = [number for number in begun[1:] if number > 0][:-1] or [max(begun, default=0.0)]
    return {
        **{name: float(rows[-1][name]) if rows else 0.0 for name in names},
        "reached": sum(full) / len(full),
    }


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that `share` of all do not exceed (nearest rank); nan of none."""
    if not values:
        return float("nan")
    ordered = sorted(values)
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


@dataclass(frozen=True, slots=True)
class Noise:
    """How quiet the machine was: processors busy with `others`' work, one a run."""

    others: list[float]
    load_before: float
    load_after: float
    processors: int = os.cpu_count() or 1

    def __str__(self) -> str:
        others = self.others or [0.0]
        words = (
            f"{self.processors} processors, of which other work took "
            f"{statistics.median(others):.2f} ({min(others):.2f} to {max(others):.2f}); "
            f"load average {self.load_before:.1f} before, {self.load_after:.1f} after"
        )
        if statistics.median(others) > _TOO_MUCH_NOISE:
            words += ": NOT QUIET, processor time and delays are too high; measure again"
        return words
