"""The report as one HTML page that needs nothing else: for a screen, a telephone, or paper."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from html import escape
from pathlib import Path

from router.figures import DEFINITIONS, Figure, Unit
from router.report import charts
from router.report.calls import NO_SECTOR, OTHER_HOURS
from router.report.charts import Series
from router.report.notes import Vote
from router.report.published import Report
from router.report.tables import OTHERS, Line, Table
from router.report.text import responses, table_title
from router.report.words import (
    NO_BREAK,
    WITHHELD,
    WITHHELD_MEANING,
    duration,
    number,
    range_text,
    shown,
)

#: Longest label under a bar of a chart that lies; what follows is in the table.
LABEL_MAX = 44
#: How many bars a chart of a long list has.
BARS_MAX = 12
#: Lines that take together what has no line of its own: in tables only.
NO_BAR = frozenset({NO_SECTOR, OTHER_HOURS, OTHERS})
NOT_DRAWN = "Les nombres non publiés ne sont pas dessinés. Le tableau qui suit donne les valeurs."

_STYLE = Path(__file__).with_name("page.css").read_text(encoding="utf-8")


def as_page(report: Report) -> str:
    """Return the page, in French."""
    days = range_text(report.first, report.last)
    title = f"{report.service}{NO_BREAK}: chiffres {days}"
    sections = [
        _key_figures(report),
        _calls(report),
        *_breakdowns(report),
        _satisfaction(report),
        _subjects(report),
        _referrals(report),
    ]
    body = "\n".join(section for section in sections if section)
    if "<abbr" in body:
        body += f'\n<p class="soft">{escape(WITHHELD_MEANING)}</p>'
    empty = (
        '<p class="note">Aucun appel n’a été compté sur cette période.</p>' if report.empty else ""
    )
    return f"""<!doctype html>
