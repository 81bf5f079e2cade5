"""The report as text for a terminal, and as JSON for programs."""

import json
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from router.report.definition import Definition
from router.report.disclosure import MINIMUM
from router.report.figures import DEFINITIONS, Figure
from router.report.published import Report
from router.report.tables import Line, Table
from router.report.votes import (
    Vote,
    late_votes,
    late_words,
    missing_votes,
    satisfaction,
    scale,
)
from router.report.words import NO_BREAK, WITHHELD, WITHHELD_MEANING, range_text, shown

#: The version of the JSON document's form.
FORM = "allo-report/2"
#: The longest name on one line of a table, and of a list, in characters.
NAME_WIDTH, LIST_WIDTH = 28, 60
#: The longest line of a table, in characters.
TEXT_WIDTH = 118
#: The tables in this order, with how many of their lines are shown; None: all of them.
TABLES: dict[str, int | None] = {
    "modes": None,
    "sectors": None,
    "half-hours": None,
    "evolution": None,
    "subjects": 20,
    "improve": 10,
    "results": None,
    "referrals": 20,
}


def as_text(report: Report) -> str:
    """Return the report in French, for about 110 columns."""
    title = f"{report.service} {range_text(report.first, report.last)}"
    parts = [f"{title}\n{'=' * len(title)}"]
    if report.empty:
        parts.append("Aucun appel n’a été compté sur cette période.")
    parts.append(section("Chiffres-clés", _key_lines(report)))
    parts.append(section("Appels", figure_lines(report.figures)))
    if report.votes:
        said = [textwrap.fill(one, 100) for one in missing_votes(report.turnout)]
        parts.append("\n\n".join([section("Votes", figure_lines(report.turnout)), *said]))
    for vote in report.votes:
        parts.append(section(vote.text, vote_lines(vote)))
    for id_, most in TABLES.items():
        table = report.tables[id_]
        if table.lines:
            parts.append(section(table_title(report, table), rows(table, most)))
    if any(WITHHELD in part for part in parts):
        parts.append(textwrap.fill(WITHHELD_MEANING, 100, break_on_hyphens=False))
    used = sorted({id_ for id_ in DEFINITIONS if any(id_ in part for part in parts)})
    heads = [f"{DEFINITIONS[id_].short} = {id_}" for id_ in _heading_ids(report)]
    parts.append(
        section(
            "Définitions",
            [
                *textwrap.wrap(f"Colonnes{NO_BREAK}: {', '.join(heads)}.", 100),
                f"Niveau de service{NO_BREAK}: réponse en {report.live_target_s} s au plus.",
                f"Les formules de {len(used)} définitions sont dans --json et --html.",
            ],
        )
    )
    return "\n\n".join(parts) + "\n"


def table_title(report: Report, table: Table) -> str:
    """Return the table's title; that of subjects says whether they are a week's."""
    if table.id == "subjects":
        week = (report.last - report.first).days < 7
        return f"{table.title} {'de la semaine' if week else 'de la période'}"
    return table.title


def _heading_ids(report: Report) -> list[str]:
    ids: dict[str, None] = {}
    for table in report.tables.values():
        for line in table.told:
            ids.update(dict.fromkeys(figure.id for figure in line.figures))
    return list(ids)


def section(title: str, lines: Iterable[str]) -> str:
    """Return the lines under an underlined title."""
    return "\n".join([title, "-" * len(title), *lines])


def _key_lines(report: Report) -> list[str]:
    handled, by_callback, informateurs = report.key_figures
    rows = [
        (shown(handled), "appels traités", handled.id),
        (shown(by_callback), "dont appels traités via le service de rappel", by_callback.id),
        (shown(informateurs), "informateurs mobilisés", informateurs.id),
    ]
    vote = satisfaction(report.votes)
    if vote is not None:
        rows.append(
            (
                shown(vote.share),
                f"taux de satisfaction des usagers (taux de réponse{NO_BREAK}: "
                f"{shown(vote.response)})",
                f"{vote.share.id}, {vote.response.id}",
            )
        )
    rows += [(shown(one), late_words(one), one.id) for one in late_votes(report.turnout)]
    return [f"{value:>10}  {name:<66} {ids}" for value, name, ids in rows]


def figure_lines(
    figures: Iterable[Figure],
    definitions: Mapping[str, Definition] = DEFINITIONS,
    width: int = 44,
) -> list[str]:
    """Return a line for each figure: value, name (padded to `width`) and definition's id."""
    return [
        f"{shown(figure, definitions):>12}  {definitions[figure.id].name:<{width}} {figure.id}"
        for figure in figures
    ]


