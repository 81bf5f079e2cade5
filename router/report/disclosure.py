"""Which numbers must not be published, so that nobody can be recognised among few.

A small cell (1 to 4) is withheld, and with it as many others as it takes for its value not to
follow from the sums that are published: statistical disclosure control by cell suppression
(Hundepool et al., "Statistical Disclosure Control", 2012, ch. 4). Which of the cells withheld is
the small one is not shown either.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

#: The smallest number published in a breakdown, apart from 0.
MINIMUM = 5

#: Elimination is done modulo this prime, 2^61 − 1: no fractions, no large numbers, and an error
#: with a probability of about 10^-18 at each step.
_PRIME = (1 << 61) - 1


@dataclass(frozen=True, slots=True)
class Cell:
    """A count."""

    value: int
    #: Cells of the lowest rank are withheld first to cover another; of these the smallest.
    rank: int = 0
    #: Whether it is published whatever its value: the totals of the service are.
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class Sum:
    """That `total` is the sum of `parts`, which every reader knows."""

    total: Hashable
    parts: tuple[Hashable, ...]


def withheld(cells: Mapping[Hashable, Cell], sums: Sequence[Sum]) -> frozenset[Hashable]:
    """Return the keys of the cells that must not be published.

    As far as there are enough cells to withhold: none of them follows from the published ones and
    `sums`, and those missing from a sum do not add up to a small number.

    Of 3 + 8 + 40 = 51 calls, the 3 are withheld, and the 8 so that the 3 cannot be calculated:

    >>> cells = {"law": Cell(3), "work": Cell(8), "home": Cell(40), "all": Cell(51, fixed=True)}
    >>> sorted(withheld(cells, [Sum("all", ("law", "work", "home"))]))
    ['law', 'work']
    """
    hidden = {key for key, cell in cells.items() if 0 < cell.value < MINIMUM and not cell.fixed}
    settled = False
    while not settled:
        settled = True
        for one in sums:
            cover = _cover(one, cells, hidden)
            if cover is not None:
                hidden.add(cover)
                settled = False
        if settled:
            covers = _covers_of_determined(cells, sums, hidden)
            hidden.update(covers)
            settled = not covers
    return frozenset(hidden)


def _cover(one: Sum, cells: Mapping[Hashable, Cell], hidden: set[Hashable]) -> Hashable | None:
    """Return the next cell to withhold so that this sum gives nothing away; None: none needed."""
    parts = [part for part in one.parts if part in hidden]
    alone = len(parts) + (one.total in hidden) == 1
    missing = sum(cells[part].value for part in parts)
    few = bool(parts) and one.total not in hidden and missing < MINIMUM
    if not alone and not few:
        return None
    return _cheapest((*one.parts, one.total), cells, hidden, zeros=alone)


def _cheapest(
    members: Sequence[Hashable],
    cells: Mapping[Hashable, Cell],
    hidden: set[Hashable],
    *,
    zeros: bool,
) -> Hashable | None:
    """Return the cell that is the least loss; a zero only if there is nothing else."""
    able = [
        key
        for key in members
        if key not in hidden and not cells[key].fixed and (zeros or cells[key].value)
    ]
    return min(
        able,
        key=lambda key: (cells[key].value == 0, cells[key].rank, cells[key].value),
        default=None,
    )


def _covers_of_determined(
    cells: Mapping[Hashable, Cell], sums: Sequence[Sum], hidden: set[Hashable]
) -> list[Hashable]:
    """Return one more cell to withhold for each sum with a cell that all sums together reveal."""
    determined = _determined(sums, hidden)
    covers: list[Hashable] = []
    for one in sums:
        if any(key in determined for key in (one.total, *one.parts)):
            cover = _cheapest(
                (*one.parts, one.total), cells, hidden | set(covers), zeros=not covers
            )
            if cover is not None:
                covers.append(cover)
    return covers


def _determined(sums: Sequence[Sum], hidden: set[Hashable]) -> set[Hashable]:
    """Return the cells of `hidden` whose values follow from the sums.

    They are those that stand alone in a row of the reduced echelon form.
    """
    reduced: dict[Hashable, dict[Hashable, int]] = {}
    for one in sums:
        row = {part: 1 for part in one.parts if part in hidden}
        if one.total in hidden:
            row[one.total] = -1
        for pivot in [key for key in row if key in reduced]:
            _subtract(row, reduced[pivot], row[pivot])
        if not row:
            continue
        pivot = next(iter(row))
        inverse = pow(row[pivot], -1, _PRIME)
        row = {key: value * inverse % _PRIME for key, value in row.items()}
        for other in reduced.values():
            if pivot in other:
                _subtract(other, row, other[pivot])
        reduced[pivot] = row
    return {pivot for pivot, row in reduced.items() if len(row) == 1}


def _subtract(row: dict[Hashable, int], other: Mapping[Hashable, int], times: int) -> None:
    """Subtract `times` the `other` row from `row`, modulo the prime."""
    for key, value in other.items():
        rest = (row.get(key, 0) - times * value) % _PRIME
        if rest:
            row[key] = rest
        else:
            row.pop(key, None)
