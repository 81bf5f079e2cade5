"""A run as one picture: SVG, or PNG where a program that draws SVG is at hand."""

import os
import shutil
import subprocess
import textwrap
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

from router.errors import SetupError
from router.report import charts
from router.report.charts import Series
from router.simulation.figures import Figures
from router.simulation.pictures import (
    KEPT,
    LOAD,
    WAIT,
    Heat,
    callback_waits,
    live_waits,
    staff_of,
)
from router.simulation.text import about, title_of

WIDTH, MARGIN = 1280, 60
#: Rows of a heat map, its days' names, and how strong its strongest colour is.
_ROW, _NAMES, _STRONGEST = 34, 100, 0.45
#: Between two parts; from a part's title to what it shows, without and with a legend.
_GAP, _TITLE, _LEGEND = 44, 30, 34
_CHART = charts.ABOVE + charts.HEIGHT + charts.BELOW

_STYLE = """
text { font-family: system-ui, "DejaVu Sans", sans-serif; fill: #1e1e1e; font-size: 13px; }
.h1 { font-size: 28px; font-weight: 700; } .h2 { font-size: 18px; font-weight: 700; }
.soft, .tick { fill: #555; } .paper { fill: #fff; } .grid { stroke: #c9c9d1; }
.chart { overflow: visible; } .chart rect { stroke: #fff; }
.c1 { fill: #1a2fa0; } .c2 { fill: #c8501a; } .c3 { fill: #7885d8; }
"""

#: Programs that make a PNG of an SVG: what to call, with (program, from, to, height).
_DRAWERS: dict[str, Callable[[str, Path, Path, int], list[str]]] = {
    "rsvg-convert": lambda program, svg, png, _: [program, f"--output={png}", str(svg)],
    **dict.fromkeys(
        ("chromium", "chromium-browser", "google-chrome"),
        lambda program, svg, png, height: [
            program,
            *("--headless", "--disable-gpu", "--hide-scrollbars", "--no-first-run"),
            *(["--no-sandbox"] if os.geteuid() == 0 else []),
            f"--user-data-dir={svg.parent / 'profile'}",
            f"--window-size={WIDTH},{height}",
            f"--screenshot={png}",
            svg.as_uri(),
        ],
    ),
}


def as_svg(figures: Figures) -> str:
    """Return the picture, in French: the week, waits, promises, and who was on duty."""
    return _drawn(figures)[0]


def drawer() -> str:
    """Return the program that makes PNGs here.

    Raises:
        SetupError: If there is none.
    """
    for name in _DRAWERS:
        if (found := shutil.which(name)) is not None:
            return found
    raise SetupError(
        f"No program here makes a PNG of an SVG ({', '.join(_DRAWERS)})",
        "Install one (apt-get install librsvg2-bin), or name a file that ends in .svg.",
    )


def as_png(figures: Figures) -> bytes:
    """Return the picture as PNG.

    Raises:
        SetupError: If no program here can do it, or it fails.
    """
    program = drawer()
    picture, height = _drawn(figures)
    # A browser still writes its profile while it ends.
    with TemporaryDirectory(prefix="allo-picture-", ignore_cleanup_errors=True) as folder:
        svg, png = Path(folder) / "picture.svg", Path(folder) / "picture.png"
        svg.write_text(picture, encoding="utf-8")
        words = _DRAWERS[Path(program).name](program, svg, png, height)
        done = subprocess.run(words, capture_output=True, timeout=120, check=False)
        if done.returncode or not png.exists():
            raise SetupError(
                f"{Path(program).name} made no PNG", "Name a file that ends in .svg instead."
            )
        return png.read_bytes()


