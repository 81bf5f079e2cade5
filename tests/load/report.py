"""What `./allo bench` prints: a table, the same as Markdown, or everything as JSON."""

import json
import statistics
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from tests.load.ivr import DIALPLAN, ROUTER, Measured, Phase, Scale, percentile

#: More of other people's work than this makes figures doubtful (processors busy with it).
_TOO_MUCH_NOISE = 0.3


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: the median of the repetitions, and the least and greatest."""

    what: str
    unit: str
    ours: float
    least: float
    most: float
    dialplan: float | None
    bar: str
    holds: bool


def figures(measured: Measured, scale: Scale) -> list[Figure]:
    """Return the figures that have a bar, in the order of the README."""
    ours, plain = _at(measured, ROUTER, scale.rate), _at(measured, DIALPLAN, scale.rate)
    burst = _at(measured, ROUTER, scale.burst)
    plain_burst = _at(measured, DIALPLAN, scale.burst)
    ratios = [a.asterisk_ms / b.asterisk_ms for a, b in zip(ours, plain, strict=True)]
    failed = sum(phase.failed for phase in burst)
    return [
        _figure("Asterisk's processor time per call", "ms", ours, plain, lambda p: p.asterisk_ms),
        Figure(
            "… ours / dialplan",
            "",
            statistics.median(ratios),
            min(ratios),
            max(ratios),
            1.0,
            "≤ 1.2",
            statistics.median(ratios) <= 1.2,
        ),
        _figure(
            "Router's processor time per call", "ms", ours, (), lambda p: p.router_ms, "< 3", 3.0
        ),
        Figure(
            f"Failed calls of {sum(phase.calls for phase in burst)} at {scale.burst} calls/s",
            "",
            failed,
            min(phase.failed for phase in burst),
            max(phase.failed for phase in burst),
            sum(phase.failed for phase in plain_burst),
            "0",
            failed == 0,
        ),
        _figure(f"Key's end to next prompt, p50 at {scale.rate} calls/s", "ms", ours, plain, _p50),
        _figure(
            f"Key's end to next prompt, p99 at {scale.rate} calls/s",
            "ms",
            ours,
            plain,
            _p99,
            "< 30",
            30.0,
        ),
        _figure(
            f"Key's end to next prompt, p99 at {scale.burst} calls/s",
            "ms",
            burst,
            plain_burst,
            _p99,
        ),
    ]


def _at(measured: Measured, ivr: str, rate: int) -> list[Phase]:
    return [phase for phase in measured.phases if (phase.ivr, phase.rate) == (ivr, rate)]


def _p50(phase: Phase) -> float:
    return percentile(phase.delays_s, 0.5) * 1000


def _p99(phase: Phase) -> float:
    return percentile(phase.delays_s, 0.99) * 1000


def _figure(
    what: str,
    unit: str,
    ours: Iterable[Phase],
    plain: Iterable[Phase],
    value: Callable[[Phase], float],
    bar: str = "",
    limit: float = float("inf"),
) -> Figure:
    values = [value(phase) for phase in ours]
    plain_values = [value(phase) for phase in plain]
    middle = statistics.median(values)
    return Figure(
        what,
        unit,
        middle,
        min(values),
        max(values),
        statistics.median(plain_values) if plain_values else None,
        bar,
        middle < limit,
    )


def breaking_point(measured: Measured, scale: Scale, ivr: str) -> str:
    """Say what happened above the burst's rate, in a sentence."""
    tried = [p for p in measured.phases if p.ivr == ivr and p.rate in scale.beyond]
    if not tried:
        return "not tried"
    last = tried[-1]
    spent = last.asterisk_ms + last.router_ms + last.sipp_ms
    told = (
        f"{last.rate} calls/s wished, {last.reached:.0f} reached, "
        f"{last.failed} of {last.calls} calls failed, {last.resent} SIP messages resent, "
        f"key to prompt p99 {_p99(last):.0f} ms; a call took {spent:.1f} ms of processor time "
        f"(Asterisk {last.asterisk_ms:.1f}, router {last.router_ms:.1f}, SIPp {last.sipp_ms:.1f})"
    )
    return told + ("" if last.failed else "; nothing failed")


def noise(measured: Measured) -> str:
    """Say how quiet the machine was."""
    others = [phase.others for phase in measured.phases]
    words = (
        f"{measured.processors} processors, of which other work took "
        f"{statistics.median(others):.2f} ({min(others):.2f} to {max(others):.2f}); "
        f"load average {measured.load_before:.1f} before, {measured.load_after:.1f} after"
    )
    if statistics.median(others) > _TOO_MUCH_NOISE:
        words += ": NOT QUIET, processor time and delays are too high; measure again"
    return words


def as_json(measured: Measured, scale: Scale) -> str:
    """Return figures, scale and every phase; the delays as percentiles, in ms."""

    def plain(phase: Phase) -> dict[str, Any]:
        fields = asdict(phase)
        delays = fields.pop("delays_s")
        fields |= {"failed": phase.failed, "keys": len(delays)}
        fields["key_to_prompt_ms"] = {
            name: round(percentile(delays, share) * 1000, 2) if delays else None
            for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1.0))
        }
        return {
            name: round(value, 3) if isinstance(value, float) else value
            for name, value in fields.items()
        }

    whole = {
        "name": "ivr",
        "figures": [asdict(figure) for figure in figures(measured, scale)],
        "beyond": {ivr: breaking_point(measured, scale, ivr) for ivr in (ROUTER, DIALPLAN)},
        "scale": asdict(scale),
        **{name: value for name, value in asdict(measured).items() if name != "phases"},
        "phases": [plain(phase) for phase in measured.phases],
    }
    return json.dumps(whole, indent=2)


def as_text(measured: Measured, scale: Scale) -> str:
    """Return a table for a terminal."""
    rows = _rows(measured, scale)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell.ljust(width) if column in (0, 4) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join([*lines, "", *_notes(measured, scale)])


def as_markdown(measured: Measured, scale: Scale) -> str:
    """Return the table for README."""
    head, *rows = _rows(measured, scale)
    lines = ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)]
    return "\n".join([*lines, "", *(f"- {note}" for note in _notes(measured, scale))])


def _rows(measured: Measured, scale: Scale) -> list[list[str]]:
    rows = [["", "ours", "least to most", "dialplan", "bar"]]
    for figure in figures(measured, scale):
        digits = 0 if figure.bar == "0" else 2
        unit = f" {figure.unit}" if figure.unit else ""
        bar = f"{figure.bar}{unit}: {'held' if figure.holds else 'MISSED'}" if figure.bar else ""
        rows.append(
            [
                figure.what,
                f"{figure.ours:.{digits}f}{unit}",
                f"{figure.least:.{digits}f} to {figure.most:.{digits}f}",
                "" if figure.dialplan is None else f"{figure.dialplan:.{digits}f}{unit}",
                bar,
            ]
        )
    return rows


def _notes(measured: Measured, scale: Scale) -> list[str]:
    notes = [
        f"Asterisk {measured.asterisk}; {noise(measured)}.",
        f"Medians of {scale.repeats} runs of {scale.seconds:g} s at {scale.rate} calls/s, ours "
        f"and the dialplan's in turn; calls of 2.6 s, three prompts, two keys.",
        "Key to prompt: from sending the key's first end packet (RFC 4733) to the kernel's "
        "receive time of the next prompt's first packet.",
    ]
    if scale.beyond:
        notes += [
            f"Beyond {scale.burst} calls/s, {ivr}: {breaking_point(measured, scale, ivr)}."
            for ivr in (ROUTER, DIALPLAN)
        ]
    return notes
