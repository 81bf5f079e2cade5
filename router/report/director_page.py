"""The director's page: one table that fits a sheet of paper, and becomes one block for each figure
on a phone.
"""

from html import escape
from pathlib import Path

from router.report.director import Board, Row
from router.report.html import document
from router.report.words import NO_BREAK, NOTHING

_STYLE = Path(__file__).with_name("director.css").read_text(encoding="utf-8")


def as_page(board: Board) -> str:
    """Return the page, in French."""
    title = f"{board.service}{NO_BREAK}: tableau de bord"
    heads = _heads(board)
    # On a phone it is no longer laid out as a table, but its roles keep it one.
    head = "".join(
        f'<th scope="col" role="columnheader"{_kind(name)}>{escape(words)}</th>'
        for name, words in heads.items()
    )
    groups = "".join(
        f'<tbody role="rowgroup"><tr role="row"><th scope="rowgroup" role="rowheader" '
        f'colspan="{len(heads)}">{escape(name)}</th></tr>'
        f"{''.join(_row(one, heads) for one in rows)}</tbody>"
        for name, rows in board.groups
    )
    notes = "".join(f"<li>{escape(note)}</li>" for note in board.notes)
    return document(
        f"{title}, {board.days[:1].lower()}{board.days[1:]}",
        f"""<h1>{escape(title)}</h1>
<p class="days">{escape(board.days)}</p>
<p>{escape(board.about)}</p>
<table class="board" role="table"><caption>{escape(board.days)}, et ce qui s’y compare</caption>
<thead role="rowgroup"><tr role="row">{head}</tr></thead>{groups}</table>
<section aria-labelledby="notes"><h2 id="notes">À savoir pour lire ces chiffres</h2>
<ul>{notes}</ul></section>""",
        _STYLE,
    )


def _heads(board: Board) -> dict[str, str]:
    """Return the heads of the columns by the fields of `Row`; empty columns are left out."""
    heads = {
        "name": "Chiffre",
        "now": board.now,
        "published": board.published,
        "before": board.before,
        "goal": "Cible",
        "remark": "Remarque",
    }
    return {name: words for name, words in heads.items() if words}


def _row(row: Row, heads: dict[str, str]) -> str:
    cells = [
        f'<th scope="row" role="rowheader">{escape(row.name)}'
        f' <br><span class="id">{escape(row.id)}</span></th>'
    ]
    for name, head in list(heads.items())[1:]:
        said = getattr(row, name)
        empty = f' aria-label="{escape(head)}{NO_BREAK}: rien"' if not said else ""
        cells.append(
            f'<td role="cell" data-head="{escape(head)}"{_kind(name, empty=not said)}{empty}>'
            f"{escape(said or (NOTHING if name != 'remark' else ''))}</td>"
        )
    return f'<tr role="row">{"".join(cells)}</tr>'


def _kind(name: str, *, empty: bool = False) -> str:
    words = [name] * (name in ("now", "published", "before", "goal")) + ["none"] * empty
    return f' class="{" ".join(words)}"' if words else ""