<html lang="fr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>
{_STYLE}</style>
</head>
<body>
<main>
<h1>{escape(report.service)}</h1>
<p>Chiffres {escape(days)}. Les appels sont anonymes{NO_BREAK}: ces chiffres viennent de
compteurs, aucun numéro n’est conservé.</p>
{empty}
{body}
{_definitions(report)}
</main>
</body>
</html>
"""


def _key_figures(report: Report) -> str:
    names = ("appels traités", "appels traités via le service de rappel", "informateurs mobilisés")
    cards = [
        _card(shown(figure), name, "dont " if place == 1 else "", figure.id)
        for place, (figure, name) in enumerate(zip(report.key_figures, names, strict=True))
    ]
    if report.votes:
        first = report.votes[0]
        cards.append(
            _card(
                shown(first.satisfaction),
                f"taux de satisfaction des usagers (taux de réponse{NO_BREAK}: "
                f"{shown(first.response)})",
                "",
                f"{first.satisfaction.id}, {first.response.id}",
            )
        )
    return (
        '<section aria-labelledby="key"><h2 id="key">Chiffres-clés</h2>\n'
        f'<dl class="cards">{"".join(cards)}</dl></section>'
    )


def _card(value: str, name: str, before: str, ids: str) -> str:
    lead = f"<small>{escape(before)}</small>" if before else ""
    return (
        f'<div><dt>{escape(name)}<br><span class="id">{escape(ids)}</span></dt>'
        f'<dd class="big">{lead}{escape(value)}</dd></div>'
    )


def _calls(report: Report) -> str:
    classes = (
        *("answered/1", "abandoned/1", "refused/1", "closed/1", "called-back/1"),
        "self-service/1",
    )
    by_id = {figure.id: figure for figure in report.figures}
    labels = [DEFINITIONS[id_].name for id_ in classes]
    values = [round(by_id[id_].value or 0) for id_ in classes]
    most = labels[values.index(max(values))].lower()
    chart = charts.bars(
        "chart-classes",
        "Ce que deviennent les appels",
        f"Barres horizontales, une par issue. La plus longue{NO_BREAK}: {most}. "
        "Le tableau qui suit donne les valeurs.",
        labels,
        Series("appels", values),
    )
    rows = "".join(
        f'<tr><th scope="row">{escape(DEFINITIONS[one.id].name)}</th>'
        f'<td class="n">{escape(shown(one))}</td><td class="id">{escape(one.id)}</td></tr>'
        for one in report.figures
    )
    return (
        '<section aria-labelledby="calls"><h2 id="calls">Les appels</h2>\n'
        f"{_figure('Ce que deviennent les appels reçus.', chart)}\n"
        f'{_scroll("Mesures du service")}<table class="narrow"><caption>Mesures du service'
        '</caption><thead><tr><th scope="col">Mesure</th><th scope="col" class="n">Valeur</th>'
        f'<th scope="col">Définition</th></tr></thead><tbody>{rows}</tbody></table></div></section>'
    )


def _breakdowns(report: Report) -> Sequence[str]:
    sections = []
    for id_, caption in (
        ("evolution", "Appels traités et abandonnés au fil de la période."),
        ("half-hours", "Appels traités et abandonnés selon l’heure d’arrivée."),
    ):
        table = report.tables[id_]
        if table.lines:
            sections.append(_section(report, table, _stacked(table, caption)))
    sectors = report.tables["sectors"]
    if any(one.value or one.withheld for line in sectors.lines for one in line.figures):
        chart = _lying(sectors, "answered/1", "Appels traités, par domaine.")
        crossed = report.tables["sectors-half-hours"]
        heat = f"<h3>{escape(crossed.title)}</h3>\n{_heat(crossed)}" if crossed.heads else ""
        sections.append(_section(report, sectors, chart, heat))
    return sections


def _section(report: Report, table: Table, chart: str, more: str = "") -> str:
    title = escape(table_title(report, table))
    return (
        f'<section aria-labelledby="{table.id}"><h2 id="{table.id}">{title}</h2>\n'
        f"{chart}\n{_table(table, title)}\n{more}</section>"
    )


def _stacked(table: Table, caption: str) -> str:
    lines = [line for line in table.lines if line.key not in NO_BAR]
    answered, abandoned = (
        [_drawn(_by_id(line, id_)) for line in lines] for id_ in ("answered/1", "abandoned/1")
    )
    stack = (Series("traités", answered), Series("abandonnés", abandoned))
    legend = "".join(
        f'<span class="legend"><span class="key c{order}"></span>{series.name}</span>'
        for order, series in enumerate(stack, 1)
    )
    chart = charts.columns(
        f"chart-{table.id}",
        caption.rstrip("."),
        f"Barres verticales{NO_BREAK}: appels traités, et au-dessus appels abandonnés. "
        f"{_peak(lines, answered)}{NOT_DRAWN}",
        [_axis(line) for line in lines],
        stack,
    )
    return _figure(f"{escape(caption)}<br>{legend}", chart, markup=True)


def _axis(line: Line) -> str:
    """Return a label that fits under a bar: "janv.", "S48", "05/01", "8 h 30"."""
    if line.key[4:6] == "-W":
        return f"S{line.key[6:]}"
    if len(line.key) == 7 and line.key[4] == "-":
        return _SHORT_MONTHS[int(line.key[5:]) - 1]
    if len(line.key) == 10 and line.key[4] == "-":
        return f"{line.key[8:]}/{line.key[5:7]}"
    return line.name


_SHORT_MONTHS = (
    *("janv.", "févr.", "mars", "avr.", "mai", "juin"),
    *("juil.", "août", "sept.", "oct.", "nov.", "déc."),
)


def _peak(lines: Sequence[Line], values: Sequence[int | None]) -> str:
    told = [(value, line.name) for value, line in zip(values, lines, strict=True) if value]
    if not told:
        return ""
    value, name = max(told, key=lambda one: one[0])
    return f"Le plus d’appels traités{NO_BREAK}: {number(value)} ({name}). "


def _lying(table: Table, id_: str, caption: str, *, sort: bool = True) -> str:
    """Horizontal bars of one column, the longest ones of a long list."""
    drawn = [(line, _drawn(_by_id(line, id_))) for line in table.lines if line.key not in NO_BAR]
    if sort:  # what is withheld comes last, in the table's order: its place tells nothing
        drawn.sort(key=lambda one: -1 if one[1] is None else one[1], reverse=True)
    if len(drawn) > 2 * BARS_MAX:
        drawn = drawn[:BARS_MAX]
        caption = f"{caption.rstrip('.')}{NO_BREAK}: les {BARS_MAX} premiers."
    name = DEFINITIONS[id_].name.lower()
    chart = charts.bars(
        f"chart-{table.id}",
        caption.rstrip("."),
        f"Barres horizontales{NO_BREAK}: {name}. {NOT_DRAWN}",
        [_clipped(line.name) for line, _ in drawn],
        Series(name, [value for _, value in drawn]),
    )
    return _figure(caption, chart)


def _clipped(name: str) -> str:
    return name if len(name) <= LABEL_MAX else f"{name[: LABEL_MAX - 1].rstrip()}…"


def _satisfaction(report: Report) -> str:
    if not report.votes:
        return ""
    return (
        '<section aria-labelledby="votes"><h2 id="votes">Satisfaction des usagers</h2>\n'
        "<p>Les personnes qui restent en ligne après l’appel votent par une touche. Un vote ne "
        "peut pas être rapproché de l’appel.</p>\n"
        f"{''.join(map(_vote, report.votes))}</section>"
    )


def _vote(vote: Vote) -> str:
    title = escape(vote.text)
    cards = _card(shown(vote.satisfaction), "satisfaits", "", vote.satisfaction.id) + _card(
        shown(vote.response),
        f"taux de réponse ({responses(vote)})",
        "",
        vote.response.id,
    )
    chart = ""
    if vote.response.numerator:
        chart = _lying(vote.table, "score/1", "Votes par note.", sort=False)
    return f'<h3>{title}</h3>\n<dl class="cards">{cards}</dl>\n{chart}\n{_table(vote.table, title)}'


def _subjects(report: Report) -> str:
    subjects, improve, results = (report.tables[id_] for id_ in ("subjects", "improve", "results"))
    if not subjects.lines:
        return ""
    more = [
        f"<h3>{escape(table.title)}</h3>\n{intro}\n{_table(table, escape(table.title))}"
        for table, intro in (
            (
                improve,
                "<p>Pages dont les informateurs ont noté qu’elles devraient être plus claires.</p>",
            ),
            (results, ""),
        )
        if table.lines
    ]
    chart = (
        _lying(subjects, "noted/1", "Sujets les plus fréquents.") if len(subjects.lines) > 1 else ""
    )
    return _section(report, subjects, chart, "\n".join(more))


def _referrals(report: Report) -> str:
    table = report.tables["referrals"]
    if not table.lines:
        return ""
    chart = _lying(table, "sent/1", "Appels orientés, par service.")
    return _section(report, table, chart if len(table.lines) > 1 else "")


def _definitions(report: Report) -> str:
    rows = "".join(
        f'<tr><th scope="row" class="id">{escape(one.id)}</th><td>{escape(one.name)}</td>'
        f'<td lang="en">{escape(one.formula)}</td></tr>'
        for one in DEFINITIONS.values()
    )
    return (
        '<section aria-labelledby="definitions"><h2 id="definitions">Définitions</h2>\n'
        "<p>Une définition ne change jamais sous son identifiant. Niveau de service"
        f"{NO_BREAK}: réponse en {escape(duration(report.live_target_s))} au plus.</p>\n"
        f"{_scroll('Définitions')}<table><caption>Définition de chaque chiffre</caption>"
        '<thead><tr><th scope="col">Identifiant</th><th scope="col">Nom</th>'
        f'<th scope="col">Formule (en anglais)</th></tr></thead><tbody>{rows}</tbody></table></div>'
        "</section>"
    )


def _figure(caption: str, chart: str, *, markup: bool = False) -> str:
    words = caption if markup else escape(caption)
    return f"<figure><figcaption>{words}</figcaption>{chart}</figure>"


def _scroll(name: str) -> str:
    """A table may be wider than a telephone: it is scrolled alone, by keyboard too."""
    return f'<div class="scroll" role="region" aria-label="{escape(name)}" tabindex="0">'


def _table(table: Table, caption: str) -> str:
    """`caption` is markup."""
    narrow = ' class="narrow"' if len(table.heads) <= 2 else ""
    return (
        f"{_scroll(table.title)}<table{narrow}><caption>{caption}</caption>"
        f"{_body(table, lambda figure: '')}</table></div>"
    )


def _heat(table: Table) -> str:
    most = max((one.value or 0 for line in table.lines for one in line.figures), default=0) or 1

    def shade(figure: Figure) -> str:
        return f' style="--h:{figure.value / most:.2f}"' if figure.value else ""

    # Hours over minutes: the day fits a screen.
    heads = tuple(head.replace(f"h{NO_BREAK}", "h ") for head in table.heads)
    table = replace(table, heads=heads)
    return (
        f'{_scroll(table.title)}<table class="heat"><caption>Plus foncé{NO_BREAK}: plus d’appels'
        f"</caption>{_body(table, shade)}</table></div>"
    )


def _body(table: Table, attributes: Callable[[Figure], str]) -> str:
    heads = "".join(f'<th scope="col" class="n">{escape(head)}</th>' for head in table.heads)
    rows = "".join(
        f'<tr><th scope="row">{escape(line.name)}</th>'
        + "".join(
            f'<td class="n"{attributes(figure)}>{_value(figure)}</td>' for figure in line.figures
        )
        + "</tr>"
        for line in table.lines
    )
    return f"<thead><tr><td></td>{heads}</tr></thead><tbody>{rows}</tbody>"


def _value(figure: Figure) -> str:
    if figure.withheld:
        return f'<abbr title="non publié">{WITHHELD}</abbr>'
    return escape(shown(figure))


def _by_id(line: Line, id_: str) -> Figure:
    return next(figure for figure in line.figures if figure.id == id_)


def _drawn(figure: Figure) -> int | None:
    assert DEFINITIONS[figure.id].unit is Unit.COUNT
    return None if figure.value is None else round(figure.value)
