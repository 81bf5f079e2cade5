"""Figures, days and durations as French readers expect to see them."""

from collections.abc import Mapping
from datetime import date

from router.french import MONTHS
from router.report.definition import Definition, Unit
from router.report.disclosure import MINIMUM
from router.report.figures import DEFINITIONS, Figure

#: The narrow no-break space, between thousands; the no-break space, before units and some signs.
NARROW, NO_BREAK = "\u202f", "\u00a0"
#: Shown for a figure that is not published, and what that means.
WITHHELD = f"n.{NO_BREAK}p."
WITHHELD_MEANING = (
    f"{WITHHELD}{NO_BREAK}: non publié, parce que ce nombre est inférieur à {MINIMUM} ou "
    "permettrait d’en retrouver un qui l’est."
)
#: Shown where there is no value.
NOTHING = "–"


def shown(figure: Figure, definitions: Mapping[str, Definition] = DEFINITIONS) -> str:
    """Return the figure in the unit of its definition: "1 204", "87,5 %", "1 min 05 s"."""
    if figure.withheld:
        return WITHHELD
    if figure.value is None:
        return NOTHING
    unit = definitions[figure.id].unit
    if unit is Unit.SHARE:
        return percent(figure.value)
    if unit is Unit.NUMBER:
        return decimal(figure.value)
    return duration(figure.value) if unit is Unit.SECONDS else number(round(figure.value))


def number(value: int) -> str:
    """Return a whole number: "1 204"."""
    return f"{value:,}".replace(",", NARROW)


def decimal(value: float) -> str:
    """Return a mean or a ratio: "1,76"; from ten on with one decimal, "30,5"."""
    return f"{value:,.{2 if value < 9.995 else 1}f}".replace(",", NARROW).replace(".", ",")


def percent(share: float) -> str:
    """Return a share (0 to 1) with one decimal: "87,5 %".

    Never rounded to "100 %" or "0 %": 0.9999 is "99,9 %".
    """
    if share in (0, 1):
        return f"{round(share * 100)}{NO_BREAK}%"
    whole, tenth = divmod(min(max(round(share * 1000), 1), 999), 10)
    return f"{whole},{tenth}{NO_BREAK}%"


def duration(seconds: float) -> str:
    """Return a duration: "1 min 05 s", "42 s"."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s".replace(" ", NO_BREAK) if minutes else f"{rest}{NO_BREAK}s"


def day_text(day: date) -> str:
    """Return a day for a table: "lun. 05/01"."""
    weekday = ("lun.", "mar.", "mer.", "jeu.", "ven.", "sam.", "dim.")[day.weekday()]
    return f"{weekday}{NO_BREAK}{day.day:02}/{day.month:02}"


def month_text(day: date) -> str:
    """Return the month of a day: "Janvier 2026"."""
    return f"{MONTHS[day.month - 1]}{NO_BREAK}{day.year}".capitalize()


def short_month(month: int) -> str:
    """Return the abbreviation of a month: "janv." for 1."""
    return (
        *("janv.", "févr.", "mars", "avr.", "mai", "juin"),
        *("juil.", "août", "sept.", "oct.", "nov.", "déc."),
    )[month - 1]


def range_text(first: date, last: date) -> str:
    """Return a range of days: "du 1er au 31 janvier 2026", "le 5 janvier 2026"."""
    if first == last:
        return f"le {long_day(last)}"
    begin = "1er" if first.day == 1 else str(first.day)
    if (first.year, first.month) != (last.year, last.month):
        begin = f"{begin} {MONTHS[first.month - 1]}"
        if first.year != last.year:
            begin = f"{begin} {first.year}"
    return f"du {begin} au {long_day(last)}"


def span(first: date, last: date) -> str:
    """Return "de l’année 2025" for a calendar year, any other range as `range_text` does."""
    return f"de l’année {first.year}" if is_year(first, last) else range_text(first, last)


def is_year(first: date, last: date) -> bool:
    """Whether these are the days of one calendar year."""
    return (first, last) == (date(first.year, 1, 1), date(first.year, 12, 31))


def promised(seconds: int) -> str:
    """Return a promised time: "45 minutes"; "1 min 30 s" if it is not whole minutes."""
    minutes, rest = divmod(seconds, 60)
    if rest or not minutes:
        return duration(seconds)
    return f"{minutes}{NO_BREAK}{'minutes' if minutes > 1 else 'minute'}"


def long_day(day: date) -> str:
    """Return a day: "1er janvier 2026"."""
    number = "1er" if day.day == 1 else str(day.day)
    return f"{number} {MONTHS[day.month - 1]} {day.year}"
