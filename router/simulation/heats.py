"""Tables of the week as heat maps: how each cell is shaded, and what it says."""

from collections.abc import Callable
from dataclasses import dataclass

from router.report.figures import Figure
from router.report.tables import Table
from router.report.words import NO_BREAK, number, percent


@dataclass(frozen=True, slots=True)
class Heat:
    """How the cells of a table of the week are shaded, and what they say."""

    #: The table's id (`breakdowns.tables_of`).
    table: str
    title: str
    #: The unit, and what a darker cell means.
    caption: str
    #: Makes a cell's text of its value.
    text: Callable[[float], str]
    #: Whether the shade shows what is missing to 1, instead of the value.
    missing: bool = False

    def shade(self, table: Table) -> Callable[[Figure], float]:
        """Return a function that gives each figure its shade: 0 to 1, the darkest of the table."""
        worst = max((self._weight(one) for line in table.lines for one in line.figures), default=0)
        return lambda figure: self._weight(figure) / worst if worst else 0.0

    def said(self, figure: Figure) -> str:
        """Return the text of a cell; "" where the service is closed."""
        return "" if figure.value is None else self.text(figure.value)

    def _weight(self, figure: Figure) -> float:
        if figure.value is None:
            return 0.0
        return 1 - figure.value if self.missing else figure.value


def _whole(value: float) -> str:
    return number(round(value))


def _tenths(value: float) -> str:
    return f"{value:.1f}".replace(".", ",")


def _per_cent(share: float) -> str:
    return percent(share).removesuffix(f"{NO_BREAK}%")


LOAD = Heat(
    "week-load",
    "Appels et demandes de rappel",
    f"Nombre moyen par demi-heure. Plus coloré{NO_BREAK}: plus de demandes",
    _whole,
)
WAIT = Heat(
    "week-wait",
    "Attente des appelants",
    f"Attente moyenne, en secondes. Plus coloré{NO_BREAK}: plus d’attente",
    _whole,
)
KEPT = Heat(
    "week-kept",
    "Promesses tenues",
    f"En pour cent, appels et rappels ensemble. Plus coloré{NO_BREAK}: moins de promesses tenues",
    _per_cent,
    missing=True,
)
ACCEPTED = Heat(
    "week-accepted",
    "Demandes de rappel acceptées",
    f"En pour cent. Plus coloré{NO_BREAK}: plus de refus",
    _per_cent,
    missing=True,
)
ON_DUTY = Heat(
    "week-on-duty",
    "Informateurs en poste",
    f"Nombre moyen, pauses comprises. Plus coloré{NO_BREAK}: plus nombreux",
    _tenths,
)
BUSY = Heat(
    "week-busy",
    "Informateurs occupés",
    f"Nombre moyen. Plus coloré{NO_BREAK}: plus nombreux",
    _tenths,
)
NEEDED = Heat(
    "week-needed",
    "Informateurs nécessaires",
    f"Hors pause, pour répondre à 80{NO_BREAK}% des appelants dans le délai promis, équipe par "
    f"équipe (formule d’Erlang C). Plus coloré{NO_BREAK}: plus nombreux",
    _whole,
)
OCCUPANCY = Heat(
    "week-occupancy",
    "Occupation des informateurs",
    f"En pour cent du temps hors pause. Plus coloré{NO_BREAK}: plus occupés",
    _per_cent,
)
