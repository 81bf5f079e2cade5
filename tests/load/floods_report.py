"""What `./allo bench floods` prints: what callers, informateurs and the talks felt."""

from collections.abc import Sequence
from dataclasses import asdict
from statistics import mean

from tests.load import floods
from tests.load.floods import Felt
from tests.load.meters import percentile
from tests.load.overload import TIMES, Overloaded
from tests.load.report import Figure, Report, figure

_GAP_MS = 60.0
#: Informateurs' time for which they were idle while somebody waited, in per cent.
_IDLE = 1.0
#: How soon after the last caller too many the next one is let in, in seconds.
_NORMAL_S = 60.0


def report(too_many: Overloaded, felt: Sequence[Felt], scale: floods.Scale) -> Report:
    """Return the table."""
    details = {
        "overload": {**asdict(too_many), "idle_s": None},
        "scale": asdict(scale),
        "floods": [_plain(one) for one in felt],
    }
    figures = [*_overload(too_many), *_totals(felt), *map(_gap, felt)]
    return Report("floods", "", figures, [*_notes(too_many, felt, scale)], details)


def _overload(told: Overloaded) -> list[Figure]:
    refused = [one for one in told.heard if one.refused]
    grown = {name: told.memory_mb[-1][name] - told.memory_mb[0][name] for name in _STAY}
    return [
        figure("Callers", "/s", [told.scale.rate], digits=1),
        figure("… served", "/s", [told.served / told.seconds], digits=1),
        figure("… refused", "/s", [told.refused / told.seconds], digits=1),
        figure("Calls that failed", "", [told.failed], at_most=0, digits=0),
        figure(
            "Informateurs' time idle while somebody waits", "%", [told.idle * 100], at_most=_IDLE
        ),
        figure(
            "From hanging up to the next ringing, p99",
            "ms",
            [percentile(told.idle_s, 0.99) * 1000],
        ),
        figure(
            f"Refusals of {len(refused)} not heard to the end",
            "",
            [sum(not one.to_the_end for one in refused)],
            at_most=0,
            digits=0,
        ),
        *(figure(f"{name}: memory more", "MB", [mb], digits=1) for name, mb in grown.items()),
        figure("Until the next caller is let in", "s", [told.admitted_after_s], at_most=_NORMAL_S),
        figure("Until nobody waits", "s", [told.empty_after_s]),
    ]


#: Processes that are the same from beginning to end.
_STAY = ("router", "Asterisk")


def _totals(felt: Sequence[Felt]) -> list[Figure]:
    callers = [one for flood in felt for one in flood.callers]
    pages = [one for flood in felt for one in flood.pages_s]
    return [
        figure("Calls under way that were cut", "", [sum(one.cut for one in felt)], at_most=0),
        figure(
            f"Callers of {len(callers)} who did not get in",
            "",
            [sum(one.answered_s is None for one in callers)],
            at_most=0,
            digits=0,
        ),
        figure(
            "Registrations that failed",
            "",
            [sum(one.tried - one.granted for one in felt)],
            at_most=0,
            digits=0,
        ),
        figure(f"Pages of {len(pages)} that did not come", "", [pages.count(None)], digits=0),
    ]


def _gap(felt: Felt) -> Figure:
    """Return the 99th percentile of all gaps; beside it the least and the greatest of the calls."""
    every = felt.gaps
    return Figure(
        f"{felt.name}: a gap in the sound, p99",
        "ms",
        every.at(0.99) * 1000,
        every.at(0.5) * 1000,
        every.worst_s * 1000,
        bar=f"< {_GAP_MS:g}",
        holds=every.at(0.99) * 1000 < _GAP_MS,
        digits=1,
    )


def _notes(told: Overloaded, felt: Sequence[Felt], scale: floods.Scale) -> list[str]:
    return [
        f"{TIMES} times as many callers as {told.scale.phones} informateurs can serve, who talk "
        f"for {told.scale.talks_s:g} s each, for {told.scale.minutes:g} min after the queue was "
        f"full ({told.scale.queue} wait). One a second listened: {len(told.heard)}.",
        f"Each flood for {scale.seconds:g} s with {scale.talks} talks and {scale.waiting} who "
        "wait with music, whose gaps these are: beside the 99th percentile the median and the "
        "greatest. A packet is due every 20 ms. Meanwhile two call a second, four pages are asked "
        "for, and a phone registers again and again.",
        *map(_told, felt),
    ]


def _told(felt: Felt) -> str:
    """Return a flood in a sentence."""
    answered = [one.answered_s for one in felt.callers if one.answered_s is not None]
    keys = [one.key_s for one in felt.callers if one.key_s is not None]
    pages = [one for one in felt.pages_s if one is not None]
    sent = ""
    if felt.poured is not None:
        came = ", ".join(
            f"{count:,} × {status or 'closed'}" for status, count in felt.poured.answers.items()
        )
        sent = f"{felt.poured.rate:,.0f}/s, answered {came or 'nothing'}; "
    return (
        f"{felt.name}: {sent}{felt.gaps.lost} packets lost; {felt.got_in} of {len(felt.callers)} "
        f"callers got in, answered after {_ms(answered)}, next prompt {_ms(keys)} after a key; "
        f"{len(pages)} of {len(felt.pages_s)} pages, {_ms(pages)}; "
        f"Asterisk took {felt.asterisk:.2f} processors and the router {felt.router:.2f}."
    )


def _ms(seconds: Sequence[float]) -> str:
    if not seconds:
        return "–"
    return f"{mean(seconds) * 1000:,.0f} ms (worst {max(seconds) * 1000:,.0f})"


def _plain(felt: Felt) -> dict[str, object]:
    fields = asdict(felt)
    for name in ("talks", "music"):
        gaps = getattr(felt, name)
        fields[name] = {
            "lost": gaps.lost,
            "ms": {f"p{share * 100:g}": gaps.at(share) * 1000 for share in (0.5, 0.99, 0.999, 1)},
        }
    return fields
