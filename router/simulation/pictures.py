"""A run as one HTML page that needs nothing else, for those who direct the service."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from router.core.plan import Plan
from router.report import charts
from router.report.charts import Series
from router.report.director import Board, Period, board
from router.report.figures import Figure
from router.report.html import (
    card,
    definitions_of,
    document,
    framed,
    heat_of,
    scroll,
    section,
    table_of,
)
from router.report.page import votes_of
from router.report.tables import Line, Table
from router.report.words import NO_BREAK, is_year, number, percent, promised, short_month, shown
from router.simulation.definitions import DEFINITIONS
from router.simulation.figures import Figures
from router.simulation.text import GIVEN, SECTIONS, about, reconciled, title_of

#: Key figures: id, what is said below the number, and before it.
CARDS = (
    ("answered/1", "appels traités", ""),
    ("answered-callback/1", "par le service de rappel", "dont "),
    ("pickup/2", "taux de décroché", ""),
    ("live-wait-median/1", "attente de la moitié des appelants, au plus", ""),
    ("live-wait-p95/1", "attente de 95 % des appelants, au plus", ""),
    ("callback-kept/1", "rappels dans le délai promis", ""),
    ("acceptance/1", "demandes de rappel acceptées", ""),
    ("occupancy/1", "occupation des informateurs", ""),
)
IN_TABLE = "Le tableau qui suit donne les valeurs."


@dataclass(frozen=True, slots=True)
class Heat:
    """How the cells of a table of the week are shaded, and what they say."""

    table: str
    title: str
    #: In which unit, and what a cell of more colour means.
    caption: str
    value: Callable[[float], str]
    #: Whether what is missing to one is shaded, not the value.
    missing: bool = False

    def shade(self, table: Table) -> Callable[[Figure], float]:
        """Return how much colour a figure has, from 0 to 1, the most of the table being 1."""
        worst = max((self._weight(one) for line in table.lines for one in line.figures), default=0)
        return lambda figure: self._weight(figure) / worst if worst else 0.0

    def said(self, figure: Figure) -> str:
        return "" if figure.value is None else self.value(figure.value)

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


def as_page(figures: Figures) -> str:
    """Return the page, in French."""
    body = "\n".join(
        (
            f"<h1>{escape(title_of(figures))}</h1>",
            f'<p class="note">{escape(about(figures))}</p>',
            _key_figures(figures),
            _week(figures),
            _waits(figures),
            _promise(figures),
            _staff(figures),
            _sectors(figures),
            votes_of(figures.votes, [GIVEN]),
            _everything(figures),
            definitions_of(
                DEFINITIONS, "<p>Une définition ne change jamais sous son identifiant.</p>"
            ),
        )
    )
    return document(title_of(figures), body)


def board_of(figures: Figures, plan: Plan) -> Board:
    """Return the director's page of what was simulated."""
    told = {one.id: one for section_ in figures.sections.values() for one in section_}
    period = Period(
        first=figures.first,
        last=figures.last,
        figures=told,
        votes=figures.votes,
        whole_year=is_year(figures.first, figures.last),
        reconciles=figures.reconciles,
        simulated=about(figures),
    )
    return board(plan, period)


def _key_figures(figures: Figures) -> str:
    cards = [
        card(shown(figures[id_], DEFINITIONS), name, before, id_) for id_, name, before in CARDS
    ]
    promise = (
        f"<p>Qui appelle devrait parler à un informateur en {promised(figures.live_target_s)} au "
        f"plus, une personne à rappeler dans les {promised(figures.promise_s)}.</p>"
    )
    return section("key", "Chiffres-clés", f'<dl class="cards">{"".join(cards)}</dl>\n{promise}')


def _week(figures: Figures) -> str:
    heats = [_heat(figures, one) for one in (LOAD, WAIT, ACCEPTED)]
    closed = "<p>Les cases vides sont des demi-heures où le service est fermé.</p>"
    return section("week", "La semaine", f"{closed}\n{''.join(heats)}")


