"""A run as one self-contained HTML page, for those who direct the service."""

from html import escape

from router.config import Publication
from router.core.plan import Plan
from router.report.director import Board, Period, board
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
from router.report.words import NO_BREAK, is_year, promised, shown
from router.simulation import charts
from router.simulation.definitions import DEFINITIONS
from router.simulation.figures import Figures
from router.simulation.heats import (
    ACCEPTED,
    BUSY,
    KEPT,
    LOAD,
    NEEDED,
    OCCUPANCY,
    ON_DUTY,
    WAIT,
    Heat,
)
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


def board_of(figures: Figures, plan: Plan, publication: Publication) -> Board:
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
    return board(plan, publication, period)


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
    live, back = charts.live_waits(figures), charts.callback_waits(figures)
    return section(
        "waits",
        "L’attente selon l’heure",
        framed("Attente des appelants servis, en secondes.", live.svg, live.series)
        + framed("Délai entre la demande et le rappel, en minutes.", back.svg, back.series)
        + table_of(table, table.title, DEFINITIONS),
    )


def _promise(figures: Figures) -> str:
    modes, doors, months, days = (
        figures.tables[id_] for id_ in ("modes", "doors", "months", "days")
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
        + framed(
            "Promesses non tenues, appels et rappels ensemble.", charts.broken_promises(figures).svg
        )
        + table_of(months, months.title, DEFINITIONS)
        + hardest,
    )


def _staff(figures: Figures) -> str:
    days = "".join(
        framed(f"Le {day}.", chart.svg, chart.series) for day, chart in charts.staff(figures)
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
