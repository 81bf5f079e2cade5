"""The report of the benchmark `callbacks`."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from tests.load.callbacks import Dialled, Results, Rush, Scale
from tests.load.meters import Noise, percentile
from tests.load.report import Figure, Report, figure

_LATENCY_MS = 50.0
_DIALLED_MS = 1000.0
_PER_TICKET_B = 4096.0


def report(results: Results, scale: Scale) -> Report:
    """Return the figures."""
    return Report(
        "callbacks",
        "",
        [*_rush_figures(results.rushes), *_dial_figures(results.dialled), *_weights(results)],
        _notes(results, scale),
        {
            "scale": asdict(scale),
            "rushes": [_plain(one) for one in results.rushes],
            "dialled": [asdict(one) for one in results.dialled],
            "weights": [asdict(results.few), asdict(results.many)],
        },
    )


def _rush_figures(rushes: list[Rush]) -> list[Figure]:
    def latency(share: float, below: float | None = None) -> Figure:
        values = [percentile(one.latency_s, share) * 1000 for one in rushes]
        name = "longest" if share == 1 else f"p{share * 100:g}"
        return figure(f"A request's answer, {name}", "ms", values, below=below, digits=1)

    def each(what: str, of: Callable[[Rush], float]) -> Figure:
        values = [of(one) / len(one.latency_s) * 1000 for one in rushes]
        return figure(what, "ms", values)

    wrong = [float(sum(one.wrong.values())) for one in rushes]
    return [
        latency(0.5),
        latency(0.99, _LATENCY_MS),
        latency(0.999),
        latency(1.0),
        figure("Wrong answers and none", "", wrong, at_most=0, digits=0),
        figure("Requests", "/s", [one.reached for one in rushes], digits=0),
        each("Processor time a request, router", lambda one: one.router_s),
        each("… intake", lambda one: one.intake_s),
        figure(
            "Router and intake, of their one processor",
            "",
            [(one.router_s + one.intake_s) / one.took_s for one in rushes],
        ),
    ]


def _dial_figures(dialled: list[Dialled]) -> list[Figure]:
    def part(what: str, of: Callable[[Dialled], float], below: float | None = None) -> Figure:
        values = [of(one) * 1000 for one in dialled]
        return figure(what, "ms", values, below=below, digits=1)

    worst = max(one.whole_s for one in dialled) * 1000
    return [
        part("Due to dialled, median", lambda one: one.whole_s),
        figure("… worst", "ms", [worst], below=_DIALLED_MS, digits=1),
        part("… ready to the informateur's phone", lambda one: one.rung_s),
        part("… picked up to the carrier", lambda one: one.dialled_s),
    ]


def _weights(results: Results) -> list[Figure]:
    few, many = results.few, results.many

    def weight(what: str, *parts: str, below: float | None = None) -> Figure:
        total = sum(many.per_ticket(few, part) for part in parts)
        return figure(what, "B", [total], below=below, digits=0)

    return [
        weight("An open ticket in the router's memory", "router", below=_PER_TICKET_B),
        weight("… in the vault: pages", "vault_pages"),
        weight("… in the vault: inode and name", "vault_inodes"),
        weight("… in all", "router", "vault_pages", "vault_inodes", below=_PER_TICKET_B),
        weight("… on disk, without its number", "disk"),
    ]


def _notes(results: Results, scale: Scale) -> list[str]:
    rushes = results.rushes
    noise = Noise(
        [one.others for one in rushes] + [results.others], results.load_before, results.load_after
    )
    late_ms = max(percentile(one.late_s, 0.99) for one in rushes) * 1000
    recycled = ", ".join(str(one.recycled) for one in rushes)
    return [
        f"{noise}.",
        f"{scale.rushes} rushes of {scale.rate:.0f} requests/s for {scale.seconds:g} s: "
        "POST /v1/callbacks with a trusted key over connections kept alive, at instants of a "
        "Poisson process; latency is from there. Half are promised, half refused: special rate, "
        "abroad, malformed, a ticket open already, nobody of that sector on duty.",
        "Router and intake share one processor; Asterisk and we have another (we sent late by "
        f"{late_ms:.1f} ms, p99 of the worst rush). Intakes that took over meanwhile: {recycled}.",
        f"{scale.dials} tickets dialled among {scale.open:,}: from an informateur's asking to be "
        "ready to the kernel's receive time of the INVITE at the carrier; the phone answers at "
        "once. Ours between its INVITE and its answer is in no part.",
        f"Weight: growth from {results.few.tickets:,} to {results.many.tickets:,} open tickets; "
        f"{scale.phones} informateurs on duty.",
    ]


def _plain(one: Rush) -> dict[str, Any]:
    fields = asdict(one)
    for name in ("latency_s", "late_s"):
        fields[f"{name.removesuffix('_s')}_ms"] = {
            f"p{share * 100:g}": round(percentile(fields[name], share) * 1000, 3)
            for share in (0.5, 0.9, 0.99, 0.999, 1.0)
        }
        del fields[name]
    return fields