def _heat(figures: Figures, heat: Heat) -> str:
    table = figures.tables[heat.table]
    body = heat_of(table, heat.caption, heat.shade(table), heat.said)
    return f"<h3>{escape(heat.title)}</h3>\n{body}\n"


def _waits(figures: Figures) -> str:
    table = figures.tables["half-hours"]
    by_phone, called_back = live_waits(table), callback_waits(table)
    names = [line.name for line in table.lines]
    live = charts.columns(
        "chart-waits",
        "Attente des appelants, en secondes",
        f"Barres verticales, une par demi-heure{NO_BREAK}: l’attente que 95 % des appelants ne "
        "dépassent pas, et devant elle celle que la moitié ne dépasse pas. "
        f"{_longest(names, by_phone[0].values, 'secondes')}{IN_TABLE}",
        names,
        by_phone,
        nested=True,
    )
    back = charts.columns(
        "chart-callbacks",
        "Délai de rappel, en minutes",
        f"Barres verticales, une par demi-heure{NO_BREAK}: le délai que 95 % des rappels ne "
        "dépassent pas, et devant lui celui que la moitié ne dépasse pas. "
        f"{_longest(names, called_back[0].values, 'minutes')}{IN_TABLE}",
        names,
        called_back,
        nested=True,
    )
    return section(
        "waits",
        "L’attente selon l’heure",
        framed("Attente des appelants servis, en secondes.", live, by_phone)
        + framed("Délai entre la demande et le rappel, en minutes.", back, called_back)
        + table_of(table, table.title, DEFINITIONS),
    )


def live_waits(table: Table) -> tuple[Series, Series]:
    """Return what 95 % and what half of the callers wait at most, in seconds."""
    return (
        Series("95 % attendent moins", _values(table, "live-wait-p95/1"), "c3"),
        Series("la moitié attend moins", _values(table, "live-wait-median/1"), "c1"),
    )


def callback_waits(table: Table) -> tuple[Series, Series]:
    """Return the same of those who are called back, in minutes."""
    most, half = (
        [None if value is None else value / 60 for value in _values(table, id_)]
        for id_ in ("callback-wait-p95/1", "callback-wait-median/1")
    )
    return (
        Series("95 % des rappels se font plus tôt", most, "c3"),
        Series("la moitié se fait plus tôt", half, "c1"),
    )


def _longest(names: Sequence[str], values: Sequence[float | None], unit: str) -> str:
    told = [(value, name) for value, name in zip(values, names, strict=True) if value]
    if not told:
        return ""
    value, name = max(told, key=lambda one: one[0])
    return f"Le plus long{NO_BREAK}: {number(round(value))} {unit} ({name}). "


def _promise(figures: Figures) -> str:
    modes, doors, months, days = (
        figures.tables[id_] for id_ in ("modes", "doors", "months", "days")
    )
    broken = Series("promesses non tenues", _values(months, "promise-broken/1"), "c2")
    chart = charts.columns(
        "chart-broken",
        "Promesses non tenues, par mois",
        f"Barres verticales, une par mois. {IN_TABLE}",
        [short_month(int(line.key[5:])) for line in months.lines],
        (broken,),
    )
    hardest = (
        f"<h3>{escape(days.title)}</h3>\n{table_of(days, days.title, DEFINITIONS)}"
        if days.lines
        else "<p>Toutes les promesses ont été tenues.</p>"
    )
    return section(
        "promise",
        "La promesse",
        f"<p>À qui appelle est promise une réponse en {promised(figures.live_target_s)} au plus, "
        "à qui demande un rappel, une conversation dans les "
        f"{promised(figures.promise_s)}.</p>\n"
        + _heat(figures, KEPT)
        + f"<h3>{escape(modes.title)}</h3>\n{table_of(modes, modes.title, DEFINITIONS)}"
        + f"<h3>{escape(doors.title)}</h3>\n{table_of(doors, doors.title, DEFINITIONS)}"
        + f"<h3>{escape(months.title)}</h3>\n"
        + framed("Promesses non tenues, appels et rappels ensemble.", chart)
        + table_of(months, months.title, DEFINITIONS)
        + hardest,
    )