def _drawn(figures: Figures) -> tuple[str, int]:
    """Return the picture and its height in pixels."""
    parts = [_text(MARGIN, 60, title_of(figures), "h1")]
    y = 88
    for line in textwrap.wrap(about(figures), 150):
        parts.append(_text(MARGIN, y, line, "soft"))
        y += 20
    y += _GAP - 20
    for heat in (LOAD, WAIT, KEPT):
        drawn, tall = _heat(figures, heat, y)
        parts.append(drawn)
        y += tall + _GAP
    half = (WIDTH - 2 * MARGIN - _GAP) // 2
    half_hours = figures.tables["half-hours"]
    names = [line.name for line in half_hours.lines]
    for place, (title, series) in enumerate(
        (
            ("Attente des appelants, en secondes", live_waits(half_hours)),
            ("Délai de rappel, en minutes", callback_waits(half_hours)),
        )
    ):
        parts.append(_chart(MARGIN + place * (half + _GAP), y, half, title, names, series))
    y += _LEGEND + _CHART + _GAP
    on_duty, busy = figures.tables["week-on-duty"], figures.tables["week-busy"]
    days = list(zip(on_duty.lines, busy.lines, strict=True))
    for place, lines in enumerate(days):
        clock, series = staff_of(on_duty.heads, *lines)
        x = MARGIN + place % 2 * (half + _GAP)
        title = f"Informateurs, le {lines[0].name}"
        parts.append(_chart(x, y, half, title, clock, series))
        if place % 2 or place == len(days) - 1:
            y += _LEGEND + _CHART + _GAP
    name = escape(title_of(figures))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" '
        f'viewBox="0 0 {WIDTH} {y}" role="img" aria-label="{name}" lang="fr">'
        f"<title>{name}</title><style>{_STYLE}</style>"
        f'<rect class="paper" width="100%" height="100%"/>{"".join(parts)}</svg>\n',
        y,
    )


def _heat(figures: Figures, heat: Heat, y: int) -> tuple[str, int]:
    """Return a heat map whose title begins at `y`, and its height."""
    table = figures.tables[heat.table]
    shade = heat.shade(table)
    wide = (WIDTH - 2 * MARGIN - _NAMES) / max(len(table.heads), 1)
    parts = [
        _text(MARGIN, y, heat.title, "h2"),
        _text(MARGIN, y + 22, heat.caption, "soft"),
    ]
    top = y + 22 + _TITLE + 6
    for place, head in enumerate(table.heads):
        # Every hour is named once, above its first half-hour.
        if head.endswith("h"):
            parts.append(_text(MARGIN + _NAMES + (place + 0.5) * wide, top - 8, head, "", "middle"))
    for row, line in enumerate(table.lines):
        at = top + row * _ROW
        parts.append(_text(MARGIN, at + _ROW // 2 + 5, line.name))
        for place, figure in enumerate(line.figures):
            if figure.value is None:
                continue
            x = MARGIN + _NAMES + place * wide
            parts.append(
                f'<rect class="c1" fill-opacity="{_STRONGEST * shade(figure):.3f}" x="{x:.1f}" '
                f'y="{at}" width="{wide - 1:.1f}" height="{_ROW - 1}"/>'
            )
            parts.append(_text(x + wide / 2, at + _ROW // 2 + 5, heat.said(figure), "", "middle"))
    return "".join(parts), top - y + len(table.lines) * _ROW


def _chart(
    x: int, y: int, width: int, title: str, labels: Sequence[str], series: Sequence[Series]
) -> str:
    """Return nested bars below their title and legend."""
    parts = [_text(x, y, title, "h2")]
    at = x
    for one in series:
        parts.append(f'<rect class="{one.colour}" x="{at}" y="{y + 13}" width="13" height="13"/>')
        parts.append(_text(at + 19, y + 24, one.name))
        at += 40 + 8 * len(one.name)
    drawn = charts.columns(f"chart-{x}-{y}", title, "", labels, series, nested=True, most_labels=5)
    parts.append(
        f'<svg x="{x + MARGIN // 2}" y="{y + _LEGEND}" width="{width - MARGIN // 2}" '
        f'height="{_CHART}" overflow="visible">{drawn}</svg>'
    )
    return "".join(parts)


def _text(x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> str:
    style = f' class="{kind}"' if kind else ""
    place = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text{style} x="{x:.1f}" y="{y:.1f}"{place}>{escape(words)}</text>'
