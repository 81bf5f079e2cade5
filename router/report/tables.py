"""Tables of what may be published, made of counts."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from router.report.columns import MODE_NAMES, Column, Counts, Mode
from router.report.counting import merged
from router.report.disclosure import MINIMUM, Cell, Sum, withheld
from router.report.figures import DEFINITIONS, OFFERED_IDS, Figure, figure

#: The key of the line that takes together what has none of its own.
OTHERS = "others"

MODE_FIGURES = ("total/1", "self-service/2", "closed/1", *OFFERED_IDS, "pickup/2")

_K = TypeVar("_K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a table."""

    key: str
    #: French.
    name: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A breakdown; each line has one figure under each of `heads` (French)."""

    id: str
    title: str
    heads: tuple[str, ...]
    lines: tuple[Line, ...]
    #: What the lines add up to, figure by figure; None: they are no parts of anything.
    total: Line | None

    @property
    def told(self) -> tuple[Line, ...]:
        """The lines, and their total."""
        return self.lines if self.total is None else (*self.lines, self.total)


class Draft:
    """Tables before it is known what must be withheld: cells by (table, row, column)."""

    def __init__(self) -> None:
        self._cells: dict[Hashable, Cell] = {}
        self._sums: list[Sum] = []
        self._withheld: frozenset[Hashable] = frozenset()

    def total(self, column: Column, value: int) -> Hashable:
        """Add a total of the service."""
        self._cells[column] = Cell(value, fixed=True)
        return column

    def cell(self, table: str, row: Hashable, column: Column, value: int, rank: int = 0) -> None:
        self._cells[table, row, column] = Cell(value, rank)

    def sum(self, total: Hashable, parts: Iterable[Hashable]) -> None:
        self._sums.append(Sum(total, tuple(parts)))

    def breakdown(
        self,
        table: str,
        rows: Mapping[Hashable, Counts],
        ranks: Mapping[Column, int],
        within_row: Mapping[Column, Sequence[Column]],
    ) -> None:
        """Add cells of `rows`; each column sums to its total, and each row as `within_row`."""
        whole = merged(rows.values())
        for column, rank in ranks.items():
            for row, counts in rows.items():
                self.cell(table, row, column, counts[column], rank)
            self.sum(self.total(column, whole[column]), [(table, row, column) for row in rows])
        for total, parts in within_row.items():
            for row in rows:
                self.sum((table, row, total), [(table, row, part) for part in parts])

    def decide(self) -> None:
        self._withheld = withheld(self._cells, self._sums)

    def figure(self, id_: str, table: str, row: Hashable, counts: Counts) -> Figure:
        """Return the figure, or that it is withheld: one of its cells is."""
        definition = DEFINITIONS[id_]
        columns = (*definition.numerator, *definition.denominator)
        if any((table, row, column) in self._withheld for column in columns):
            return Figure(id_, None, withheld=True)
        return figure(id_, counts)


def total_line(figures: Iterable[Figure]) -> Line:
    return Line("total", "Ensemble", tuple(figures))


def modes_table(modes: Mapping[Mode, Counts]) -> Table:
    """Return what became of live calls and of callbacks.

    Nothing in it is withheld: every number is a total of the service, or follows from two that
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
    return tuple(DEFINITIONS[id_].short for id_ in ids)


def ranked(
    shown: Mapping[_K, tuple[Figure, ...]], names: Mapping[_K, str], whole: Sequence[Figure]
) -> tuple[tuple[Line, ...], Line]:
    """Return the lines, largest first, with what is missing to the totals as the last one; and
    the totals.

    `disclosure` has seen to it that what is missing is no small number, but where the total is:
    then neither is told.
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
