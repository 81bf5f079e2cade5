"""Bar charts as inline SVG, without scripts, and styled by the classes of the page.

Widths are in per cent and heights in pixels, so that a chart fills a phone or a large screen while
its letters keep their size. Every chart has a title and a description, and a table of the same
numbers beside it; what is withheld there is not drawn here.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, log10

from router.report.words import NO_BREAK, decimal, number

#: The height of vertical bars, of the labels below, and of the room above for the axis, in pixels.
HEIGHT, BELOW, ABOVE = 180, 26, 14
#: About how many labels fit below vertical bars; a phone shows every second of them.
LABELS = 13
#: The height of a horizontal bar with its label, in pixels.
ROW = 44


@dataclass(frozen=True, slots=True)
class Series:
    """A value for every bar."""

    #: What the values are, in French.
    name: str
    #: None: withheld.
    values: Sequence[float | None]
    #: A class of the page; by default c1 for the first series, c2 for the second.
    colour: str = ""


def columns(
    id_: str,
    title: str,
    about: str,
    labels: Sequence[str],
    stack: Sequence[Series],
    *,
    nested: bool = False,
    most_labels: int = LABELS,
) -> str:
    """Return vertical bars, one for each label, with the series stacked.

    With `nested`, each series is a part of the one before it, and is drawn narrower in front of it.
    `about` describes the chart for those who cannot see it.
    """
    together: Callable[[Iterable[float]], float] = max if nested else sum
    heights = [together(one.values[place] or 0 for one in stack) for place in range(len(labels))]
    top, step = _scale(ceil(max(heights, default=0)))
    width = 100 / max(len(labels), 1)
    parts = []
    for tick in range(0, top + 1, step):
        y = ABOVE + HEIGHT - HEIGHT * tick / top
        parts.append(f'<line class="grid" x1="0" x2="100%" y1="{y:.1f}" y2="{y:.1f}"/>')
    every = ceil(len(labels) / most_labels)
    for place, label in enumerate(labels):
        y = float(ABOVE + HEIGHT)
        for order, series in enumerate(stack, 1):
            value = series.values[place] or 0
            tall = HEIGHT * value / top
            y = (ABOVE + HEIGHT if nested else y) - tall
            gap = 0.12 * order if nested else 0.12
            if value:
                told = f"{label}{NO_BREAK}: {_told(value)} {series.name}"
                parts.append(
                    f'<rect class="{series.colour or f"c{order}"}" '
                    f'x="{width * (place + gap):.3f}%" y="{y:.1f}" '
                    f'width="{width * (1 - 2 * gap):.3f}%" height="{tall:.1f}">'
                    f"<title>{escape(told)}</title></rect>"
                )
        if place % every == 0:
            rare = ' class="wide"' if place // every % 2 else ""
            parts.append(
                f'<text{rare} x="{width * (place + 0.5):.3f}%" y="{ABOVE + HEIGHT + 18}" '
                f'text-anchor="middle">{escape(label)}</text>'
            )
    for tick in range(0, top + 1, step):
        y = ABOVE + HEIGHT - HEIGHT * tick / top
        parts.append(
            f'<text class="tick" x="-8" y="{y + 4:.1f}" text-anchor="end">{number(tick)}</text>'
        )
    return _svg(id_, title, about, ABOVE + HEIGHT + BELOW, parts, "chart axis")


def bars(id_: str, title: str, about: str, labels: Sequence[str], series: Series) -> str:
    """Return horizontal bars, each below its label and with its number at the end."""
    top = max((value or 0 for value in series.values), default=0) or 1
    parts = []
    for place, (label, value) in enumerate(zip(labels, series.values, strict=True)):
        y = place * ROW
        parts.append(f'<text x="0" y="{y + 14}">{escape(label)}</text>')
        # The longest bar takes 82 %, which leaves room for the number.
        width = 82 * (value or 0) / top
        parts.append(f'<rect class="c1" x="0" y="{y + 20}" width="{width:.3f}%" height="16"/>')
        told = "non publié" if value is None else _told(value)
        parts.append(f'<text class="value" x="{width:.3f}%" dx="6" y="{y + 33}">{told}</text>')
    return _svg(id_, title, about, len(labels) * ROW, parts)


def _told(value: float) -> str:
    return number(value) if isinstance(value, int) else decimal(value)


def _svg(
    id_: str, title: str, about: str, height: int, parts: Sequence[str], kind: str = "chart"
) -> str:
    names = f"{id_}-title {id_}-desc"
    return (
        f'<svg class="{kind}" role="img" aria-labelledby="{names}" width="100%" height="{height}">'
        f'<title id="{id_}-title">{escape(title)}</title>'
        f'<desc id="{id_}-desc">{escape(about)}</desc>{"".join(parts)}</svg>'
    )


def _scale(most: int) -> tuple[int, int]:
    """Return the axis' end and step: 1, 2 or 5 times a power of ten, and at most five steps.

    >>> _scale(7), _scale(23), _scale(180)
    ((8, 2), (25, 5), (200, 50))
    """
    if most <= 1:
        return 1, 1
    power = 10 ** int(log10(most / 5)) if most > 5 else 1
    step = next(power * times for times in (1, 2, 5, 10, 20) if power * times * 5 >= most)
    return ceil(most / step) * step, step
