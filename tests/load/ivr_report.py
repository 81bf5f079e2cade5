"""The report of the benchmark `ivr`: its figures, and where it breaks."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from tests.load.ivr import DIALPLAN, ROUTER, Measured, Phase, Scale
from tests.load.meters import Noise, percentile
from tests.load.report import Figure, Report, figure


def report(measured: Measured, scale: Scale) -> Report:
    """Return figures, scale and every phase; the delays as percentiles, in ms."""
    beyond = {ivr: breaking_point(measured, scale, ivr) for ivr in (ROUTER, DIALPLAN)}
    others = [phase.others for phase in measured.phases]
    noise = Noise(others, measured.load_before, measured.load_after, measured.processors)
    notes = [
        f"Asterisk {measured.asterisk}; {noise}.",
        f"Medians of {scale.repeats} runs of {scale.seconds:g} s at {scale.rate} calls/s, ours "
        f"and the dialplan's in turn; calls of 2.6 s, three prompts, two keys.",
        "Key to prompt: from sending the key's first end packet (RFC 4733) to the kernel's "
        "receive time of the next prompt's first packet.",
    ]
    if scale.beyond:
        notes += [f"Beyond {scale.burst} calls/s, {ivr}: {told}." for ivr, told in beyond.items()]
    details = {
        "beyond": beyond,
        "scale": asdict(scale),
        **{name: value for name, value in asdict(measured).items() if name != "phases"},
        "phases": [_plain(phase) for phase in measured.phases],
    }
    return Report("ivr", "dialplan", figures(measured, scale), notes, details)


def figures(measured: Measured, scale: Scale) -> list[Figure]:
    """Return the figures, those that have a bar among them, in the order of docs/benchmarks.md."""
    ours, plain = _at(measured, ROUTER, scale.rate), _at(measured, DIALPLAN, scale.rate)
    burst = _at(measured, ROUTER, scale.burst)
    plain_burst = _at(measured, DIALPLAN, scale.burst)
    failed = [phase.failed for phase in burst]

    def compared(what: str, of: Callable[[Phase], float], below: float | None = None) -> Figure:
        return figure(what, "ms", [*map(of, ours)], peer=[*map(of, plain)], below=below)

    return [
        compared("Asterisk's processor time per call", lambda phase: phase.asterisk_ms),
        figure(
            "… ours / dialplan",
            "",
            [a.asterisk_ms / b.asterisk_ms for a, b in zip(ours, plain, strict=True)],
            peer=[1.0],
            at_most=1.2,
        ),
        figure("Router's processor time per call", "ms", [p.router_ms for p in ours], below=3.0),
        Figure(
            f"Failed calls of {sum(phase.calls for phase in burst)} at {scale.burst} calls/s",
            "",
            sum(failed),
            min(failed),
            max(failed),
            sum(phase.failed for phase in plain_burst),
            "0",
            sum(failed) == 0,
            digits=0,
        ),
        compared(f"Key's end to next prompt, p50 at {scale.rate} calls/s", _p50),
        compared(f"Key's end to next prompt, p99 at {scale.rate} calls/s", _p99, below=30.0),
        figure(
            f"Key's end to next prompt, p99 at {scale.burst} calls/s",
            "ms",
            [*map(_p99, burst)],
            peer=[*map(_p99, plain_burst)],
        ),
    ]


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


def _at(measured: Measured, ivr: str, rate: int) -> list[Phase]:
    return [phase for phase in measured.phases if (phase.ivr, phase.rate) == (ivr, rate)]


def _p50(phase: Phase) -> float:
    return percentile(phase.delays_s, 0.5) * 1000


def _p99(phase: Phase) -> float:
    return percentile(phase.delays_s, 0.99) * 1000


def _plain(phase: Phase) -> dict[str, Any]:
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
