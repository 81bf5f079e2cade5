"""The figures of a run as text for a terminal, and as JSON for programs."""

import json
import textwrap
from collections.abc import Mapping

from router.report.text import (
    definitions_json,
    figure_json,
    figure_lines,
    rows,
    section,
    table_json,
    vote_json,
    vote_lines,
)
from router.report.words import NO_BREAK, number, promised, span
from router.simulation.definitions import DEFINITIONS
from router.simulation.figures import Figures

#: The version of the JSON document's form.
FORM = "allo-simulation/1"
#: The sections in this order, with their French names.
SECTIONS: Mapping[str, str] = {
    "calls": "Appels",
    "service": "Qualité de service",
    "callbacks": "Rappels",
    "staff": "Informateurs",
    "fairness": "Équité",
    "told": "Attentes annoncées",
    "checks": "Vérifications",
}
#: The tables that fit a terminal; the others are in --json and --html.
TABLES = ("modes", "doors", "sectors", "half-hours", "staffing", "months", "days")
#: What readers must know about simulated votes, in French.
GIVEN = (
    "Votes simulés, comptés par le moteur même. La part de réponses favorables est une hypothèse, "
    "non un résultat."
)
#: The longest name of a figure, in characters.
_NAME_WIDTH = 56


def as_text(figures: Figures) -> str:
    """Return the figures in French, for about 110 columns."""
    title = title_of(figures)
    parts = [f"{title}\n{'=' * len(title)}", "\n".join(textwrap.wrap(about(figures), 100))]
    for id_, name in SECTIONS.items():
        lines = figure_lines(figures.sections[id_], DEFINITIONS, _NAME_WIDTH)
        if id_ == "checks":
            lines.append(f"{'':12}  {reconciled(figures)}")
        parts.append(section(name, lines))
    for vote in figures.votes:
        parts.append(section(vote.text, vote_lines(vote)))
    if figures.votes:
        parts.append(textwrap.fill(GIVEN, 100))
    for id_ in TABLES:
        table = figures.tables[id_]
        if table.lines:
            parts.append(section(table.title, rows(table, None, DEFINITIONS)))
    parts.append(
        section(
            "Définitions",
            [
                f"Niveau de service{NO_BREAK}: réponse en {promised(figures.live_target_s)} au "
                f"plus. Promesse de rappel{NO_BREAK}: dans les {promised(figures.promise_s)}.",
                "Les formules, et la semaine par demi-heures, sont dans --json et --html.",
            ],
        )
    )
    return "\n\n".join(parts) + "\n"


def title_of(figures: Figures) -> str:
    """Return the title of the run, in French."""
    days = span(figures.first, figures.last)
    return f"{figures.service}{NO_BREAK}: simulation {days}"


def about(figures: Figures) -> str:
    """Return what was simulated, in a few French sentences."""
    return (
        f"Chiffres simulés{NO_BREAK}: aucun de ces appels n’a eu lieu. "
        f"Hypothèses{NO_BREAK}: «{NO_BREAK}{figures.workload}{NO_BREAK}», graine{NO_BREAK}"
        f"{figures.seed}. {number(figures.days_open)}{NO_BREAK}jours d’ouverture, "
        f"{number(figures.events)}{NO_BREAK}évènements, sur lesquels a décidé le moteur même qui "
        "répond au téléphone."
    )


def reconciled(figures: Figures) -> str:
    """Return whether every call is in exactly one class, as a French sentence."""
    if figures.reconciles:
        return "Chaque appel est dans une seule classe, chaque demande acceptée a une fin."
    return (
        f"Attention{NO_BREAK}: des appels ou des demandes ne sont comptés nulle part, ou le sont "
        "deux fois."
    )


def as_json(figures: Figures) -> str:
    """Return everything, with the ids of the definitions; the same run gives the same bytes."""
    document = {
        "form": FORM,
        "service": figures.service,
        "workload": figures.workload,
        "year": figures.year,
        "seed": figures.seed,
        "from": figures.first.isoformat(),
        "to": figures.last.isoformat(),
        "zone": figures.zone,
        "days_open": figures.days_open,
        "events": figures.events,
        "live_target_s": figures.live_target_s,
        "promise_s": figures.promise_s,
        "reconciles": figures.reconciles,
        "sections": {
            id_: [figure_json(one) for one in section_]
            for id_, section_ in figures.sections.items()
        },
        "tables": {id_: table_json(table) for id_, table in figures.tables.items()},
        "votes": [vote_json(vote) for vote in figures.votes],
        "definitions": definitions_json(DEFINITIONS),
    }
    return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