def vote_lines(vote: Vote) -> list[str]:
    """Return the figures of a question, then its votes by answer."""
    lines = figure_lines(vote.figures)
    if vote.mean is not None:
        lines.append(f"{'':12}  {scale(vote)}")
    return [*lines, "", *rows(vote.table, None)]


def rows(
    table: Table, most: int | None, definitions: Mapping[str, Definition] = DEFINITIONS
) -> list[str]:
    """Return the lines of the table, aligned; with `most`, only the first so many rows.

    Long names are wrapped, and columns for which there is no room stand below the others.
    """
    lines = table.lines if most is None else table.lines[:most]
    left_out = len(table.lines) - len(lines)
    if table.total is not None:
        lines = (*lines, table.total)
    cells = [[shown(figure, definitions) for figure in line.figures] for line in lines]
    widths = [
        max(len(head), *(len(row[place]) for row in cells)) if cells else len(head)
        for place, head in enumerate(table.heads)
    ]
    limit = NAME_WIDTH if len(table.heads) > 2 else LIST_WIDTH
    names = [_name(line, limit) for line in lines]
    width = max((len(part) for name in names for part in name), default=0)
    told: list[str] = []
    for begin, end in _blocks(widths, TEXT_WIDTH - width):
        told.extend([""] * bool(told))
        told.append(_row("", table.heads[begin:end], width, widths[begin:end]))
        for name, row in zip(names, cells, strict=True):
            told.extend(name[:-1])
            told.append(_row(name[-1], row[begin:end], width, widths[begin:end]))
    if left_out:
        told.append(f"… et {left_out} autres lignes dans --json et --html.")
    return told


def _blocks(widths: Sequence[int], room: int) -> Iterable[tuple[int, int]]:
    """Yield (begin, end) of columns that fit beside each other in `room` characters."""
    begin = used = 0
    for place, size in enumerate(widths):
        if place > begin and used + size + 2 > room:
            yield begin, place
            begin, used = place, 0
        used += size + 2
    yield begin, len(widths)


def _name(line: Line, limit: int) -> list[str]:
    first, *rest = textwrap.wrap(line.name, limit, break_long_words=False) or [""]
    return [first, *(f" {part}" for part in rest)]


def _row(name: str, cells: Sequence[str], width: int, widths: Sequence[int]) -> str:
    told = "  ".join(f"{cell:>{size}}" for cell, size in zip(cells, widths, strict=True))
    return f"{name:<{width}}  {told}"


def as_json(report: Report) -> str:
    """Return everything that is published, with the id of each figure's definition."""
    document = {
        "form": FORM,
        "service": report.service,
        "from": report.first.isoformat(),
        "to": report.last.isoformat(),
        "zone": report.zone,
        "live_target_s": report.live_target_s,
        "minimum": MINIMUM,
        "empty": report.empty,
        "reconciles": report.reconciles,
        "key_figures": [figure_json(one) for one in report.key_figures],
        "figures": [figure_json(one) for one in report.figures],
        "turnout": [figure_json(one) for one in report.turnout],
        "votes": [vote_json(vote) for vote in report.votes],
        "tables": {id_: table_json(table) for id_, table in report.tables.items()},
        "definitions": definitions_json(DEFINITIONS),
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def vote_json(vote: Vote) -> dict[str, Any]:
    """Return the votes on a question as JSON's types."""
    return {
        "question": vote.question,
        "kind": vote.kind.value,
        "text": vote.text,
        "scale": list(vote.scale),
        "figures": [figure_json(one) for one in vote.figures],
        "answers": table_json(vote.table),
    }


def definitions_json(definitions: Mapping[str, Definition]) -> dict[str, Any]:
    """Return the definitions by id as JSON's types."""
    return {
        one.id: {
            "name": one.name,
            "unit": one.unit.value,
            "sentence": one.sentence,
            "formula": one.formula,
        }
        for one in definitions.values()
    }


def table_json(table: Table) -> dict[str, Any]:
    """Return a table as JSON's types."""
    return {
        "title": table.title,
        "heads": list(table.heads),
        "lines": [_line_json(line) for line in table.lines],
        "total": None if table.total is None else _line_json(table.total),
    }


def _line_json(line: Line) -> dict[str, Any]:
    return {
        "key": line.key,
        "name": line.name,
        "figures": [figure_json(figure) for figure in line.figures],
    }


def figure_json(figure: Figure) -> dict[str, Any]:
    """Return a figure as JSON's types; with its two sums if it is a ratio."""
    told: dict[str, Any] = {"id": figure.id, "value": figure.value}
    if figure.denominator is not None:
        told.update(numerator=figure.numerator, denominator=figure.denominator)
    if figure.withheld:
        told["withheld"] = True
    return told
