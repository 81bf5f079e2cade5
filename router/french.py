"""French words for what is spoken or written to people: numbers, times, dates, codes.

Spelling is the traditional one ("vingt et un", "cent un"), not the 1990 reform's
("vingt-et-un"): it is what readers of administrative French expect, and voices say both
alike. Rules: Grevisse, "Le Bon Usage", numerals; "un" and its compounds agree in gender,
"vingt" and "cent" take an s when multiplied and last, never before "mille".
"""

import datetime

from router.core.hours import Hours

WEEKDAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
MONTHS = (
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
)

_UNITS = (
    *("zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf"),
    *("dix", "onze", "douze", "treize", "quatorze", "quinze", "seize"),
    *("dix-sept", "dix-huit", "dix-neuf"),
)
#: Sixty counts on to seventy-nine and eighty to ninety-nine, as in France.
_TENS = {2: "vingt", 3: "trente", 4: "quarante", 5: "cinquante", 6: "soixante", 8: "quatre-vingt"}


def cardinal(n: int, *, feminine: bool = False) -> str:
    """Return `n` in words: "vingt et un", "vingt et une" when `feminine`.

    Raises:
        ValueError: If n is not in 0..999999.
    """
    if not 0 <= n <= 999_999:
        raise ValueError(f"no words for {n}: 0 to 999999")
    thousands, rest = divmod(n, 1000)
    if not thousands:
        return _below_thousand(rest, feminine=feminine)
    words = "mille" if thousands == 1 else f"{_below_thousand(thousands, invariable=True)} mille"
    return f"{words} {_below_thousand(rest, feminine=feminine)}" if rest else words


def minutes(n: int) -> str:
    """Return a duration: "une minute", "vingt et une minutes" (0 is singular in French)."""
    return f"{cardinal(n, feminine=True)} {'minute' if n < 2 else 'minutes'}"


def hours(n: int) -> str:
    """Return an hour of the day or a duration: "une heure", "vingt et une heures"."""
    return f"{cardinal(n, feminine=True)} {'heure' if n < 2 else 'heures'}"


def clock(hour: int, minute: int) -> str:
    """Return a time of day on 24 hours: "treize heures", "huit heures vingt et une".

    Raises:
        ValueError: If it is not a time of day.
    """
    datetime.time(hour, minute)
    return f"{hours(hour)} {cardinal(minute, feminine=True)}" if minute else hours(hour)


def date(day: datetime.date) -> str:
    """Return a date as it is written: "lundi 1er janvier"."""
    number = "1er" if day.day == 1 else str(day.day)
    return f"{WEEKDAYS[day.weekday()]} {number} {MONTHS[day.month - 1]}"


def spoken_date(day: datetime.date) -> str:
    """Return a date as it is said: "lundi premier janvier"."""
    return f"{WEEKDAYS[day.weekday()]} {day_of_month(day.day)} {MONTHS[day.month - 1]}"


def clock_text(at: datetime.time) -> str:
    """Return a time of day as it is written, with no-break spaces: "8 h 30", "13 h"."""
    hour = f"{at.hour}\u00a0h"
    return f"{hour}\u00a0{at.minute:02}" if at.minute else hour


def next_opening(hours: Hours, now: float) -> str:
    """Return when the service opens next, for pages: "demain, lundi 23 novembre, à 8 h 30"."""
    at = hours.next_opening(now)
    if at is None:
        return "à une date qui n’est pas encore fixée"
    today, opening = hours.local(now).date(), hours.local(at)
    if opening.date() == today:
        return f"aujourd’hui à {clock_text(opening.time())}"
    day = date(opening.date())
    if opening.date() == today + datetime.timedelta(days=1):
        day = f"demain, {day},"
    return f"{day} à {clock_text(opening.time())}"


def day_of_month(n: int) -> str:
    """Return the day's number as it is said in a date: "premier", "deux", "vingt et un".

    Raises:
        ValueError: If n is not in 1..31.
    """
    if not 1 <= n <= 31:
        raise ValueError(f"no day {n} in a month")
    return "premier" if n == 1 else cardinal(n)


def pairs(digits: str) -> str:
    """Return digits read by twos, as French phone numbers are: "douze, zéro sept, zéro zéro".

    Raises:
        ValueError: If it is not an even number of decimal digits.
    """
    if not (digits.isascii() and digits.isdigit()) or len(digits) % 2:
        raise ValueError(f"not pairs of digits: {len(digits)} characters")
    return ", ".join(_pair(digits[i : i + 2]) for i in range(0, len(digits), 2))


def _pair(two: str) -> str:
    return f"zéro {cardinal(int(two[1]))}" if two[0] == "0" else cardinal(int(two))


def _below_thousand(n: int, *, feminine: bool = False, invariable: bool = False) -> str:
    """`invariable` is for what stands before "mille": "deux cent mille", "quatre-vingt mille"."""
    hundreds, rest = divmod(n, 100)
    if not hundreds:
        return _below_hundred(rest, feminine=feminine, invariable=invariable)
    words = "cent" if hundreds == 1 else f"{_UNITS[hundreds]} cent"
    if rest:
        return f"{words} {_below_hundred(rest, feminine=feminine, invariable=invariable)}"
    return words if hundreds == 1 or invariable else f"{words}s"


def _below_hundred(n: int, *, feminine: bool, invariable: bool) -> str:
    if n < 20:
        return "une" if n == 1 and feminine else _UNITS[n]
    ten = n // 10 - (n // 10 in (7, 9))
    unit = n - 10 * ten
    if not unit:
        return "quatre-vingts" if ten == 8 and not invariable else _TENS[ten]
    word = "une" if unit == 1 and feminine else _UNITS[unit]
    # "et" links 21, 31 … 61 and 71, not 81 nor 91.
    joint = " et " if unit in (1, 11) and ten != 8 else "-"
    return f"{_TENS[ten]}{joint}{word}"
