"""The report as one self-contained HTML page, for screens, phones and paper."""

from collections.abc import Sequence
from html import escape

from router.report import charts
from router.report.calls import NO_SECTOR, OTHER_HOURS
from router.report.charts import Series
from router.report.definition import Unit
from router.report.figures import DEFINITIONS, OFFERED_IDS, Figure
from router.report.html import (
    card,
    cell,
    definitions_of,
    document,
    framed,
    heat_of,
    scroll,
    section,
    table_of,
)
from router.report.published import Report
from router.report.tables import OTHERS, Line, Table
from router.report.text import table_title
from router.report.votes import (
    FAVOURABLE,
    Vote,
    late_votes,
    late_words,
    missing_votes,
    responses,
    satisfaction,
    scale,
)
from router.report.words import (
    NO_BREAK,
    WITHHELD_MEANING,
    duration,
    number,
    range_text,
    short_month,
    shown,
)

#: The longest label of a horizontal bar, in characters; the table has it in full.
LABEL_MAX = 44
#: How many bars a chart of a long list has at most.
BARS_MAX = 12
#: Lines for everything that has none of its own: they are in tables only.
NO_BAR = frozenset({NO_SECTOR, OTHER_HOURS, OTHERS})
NOT_DRAWN = "Les nombres non publiés ne sont pas dessinés. Le tableau qui suit donne les valeurs."


def as_page(report: Report) -> str:
    """Return the page, in French."""
    days = range_text(report.first, report.last)
    title = f"{report.service}{NO_BREAK}: chiffres {days}"
    sections = [
        _key_figures(report),
        _calls(report),
        *_breakdowns(report),
        votes_of(
            report.votes,
            missing_votes(report.turnout),
            _measures("Participation au vote", report.turnout),
        ),
        _subjects(report),
        _referrals(report),
    ]
    body = "\n".join(section for section in sections if section)
    if "<abbr" in body:
        body += f'\n<p class="soft">{escape(WITHHELD_MEANING)}</p>'
    empty = (
        '<p class="note">Aucun appel n’a été compté sur cette période.</p>' if report.empty else ""
    )
    return document(
        title,
        f"""<h1>{escape(report.service)}</h1>
<p>Chiffres {escape(days)}. Les appels sont anonymes{NO_BREAK}: ces chiffres viennent de
compteurs, aucun numéro n’est conservé.</p>
{empty}
{body}
{_definitions(report)}""",
    )


def _key_figures(report: Report) -> str:
    names = ("appels traités", "appels traités via le service de rappel", "informateurs mobilisés")
    cards = [
        card(shown(figure), name, "dont " if place == 1 else "", figure.id)
        for place, (figure, name) in enumerate(zip(report.key_figures, names, strict=True))
    ]
    vote = satisfaction(report.votes)
    if vote is not None:
        cards.append(
            card(
                shown(vote.share),
                f"taux de satisfaction des usagers (taux de réponse{NO_BREAK}: "
                f"{shown(vote.response)})",
                "",
                f"{vote.share.id}, {vote.response.id}",
            )
        )
    cards += [card(shown(one), late_words(one), "", one.id) for one in late_votes(report.turnout)]
    return section("key", "Chiffres-clés", f'<dl class="cards">{"".join(cards)}</dl>')


def _calls(report: Report) -> str:
    classes = (
        *OFFERED_IDS[1:],
        *("closed/1", "self-service/2"),
    )
    by_id = {figure.id: figure for figure in report.figures}
    modes = report.tables["modes"]
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
    return section(
        "calls",
        "Les appels",
        f"{framed('Ce que deviennent les appels reçus.', chart)}\n"
        f"{_measures('Mesures du service', report.figures)}\n"
        f"<h3>{escape(modes.title)}</h3>\n{table_of(modes, modes.title)}",
    )


