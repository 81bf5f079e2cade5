"""What `./allo bench faults` prints: each kind of fault, what was lost, and how to do it again."""

from dataclasses import asdict

from tests.faults.run import Told
from tests.load.meters import percentile
from tests.load.report import Figure, Report, figure

#: How soon the service is ready again after a process was killed, in seconds.
_READY_S = 5.0
_KILLED = ("router: killed", "router: stopped", "intake: killed")


def report(told: Told) -> Report:
    """Return the table."""
    figures = [
        figure("Breaches of what must hold", "", [len(told.breaches)], at_most=0, digits=0),
        figure("Defects seen besides", "", [len(told.defects)], at_most=0, digits=0),
        figure("Faults made", "", [sum(told.faults.values())], digits=0),
        figure("Callers", "", [told.callers], digits=0),
        figure("Talks", "", [told.talks], digits=0),
        figure("Callbacks promised", "", [told.promised], digits=0),
    ]
    if told.silences_s:
        figures += [
            figure("A caller's longest silence, p99", "s", [percentile(told.silences_s, 0.99)]),
            figure("… the longest of all", "s", [max(told.silences_s)]),
        ]
    figures += [_kind(name, told.ready_s[name]) for name in sorted(told.ready_s)]
    notes = [
        f"{told.minutes:g} minutes of faults, seed {told.seed}; again: {told.again}",
        "Of each kind of fault: from its beginning until the service is ready, the median, the "
        "least and the most.",
        *(f"Breach: {breach}" for breach in told.breaches),
        *(f"Defect: {defect}" for defect in told.defects),
    ]
    if told.broken:
        notes.append(f"What everybody did and heard, and the logs: {told.folder}")
    details = {
        "seed": told.seed,
        "minutes": told.minutes,
        "again": told.again,
        "faults": told.faults,
        "ready_s": told.ready_s,
        "breaches": [asdict(breach) for breach in told.breaches],
        "defects": told.defects,
    }
    return Report("faults", "", figures, notes, details)


def _kind(name: str, ready_s: list[float]) -> Figure:
    below = _READY_S if name in _KILLED else None
    times = f" ({len(ready_s)} times)" if len(ready_s) > 1 else ""
    return figure(f"{name}{times}", "s", ready_s, below=below, digits=1)