def _staff(figures: Figures) -> str:
    on_duty, busy = figures.tables["week-on-duty"], figures.tables["week-busy"]
    days = "".join(
        _day_of_staff(on_duty.heads, *lines)
        for lines in zip(on_duty.lines, busy.lines, strict=True)
    )
    table = figures.tables["staffing"]
    return section(
        "staff",
        "Les informateurs",
        f"<p>En poste{NO_BREAK}: session ouverte, pauses comprises. Occupés{NO_BREAK}: téléphone "
        "qui sonne, appel en cours ou à noter. Moyennes sur tous ces jours.</p>\n"
        f'<div class="multiples">{days}</div>\n'
        + "".join(_heat(figures, one) for one in (ON_DUTY, BUSY, NEEDED, OCCUPANCY))
        + f"<h3>{escape(table.title)}</h3>\n{table_of(table, table.title, DEFINITIONS)}",
    )


def _day_of_staff(heads: Sequence[str], on_duty: Line, busy: Line) -> str:
    names, series = staff_of(heads, on_duty, busy)
    chart = charts.columns(
        f"chart-staff-{on_duty.key}",
        f"Informateurs en poste et occupés, le {on_duty.name}",
        f"Barres verticales, une par demi-heure{NO_BREAK}: informateurs en poste, et devant, ceux "
        "qui sont occupés. Les tableaux qui suivent donnent les valeurs.",
        names,
        series,
        nested=True,
        most_labels=5,
    )
    return framed(f"Le {on_duty.name}.", chart, series)


def staff_of(
    heads: Sequence[str], on_duty: Line, busy: Line
) -> tuple[list[str], tuple[Series, Series]]:
    """Return the half-hours in which the service is open that day, and who works in them."""
    open_ = [place for place, one in enumerate(on_duty.figures) if one.value is not None]
    return [heads[place] for place in open_], (
        Series("en poste", [on_duty.figures[place].value for place in open_], "c3"),
        Series("occupés", [busy.figures[place].value for place in open_], "c1"),
    )


def _sectors(figures: Figures) -> str:
    table = figures.tables["sectors"]
    note = (
        "<p>L’occupation est celle des informateurs dont c’est le premier domaine, quels que "
        "soient les appels qu’ils prennent.</p>"
    )
    return section("sectors", table.title, f"{note}\n{table_of(table, table.title, DEFINITIONS)}")


def _everything(figures: Figures) -> str:
    rows = "".join(
        f'<tbody><tr><th scope="rowgroup" colspan="3">{escape(name)}</th></tr>'
        + "".join(
            f'<tr><th scope="row">{escape(DEFINITIONS[one.id].name)}</th>'
            f'<td class="n">{escape(shown(one, DEFINITIONS))}</td>'
            f'<td class="id">{escape(one.id)}</td></tr>'
            for one in figures.sections[id_]
        )
        + "</tbody>"
        for id_, name in SECTIONS.items()
    )
    return section(
        "measures",
        "Toutes les mesures",
        f"<p>{escape(reconciled(figures))}</p>\n"
        f'{scroll("Toutes les mesures")}<table class="narrow"><caption>Mesures de la simulation'
        '</caption><thead><tr><th scope="col">Mesure</th><th scope="col" class="n">Valeur</th>'
        f'<th scope="col">Définition</th></tr></thead>{rows}</table></div>',
    )


def _figures(table: Table, id_: str) -> list[Figure]:
    return [one for line in table.lines for one in line.figures if one.id == id_]


def _values(table: Table, id_: str) -> list[float | None]:
    return [one.value for one in _figures(table, id_)]
