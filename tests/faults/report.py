"""What `./allo bench faults` prints: each kind of fault, what was lost, and how to do it again."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from tests.faults.run import Told
from tests.load.meters import percentile
from tests.load.report import Figure, Report, figure

#: How soon the service is ready again after a process was killed, in seconds.
_READY_S = 5.0
#: Nobody hears nothing for longer than this, whatever is broken, in seconds.
_SILENT_S = 10.0
_KILLED = ("router: killed", "intake: killed", "Asterisk: killed")
_AT_ONCE = ("router: killed", "intake: killed")


def report(runs: Sequence[Told]) -> Report:
    """Return the table of all runs together."""
    breaches = [breach for told in runs for breach in told.breaches]
    defects = [defect for told in runs for defect in told.defects]
    faults = _added(told.faults for told in runs)
    left = _added(told.left for told in runs)
    silences_s = [one for told in runs for one in told.silences_s]
    ready_s: dict[str, list[float]] = {}
    for told in runs:
        for name, took_s in told.ready_s.items():
            ready_s.setdefault(name, []).extend(took_s)
    after_kills_s = [one for name in _KILLED for one in ready_s.get(name, ())]
    figures = [
        figure("Breaches of what must hold", "", [len(breaches)], at_most=0, digits=0),
        figure("Defects seen besides", "", [len(defects)], at_most=0, digits=0),
        _count("Faults made", faults.total()),
        _count("… of them kills", sum(faults[name] for name in _KILLED)),
        _count("Callers", sum(told.callers for told in runs)),
        _count("… who hung up on their way", left.total()),
        _count("Callbacks promised", sum(told.promised for told in runs)),
        _count("Talks", sum(told.talks for told in runs)),
    ]
    if silences_s:
        worst_s = max(silences_s)
        figures += [
            figure("A caller's longest silence, p99", "s", [percentile(silences_s, 0.99)]),
            figure("… the longest of all", "s", [worst_s], at_most=_SILENT_S),
        ]
    if after_kills_s:
        figures += [
            figure("Ready after a kill, p50", "s", [percentile(after_kills_s, 0.5)]),
            figure("… worst", "s", [max(after_kills_s)], below=_READY_S),
        ]
    figures += [_kind(name, ready_s[name]) for name in sorted(ready_s)]
    lines = _added(told.lines for told in runs)
    notes = [
        *(f"{told.minutes:g} minutes of faults; again: {told.again}" for told in runs),
        "Of each kind of fault: from its beginning until the service is ready, the median, the "
        "least and the most. A router is started again after the pause that systemd makes.",
        f"Calls out, by what came of them at the other end: {_listed(lines)}.",
        f"Callers who hung up on their way: {_listed(_steps(left))}; each at once, soon and later.",
        *(f"Breach: {breach}" for breach in breaches),
        *(f"Defect: {defect}" for defect in defects),
        *(
            f"What everybody did and heard, and the logs: {one.folder}"
            for one in runs
            if one.broken
        ),
    ]
    details = {
        "again": [told.again for told in runs],
        "faults": faults,
        "ready_s": ready_s,
        "silences_s": silences_s,
        "left": left,
        "lines": lines,
        "breaches": [asdict(breach) for breach in breaches],
        "defects": defects,
    }
    return Report("faults", "", figures, notes, details)


def _added(counts: Iterable[Counter[str]]) -> Counter[str]:
    return sum(counts, Counter())


def _count(what: str, number: int) -> Figure:
    return figure(what, "", [number], digits=0)


def _kind(name: str, ready_s: list[float]) -> Figure:
    below = _READY_S if name in _AT_ONCE else None
    times = f" ({len(ready_s)} times)" if len(ready_s) > 1 else ""
    return figure(f"{name}{times}", "s", ready_s, below=below, digits=1)


def _steps(left: Counter[str]) -> Counter[str]:
    steps: Counter[str] = Counter()
    for where, times in left.items():
        steps[where.partition(",")[0]] += times
    return steps


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{what} {times}" for what, times in counts.most_common()) or "none"
