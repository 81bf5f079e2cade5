"""Tables of what may be published, made from counts."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from router.report.columns import MODE_NAMES, Column, Counts, Mode
from router.report.counting import merged
from router.report.disclosure import MINIMUM, Cell, Sum, withheld
from router.report.figures import DEFINITIONS, OFFERED_IDS, Figure, figure

#: The key of the line for everything that has none of its own.
OTHERS = "others"

#: The columns of the table of live calls and callbacks.
MODE_FIGURES = ("total/1", "self-service/2", "closed/1", *OFFERED_IDS, "pickup/2")

_K = TypeVar("_K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a table."""

    #: Stable, for programs.
    key: str
    #: In French.
    name: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A breakdown: each line has one figure for each of `heads`."""

    id: str
    #: In French, as are the heads of the columns.
    title: str
    heads: tuple[str, ...]
    lines: tuple[Line, ...]
    #: What the lines add up to, column by column; None: they do not add up to anything.
    total: Line | None

    @property
    def told(self) -> tuple[Line, ...]:
        """The lines, and their total."""
        return self.lines if self.total is None else (*self.lines, self.total)


class Draft:
    """Tables before it is decided what must be withheld.

    Cells are added by (table, row, column), with the sums that relate them; then comes `decide`,
    once; then `figure` returns what may be published.
    """

    def __init__(self) -> None:
        self._cells: dict[Hashable, Cell] = {}
        self._sums: list[Sum] = []
        self._withheld: frozenset[Hashable] = frozenset()

    def total(self, column: Column, value: int) -> Hashable:
        """Add a total of the service, which is always published; return its key."""
        self._cells[column] = Cell(value, fixed=True)
        return column

    def cell(self, table: str, row: Hashable, column: Column, value: int, rank: int = 0) -> None:
        """Add a cell; those of the lowest rank are withheld first to cover others."""
        self._cells[table, row, column] = Cell(value, rank)

    def sum(self, total: Hashable, parts: Iterable[Hashable]) -> None:
        """Add that the cells `parts` add up to `total`; all are keys."""
        self._sums.append(Sum(total, tuple(parts)))

    def breakdown(
        self,
        table: str,
        rows: Mapping[Hashable, Counts],
        ranks: Mapping[Column, int],
        within_row: Mapping[Column, Sequence[Column]],
    ) -> None:
        """Add the cells of `rows` for the columns of `ranks`.

        Each column adds up to a total of the service, each row as `within_row` says.
        """
        whole = merged(rows.values())
        for column, rank in ranks.items():
            for row, counts in rows.items():
                self.cell(table, row, column, counts[column], rank)
            self.sum(self.total(column, whole[column]), [(table, row, column) for row in rows])
        for total, parts in within_row.items():
            for row in rows:
                self.sum((table, row, total), [(table, row, part) for part in parts])

    def decide(self) -> None:
        """Decide what must be withheld, once every cell and sum is there."""
        self._withheld = withheld(self._cells, self._sums)

    def figure(self, id_: str, table: str, row: Hashable, counts: Counts) -> Figure:
        """Return the figure of a row; withheld if one of its cells is."""
        definition = DEFINITIONS[id_]
        columns = (*definition.numerator, *definition.denominator)
        if any((table, row, column) in self._withheld for column in columns):
            return Figure(id_, None, withheld=True)
        return figure(id_, counts)


def total_line(figures: Iterable[Figure]) -> Line:
    """Return the line below a table."""
    return Line("total", "Ensemble", tuple(figures))


def modes_table(modes: Mapping[Mode, Counts]) -> Table:
    """Return what became of live calls and of callbacks.

    Nothing in it is withheld, as every number is a total of the service or follows from two that
    are published.
    """
    whole = merged(modes.values())
    return Table(
        "modes",
        "Appels directs et rappels",
        heads(MODE_FIGURES),
        tuple(
            Line(
                mode.value,
                MODE_NAMES[mode],
                tuple(figure(id_, modes.get(mode, {})) for id_ in MODE_FIGURES),
            )
            for mode in Mode
        ),
        total_line(figure(id_, whole) for id_ in MODE_FIGURES),
    )


def heads(ids: Iterable[str]) -> tuple[str, ...]:
    """Return what heads the columns of these figures, in French."""
    return tuple(DEFINITIONS[id_].short for id_ in ids)


def ranked(
    shown: Mapping[_K, tuple[Figure, ...]], names: Mapping[_K, str], whole: Sequence[Figure]
) -> tuple[tuple[Line, ...], Line]:
    """Return the lines, largest first, then one with the rest of the totals; and the totals.

    `disclosure` has made sure that the rest is not a small number, unless the total itself is one:
    then neither is shown.
    """
    lines = [Line(str(key), names[key], figures) for key, figures in shown.items()]
    lines.sort(key=lambda line: ([-(one.value or 0) for one in line.figures], line.name))
    rest, totals = [], []
    for place, total in enumerate(whole):
        told = [line.figures[place] for line in lines]
        value = (total.value or 0) - sum(one.value or 0 for one in told)
        small = 0 < value < MINIMUM
        rest.append(Figure(total.id, None if small else value, withheld=small))
        totals.append(Figure(total.id, None, withheld=True) if small else total)
    if any(one.value or one.withheld for one in rest):
        lines.append(Line(OTHERS, "Autres, et non publiés", tuple(rest)))
    return tuple(lines), total_line(totals)
