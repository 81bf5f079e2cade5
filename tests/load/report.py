"""What `./allo bench` prints: a table, the same as Markdown, or everything as JSON."""

import json
import operator
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: the median of the repetitions, and the least and greatest."""

    what: str
    unit: str
    ours: float
    least: float
    most: float
    #: The same of what we are compared with.
    peer: float | None = None
    #: What is promised, in words ("< 30"), and whether it is kept.
    bar: str = ""
    holds: bool = True
    digits: int = 2


def figure(
    what: str,
    unit: str,
    values: Sequence[float],
    *,
    peer: Sequence[float] = (),
    below: float | None = None,
    at_most: float | None = None,
    at_least: float | None = None,
    digits: int = 2,
) -> Figure:
    """Return the figure of `values`, one a repetition; its median must keep the limit, if any."""
    middle = median(values)
    limits = (
        (below, "<", operator.lt),
        (at_most, "≤", operator.le),
        (at_least, "≥", operator.ge),
    )
    bar, kept = "", True
    for limit, sign, keeps in limits:
        if limit is not None:
            bar, kept = f"{sign} {limit:,g}", keeps(middle, limit)
    return Figure(
        what,
        unit,
        middle,
        min(values),
        max(values),
        median(peer) if peer else None,
        bar,
        kept,
        digits,
    )


@dataclass(frozen=True, slots=True)
class Report:
    """A benchmark's figures, the notes below them, and `details` for JSON only."""

    name: str
    #: Names the column of what we are compared with; "" without one.
    peer: str
    figures: list[Figure]
    notes: list[str]
    details: dict[str, Any]


def as_json(report: Report) -> str:
    """Return figures, notes and details."""
    whole = {
        "name": report.name,
        "figures": [asdict(figure) for figure in report.figures],
        "notes": report.notes,
        **report.details,
    }
    return json.dumps(whole, indent=2, ensure_ascii=False)


def as_text(report: Report) -> str:
    """Return a table for a terminal."""
    rows = _rows(report)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    last = len(widths) - 1
    lines = [
        "  ".join(
            cell.ljust(width) if column in (0, last) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join([*lines, "", *report.notes])


def as_markdown(report: Report) -> str:
    """Return the table for docs/benchmarks.md, and the notes below it."""
    head, *rows = _rows(report)
    lines = ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)]
    return "\n".join([*lines, "", *(f"- {note}" for note in report.notes)])


def _rows(report: Report) -> list[list[str]]:
    peer = [report.peer] if report.peer else []
    rows = [["", "ours", "least to most", *peer, "bar"]]
    for one in report.figures:
        unit = f" {one.unit}" if one.unit else ""
        bar = f"{one.bar}{unit}: {'held' if one.holds else 'MISSED'}" if one.bar else ""
        theirs = "" if one.peer is None else f"{one.peer:,.{one.digits}f}{unit}"
        rows.append(
            [
                one.what,
                f"{one.ours:,.{one.digits}f}{unit}",
                f"{one.least:,.{one.digits}f} to {one.most:,.{one.digits}f}",
                *([theirs] if peer else []),
                bar,
            ]
        )
    return rows
