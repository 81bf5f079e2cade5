"""The charts of a run as one picture, for `--plot`: SVG, or PNG if a program here converts it."""

import os
import shutil
import subprocess
import textwrap
from collections.abc import Callable
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

from router.errors import SetupError
from router.report.charts import ABOVE, BELOW, HEIGHT
from router.simulation.charts import Chart, broken_promises, callback_waits, live_waits, staff
from router.simulation.figures import Figures
from router.simulation.text import about, title_of

#: In pixels: the picture's width, the margin around it, and the room left of a chart for its axis.
WIDTH, MARGIN, AXIS = 960, 40, 40
#: From the title of a chart to its legend, to its bars; from its end to the next title, in pixels.
_TITLE, _LEGEND, _GAP = 24, 20, 44

_STYLE = """
text { font-family: system-ui, "DejaVu Sans", sans-serif; fill: #1e1e1e; font-size: 13px; }
.h1 { font-size: 28px; font-weight: 700; } .h2 { font-size: 18px; font-weight: 700; }
.soft, .tick { fill: #555; } .paper { fill: #fff; } .grid { stroke: #c9c9d1; }
.chart { overflow: visible; } .chart rect { stroke: #fff; }
.c1 { fill: #1a2fa0; } .c2 { fill: #c8501a; } .c3 { fill: #7885d8; }
"""

#: Programs that convert SVG to PNG, with the command for (program, from, to, height).
_CONVERTERS: dict[str, Callable[[str, Path, Path, int], list[str]]] = {
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
    """Return the charts of the page, one below the other, as SVG in French."""
    return _drawn(figures)[0]


def converter() -> str:
    """Return the path of a program that makes PNGs here.

    Raises:
        SetupError: If there is none.
    """
    for name in _CONVERTERS:
        if (found := shutil.which(name)) is not None:
            return found
    raise SetupError(
        f"No program here converts SVG to PNG ({', '.join(_CONVERTERS)})",
        "Install one (apt-get install librsvg2-bin), or name a file that ends in .svg.",
    )


def as_png(figures: Figures) -> bytes:
    """Return the same as PNG.

    Raises:
        SetupError: If no program here can do it, or it fails.
    """
    program = converter()
    picture, height = _drawn(figures)
    # A browser still writes its profile while it ends.
    with TemporaryDirectory(prefix="allo-plot-", ignore_cleanup_errors=True) as folder:
        svg, png = Path(folder) / "plot.svg", Path(folder) / "plot.png"
        svg.write_text(picture, encoding="utf-8")
        words = _CONVERTERS[Path(program).name](program, svg, png, height)
        done = subprocess.run(words, capture_output=True, timeout=120, check=False)
        if done.returncode or not png.exists():
            raise SetupError(
                f"{Path(program).name} made no PNG", "Name a file that ends in .svg instead."
            )
        return png.read_bytes()


def _drawn(figures: Figures) -> tuple[str, int]:
    """Return the picture and its height in pixels."""
    charts = (
        *(live_waits(figures), callback_waits(figures), broken_promises(figures)),
        *(chart for _, chart in staff(figures)),
    )
    y = 60
    parts = [_text(MARGIN, y, title_of(figures), "h1")]
    for line in textwrap.wrap(about(figures), 110):
        y += 24
        parts.append(_text(MARGIN, y, line, "soft"))
    for chart in charts:
        y += _GAP
        parts.append(_chart(chart, y))
        y += _TITLE + _LEGEND + ABOVE + HEIGHT + BELOW
    y += MARGIN
    name = escape(title_of(figures))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" '
        f'viewBox="0 0 {WIDTH} {y}" role="img" aria-label="{name}" lang="fr">'
        f"<title>{name}</title><style>{_STYLE}</style>"
        f'<rect class="paper" width="100%" height="100%"/>{"".join(parts)}</svg>\n',
        y,
    )


def _chart(chart: Chart, y: int) -> str:
    """Return a chart below its title, which stands at `y`, and its legend."""
    parts = [_text(MARGIN, y, chart.title, "h2")]
    x = MARGIN
    for one in chart.series:
        top = y + _TITLE
        parts.append(f'<rect class="{one.colour}" x="{x}" y="{top - 11}" width="13" height="13"/>')
        parts.append(_text(x + 19, top, one.name))
        x += 40 + 8 * len(one.name)
    parts.append(
        f'<svg x="{MARGIN + AXIS}" y="{y + _TITLE + _LEGEND}" width="{WIDTH - 2 * MARGIN - AXIS}" '
        f'height="{ABOVE + HEIGHT + BELOW}" overflow="visible">{chart.svg}</svg>'
    )
    return "".join(parts)


def _text(x: int, y: int, words: str, kind: str = "") -> str:
    style = f' class="{kind}"' if kind else ""
    return f'<text{style} x="{x}" y="{y}">{escape(words)}</text>'
