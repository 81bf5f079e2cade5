"""The report of the benchmark `wallboard`."""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict

from tests.load.report import Figure, Report, figure
from tests.load.wallboard import HEIGHT, WIDTH, Measured, PageTurn, Scale, Turn

#: In per cent of a processor.
_ROUTER, _PAGE = 5.0, 5.0
#: Of the callers, those who must be served: a crowd that the machine cannot carry is another one.
_SERVED = 0.9


def report(measured: Measured, scale: Scale) -> Report:
    """Return the figures."""
    return Report(
        "wallboard",
        "unwatched",
        [*_router_figures(measured, scale), *_page_figures(measured.page), _failed(measured)],
        _notes(measured, scale),
        {
            "scale": asdict(scale),
            "pairs": [asdict(one) for one in measured.pairs],
            "page": [asdict(one) for one in measured.page],
        },
    )


def _router_figures(measured: Measured, scale: Scale) -> list[Figure]:
    pairs = measured.pairs
    in_pairs = [(one.watched, one.unwatched) for one in pairs]

    def both(
        what: str, unit: str, of: Callable[[Turn], float], at_least: float | None = None
    ) -> Figure:
        watched, unwatched = ([of(turn) for turn in turns] for turns in zip(*in_pairs, strict=True))
        return figure(what, unit, watched, peer=unwatched, at_least=at_least)

    def each(what: str, unit: str, of: Callable[[Counter[str]], float]) -> Figure:
        """What each board is told a second."""
        told = [of(one.watched.told) / one.watched.boards / one.watched.took_s for one in pairs]
        return figure(what, unit, told, digits=1)

    return [
        figure(
            f"What {scale.boards} boards cost the router, of a processor",
            "%",
            [one.cost for one in pairs],
            below=_ROUTER,
        ),
        both("Router and intake, of a processor", "%", lambda one: one.share),
        both("… intake alone", "%", lambda one: one.intake_s / one.took_s * 100),
        both("Served", "/s", lambda one: one.served_per_s, at_least=_SERVED * scale.rate),
        each("Told to each board: events", "/s", lambda told: _events(told)),
        each("… patches of them", "/s", lambda told: told["patch"]),
        each("… in all", "kB/s", lambda told: told["octets"] / 1000),
        figure(
            "Boards' connections lost",
            "",
            [sum(one.watched.told["lost"] for one in pairs)],
            at_most=0,
            digits=0,
        ),
    ]


def _events(told: Counter[str]) -> int:
    return told["board"] + told["patch"] + told["tick"]


def _page_figures(turns: list[PageTurn]) -> list[Figure]:
    def share(what: str, of: Callable[[PageTurn], float], below: float | None = None) -> Figure:
        return figure(what, "%", [of(one) / one.took_s * 100 for one in turns], below=below)

    def rate(what: str, of: Callable[[PageTurn], float]) -> Figure:
        return figure(what, "/s", [of(one) / one.took_s for one in turns], digits=1)

    return [
        share("The page's tasks, of a processor", lambda one: one.task_s, below=_PAGE),
        share("… scripts of them", lambda one: one.script_s),
        share("… styles and layouts of them", lambda one: one.layout_s),
        share("The page's whole process, of a processor", lambda one: one.process_s),
        rate("Events told to the page", lambda one: one.events),
        rate("… its layouts", lambda one: one.layouts),
    ]


def _failed(measured: Measured) -> Figure:
    return figure(f"Failed calls of {measured.calls:,}", "", [measured.failed], digits=0)


def _notes(measured: Measured, scale: Scale) -> list[str]:
    return [
        f"{measured.noise} (SIPp's and an idle browser's own among it).",
        f"{scale.rate} callers/s and {scale.phones} informateurs; {scale.pairs} × 2 turns of "
        f"{scale.turn_s:g} s, unwatched and with {scale.boards} boards, each first in every other "
        "pair; the cost is the difference in each pair. The boards are in another process.",
        f"The page, {WIDTH} × {HEIGHT} in Chromium, watches alone: {scale.page_turns} × "
        f"{scale.turn_s:g} s. Its tasks: `TaskDuration` of DevTools' `Performance.getMetrics`, "
        "processor time of the page's main thread; its whole process: `ProcessTime`.",
    ]