def _measures(name: str, figures: Sequence[Figure]) -> str:
    """Return a table with a line for each figure: its name, its value, its definition's id."""
    rows = "".join(
        f'<tr><th scope="row">{escape(DEFINITIONS[one.id].name)}</th>'
        f'<td class="n">{escape(shown(one))}</td><td class="id">{escape(one.id)}</td></tr>'
        for one in figures
    )
    return (
        f'{scroll(name)}<table class="narrow"><caption>{escape(name)}'
        '</caption><thead><tr><th scope="col">Mesure</th><th scope="col" class="n">Valeur</th>'
        f'<th scope="col">Définition</th></tr></thead><tbody>{rows}</tbody></table></div>'
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
    title = table_title(report, table)
    return section(table.id, title, f"{chart}\n{table_of(table, title)}\n{more}")


def _stacked(table: Table, caption: str) -> str:
    lines = [line for line in table.lines if line.key not in NO_BAR]
    answered, abandoned = (
        [_drawn(_by_id(line, id_)) for line in lines] for id_ in ("answered/1", "abandoned/2")
    )
    stack = (Series("traités", answered), Series("abandonnés", abandoned))
    chart = charts.columns(
        f"chart-{table.id}",
        caption.rstrip("."),
        f"Barres verticales{NO_BREAK}: appels traités, et au-dessus appels abandonnés. "
        f"{_peak(lines, answered)}{NOT_DRAWN}",
        [_axis(line) for line in lines],
        stack,
    )
    return framed(caption, chart, stack)


def _axis(line: Line) -> str:
    """Return a label short enough for a bar: "janv.", "S48", "05/01", "8 h 30"."""
    if line.key[4:6] == "-W":
        return f"S{line.key[6:]}"
    if len(line.key) == 7 and line.key[4] == "-":
        return short_month(int(line.key[5:]))
    if len(line.key) == 10 and line.key[4] == "-":
        return f"{line.key[8:]}/{line.key[5:7]}"
    return line.name


def _peak(lines: Sequence[Line], values: Sequence[int | None]) -> str:
    told = [(value, line.name) for value, line in zip(values, lines, strict=True) if value]
    if not told:
        return ""
    value, name = max(told, key=lambda one: one[0])
    return f"Le plus d’appels traités{NO_BREAK}: {number(value)} ({name}). "


def _lying(table: Table, id_: str, caption: str, *, sort: bool = True) -> str:
    """Return a column as horizontal bars; of a long list, the longest ones."""
    drawn = [(line, _drawn(_by_id(line, id_))) for line in table.lines if line.key not in NO_BAR]
    if sort:  # what is withheld comes last, in the table's order, so its place reveals nothing
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
    return framed(caption, chart)


def _clipped(name: str) -> str:
    return name if len(name) <= LABEL_MAX else f"{name[: LABEL_MAX - 1].rstrip()}…"


def votes_of(votes: Sequence[Vote], notes: Sequence[str], before: str = "") -> str:
    """Return the section of the votes, after `notes` (text) and `before` (markup)."""
    if not votes:
        return ""
    said = "".join(f'<p class="note">{escape(note)}</p>\n' for note in notes)
    return section(
        "votes",
        "Les votes",
        "<p>Les personnes qui restent en ligne après l’appel votent par une touche. Un vote ne "
        f"peut pas être rapproché de l’appel.</p>\n{said}{before}"
        f"{''.join(map(_vote, votes))}",
    )


def _vote(vote: Vote) -> str:
    cards = card(shown(vote.share), FAVOURABLE[vote.kind], "", vote.share.id)
    if vote.mean is not None:
        name = f"note moyenne ({scale(vote)})"
        cards += card(shown(vote.mean), name, "", vote.mean.id)
    cards += card(
        shown(vote.response),
        f"taux de réponse ({responses(vote)})",
        "",
        vote.response.id,
    )
    chart = ""
    if vote.answers.value:
        chart = _lying(vote.table, "score/1", f"{vote.table.title}.", sort=False)
    table = table_of(vote.table, vote.text)
    return f'<h3>{escape(vote.text)}</h3>\n<dl class="cards">{cards}</dl>\n{chart}\n{table}'


def _subjects(report: Report) -> str:
    subjects, improve, results = (report.tables[id_] for id_ in ("subjects", "improve", "results"))
    if not subjects.lines:
        return ""
    more = [
        f"<h3>{escape(table.title)}</h3>\n{intro}\n{table_of(table, table.title)}"
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
    return definitions_of(
        DEFINITIONS,
        "<p>Une définition ne change jamais sous son identifiant. Niveau de service"
        f"{NO_BREAK}: réponse en {escape(duration(report.live_target_s))} au plus.</p>",
    )


def _heat(table: Table) -> str:
    most = max((one.value or 0 for line in table.lines for one in line.figures), default=0) or 1
    return heat_of(
        table,
        f"Plus foncé{NO_BREAK}: plus d’appels",
        lambda figure: (figure.value or 0) / most,
        cell,
    )


def _by_id(line: Line, id_: str) -> Figure:
    return next(figure for figure in line.figures if figure.id == id_)


def _drawn(figure: Figure) -> int | None:
    assert DEFINITIONS[figure.id].unit is Unit.COUNT
    return None if figure.value is None else round(figure.value)
