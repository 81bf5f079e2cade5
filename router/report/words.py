"""Figures, days and durations as French readers expect them."""

from datetime import date

from router.core.french import MONTHS
from router.figures import DEFINITIONS, Figure, Unit
from router.report.disclosure import MINIMUM

#: Narrow no-break space, between thousands; no-break space, before units and some signs.
NARROW, NO_BREAK = "\u202f", "\u00a0"
WITHHELD = f"n.{NO_BREAK}p."
WITHHELD_MEANING = (
    f"{WITHHELD}{NO_BREAK}: non publié, parce que ce nombre est inférieur à {MINIMUM} ou "
    "permettrait d’en retrouver un qui l’est."
)
NOTHING = "–"


def shown(figure: Figure) -> str:
    """Return the figure in the unit of its definition: "1 204", "87,5 %", "1 min 05 s"."""
    if figure.withheld:
        return WITHHELD
    if figure.value is None:
        return NOTHING
    unit = DEFINITIONS[figure.id].unit
    if unit is Unit.SHARE:
        return percent(figure.value)
    return duration(figure.value) if unit is Unit.SECONDS else number(round(figure.value))


def number(value: int) -> str:
    return f"{value:,}".replace(",", NARROW)


def percent(share: float) -> str:
    """Return one decimal; never "100 %" or "0 %" of what is not quite so."""
    if share in (0, 1):
        return f"{round(share * 100)}{NO_BREAK}%"
    whole, tenth = divmod(min(max(round(share * 1000), 1), 999), 10)
    return f"{whole},{tenth}{NO_BREAK}%"


def duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s".replace(" ", NO_BREAK) if minutes else f"{rest}{NO_BREAK}s"


def day_text(day: date) -> str:
    """Return "lun. 05/01" for a table."""
    weekday = ("lun.", "mar.", "mer.", "jeu.", "ven.", "sam.", "dim.")[day.weekday()]
    return f"{weekday}{NO_BREAK}{day.day:02}/{day.month:02}"


def month_text(day: date) -> str:
    return f"{MONTHS[day.month - 1]}{NO_BREAK}{day.year}".capitalize()


def range_text(first: date, last: date) -> str:
    """Return "du 1er au 31 janvier 2026", "le 5 janvier 2026"."""
    if first == last:
        return f"le {long_day(last)}"
    begin = "1er" if first.day == 1 else str(first.day)
    if (first.year, first.month) != (last.year, last.month):
        begin = f"{begin} {MONTHS[first.month - 1]}"
        if first.year != last.year:
            begin = f"{begin} {first.year}"
    return f"du {begin} au {long_day(last)}"


def long_day(day: date) -> str:
    number = "1er" if day.day == 1 else str(day.day)
    return f"{number} {MONTHS[day.month - 1]} {day.year}"
