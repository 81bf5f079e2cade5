"""Words that several pages use: why no callback is promised, and the hours of the week."""

from collections.abc import Mapping

from router.core.hours import MIDNIGHT, Opening
from router.french import WEEKDAYS, clock_text

#: Why no callback can be asked for -> title; the widget has the same table, word for word.
REFUSALS: Mapping[str, str] = {
    "closed": "Le service est fermé",
    "closing": "Il est trop tard pour demander un rappel",
    "full": "Toutes les possibilités de rappel sont prises",
    "no_agent": "Le rappel est momentanément indisponible",
    "trunk": "Le rappel est momentanément indisponible",
    "unavailable": "Le rappel est momentanément indisponible",
}


def week(openings: Mapping[int, tuple[Opening, ...]]) -> str:
    """Return the days of the week and their hours, as the entries of a `dl`."""
    return "".join(
        f"<dt>{WEEKDAYS[weekday - 1].capitalize()}</dt><dd>{_spans(openings.get(weekday, ()))}</dd>"
        for weekday in range(1, 8)
    )


def _spans(openings: tuple[Opening, ...]) -> str:
    spans = (
        f"de {clock_text(opens)} à {'minuit' if closes == MIDNIGHT else clock_text(closes)}"
        for opens, closes in openings
    )
    return " et ".join(spans) or "fermé"
