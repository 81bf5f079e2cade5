"""The pieces of a self-contained page, for screens, phones and paper."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from html import escape
from pathlib import Path

from router.report.charts import Series
from router.report.definition import Definition
from router.report.figures import DEFINITIONS, Figure
from router.report.tables import Line, Table
from router.report.words import NO_BREAK, WITHHELD, shown

_STYLE = Path(__file__).with_name("page.css").read_text(encoding="utf-8")


def document(title: str, body: str, style: str = "") -> str:
    """Return the whole page; `body` is markup, `style` is CSS in addition to that of every page.

    Here and below, arguments are plain text unless they are said to be markup.
    """
    return f"""<!doctype html>
<html lang="fr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>
{_STYLE}{style}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def section(id_: str, title: str, body: str) -> str:
    """Return a section under a heading; `body` is markup."""
    return f'<section aria-labelledby="{id_}"><h2 id="{id_}">{escape(title)}</h2>\n{body}</section>'


def card(value: str, name: str, before: str, ids: str) -> str:
    """Return a key figure of a `<dl class="cards">`."""
    lead = f"<small>{escape(before)}</small>" if before else ""
    return (
        f'<div><dt>{escape(name)}<br><span class="id">{escape(ids)}</span></dt>'
        f'<dd class="big">{lead}{escape(value)}</dd></div>'
    )


def framed(caption: str, chart: str, series: Sequence[Series] = ()) -> str:
    """Return a chart (markup) below its caption and the legend of its series."""
    words = escape(caption)
    if series:
        words += "<br>" + "".join(
            f'<span class="legend"><span class="key {one.colour or f"c{order}"}"></span>'
            f"{escape(one.name)}</span>"
            for order, one in enumerate(series, 1)
        )
    return f"<figure><figcaption>{words}</figcaption>{chart}</figure>"


def scroll(name: str) -> str:
    """Return the opening tag of a region that scrolls by itself, with the keyboard too.

    For a table, which may be wider than a phone.
    """
    return f'<div class="scroll" role="region" aria-label="{escape(name)}" tabindex="0">'


def table_of(
    table: Table, caption: str, definitions: Mapping[str, Definition] = DEFINITIONS
) -> str:
    """Return the table in a region that scrolls."""
    narrow = ' class="narrow"' if len(table.heads) <= 2 else ""
    body = _body(table, lambda figure: "", lambda figure: cell(figure, definitions))
    return (
        f"{scroll(table.title)}<table{narrow}><caption>{escape(caption)}</caption>"
        f"{body}</table></div>"
    )


def heat_of(
    table: Table,
    caption: str,
    shade: Callable[[Figure], float],
    value: Callable[[Figure], str],
) -> str:
    """Return the table as a heat map: `shade` from 0 to 1, `value` the markup of a cell."""

    def style(figure: Figure) -> str:
        dark = shade(figure) if figure.value is not None else 0.0
        return f' style="--h:{dark:.2f}"' if dark else ""

    return (
        f'{scroll(table.title)}<table class="heat"><caption>{escape(caption)}</caption>'
        f"{_body(_over_minutes(table), style, value)}</table></div>"
    )


def definitions_of(definitions: Mapping[str, Definition], intro: str) -> str:
    """Return the section with every formula; `intro` is markup."""
    rows = "".join(
        f'<tr><th scope="row" class="id">{escape(one.id)}</th><td>{escape(one.name)}</td>'
        f'<td>{escape(one.sentence)}</td><td lang="en">{escape(one.formula)}</td></tr>'
        for one in definitions.values()
    )
    body = (
        f"{intro}\n"
        f"{scroll('Définitions')}<table><caption>Définition de chaque chiffre</caption>"
        '<thead><tr><th scope="col">Identifiant</th><th scope="col">Nom</th>'
        '<th scope="col">Ce qui est compté</th>'
        f'<th scope="col">Formule (en anglais)</th></tr></thead><tbody>{rows}</tbody></table></div>'
    )
    return section("definitions", "Définitions", body)


def cell(figure: Figure, definitions: Mapping[str, Definition] = DEFINITIONS) -> str:
    """Return the markup of a figure in a table."""
    if figure.withheld:
        return f'<abbr title="non publié">{WITHHELD}</abbr>'
    return escape(shown(figure, definitions))


def _over_minutes(table: Table) -> Table:
    """Return the table with heads that wrap between hour and minutes, so that a day fits."""
    heads = tuple(head.replace(f"h{NO_BREAK}", "h ") for head in table.heads)
    return replace(table, heads=heads)


def _body(table: Table, attributes: Callable[[Figure], str], value: Callable[[Figure], str]) -> str:
    heads = "".join(f'<th scope="col" class="n">{escape(head)}</th>' for head in table.heads)
    rows = "".join(_row(line, "n", attributes, value) for line in table.lines)
    foot = ""
    if table.total is not None:
        foot = f"<tfoot>{_row(table.total, 'n all', lambda figure: '', value)}</tfoot>"
    return f"<thead><tr><td></td>{heads}</tr></thead><tbody>{rows}</tbody>{foot}"


def _row(
    line: Line,
    kind: str,
    attributes: Callable[[Figure], str],
    value: Callable[[Figure], str],
) -> str:
    cells = "".join(
        f'<td class="{kind}"{attributes(figure)}>{value(figure)}</td>' for figure in line.figures
    )
    return f'<tr><th scope="row">{escape(line.name)}</th>{cells}</tr>'
