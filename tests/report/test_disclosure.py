"""No number from one to four is published, and none can be calculated."""

from collections.abc import Hashable, Mapping, Sequence
from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.report.disclosure import MINIMUM, Cell, Sum, withheld


def determined(hidden: frozenset[Hashable], sums: Sequence[Sum]) -> set[Hashable]:
    """Return what an attacker who knows the rest can calculate; by ranks, unlike `disclosure`."""
    if not hidden:
        return set()
    unknown = sorted(hidden, key=repr)
    matrix = np.array(
        [
            [(key in one.parts) - (key == one.total) for key in unknown]
            for one in sums
            if hidden & {one.total, *one.parts}
        ],
        dtype=float,
    )
    rank = np.linalg.matrix_rank(matrix)
    return {
        key
        for place, key in enumerate(unknown)
        if np.linalg.matrix_rank(np.vstack([matrix, np.eye(len(unknown))[place]])) == rank
    }


def square(
    rows: Sequence[Sequence[int]], *, inner_totals: bool
) -> tuple[dict[Hashable, Cell], list[Sum]]:
    """Return a table with totals; those of the rows may be withheld if `inner_totals`."""
    cells: dict[Hashable, Cell] = {}
    for r, row in enumerate(rows):
        for c, value in enumerate(row):
            cells[r, c] = Cell(value)
        cells["row", r] = Cell(sum(row), rank=1, fixed=not inner_totals)
    width = len(rows[0])
    for c in range(width):
        cells["column", c] = Cell(sum(row[c] for row in rows), fixed=True)
    sums = [Sum(("row", r), tuple((r, c) for c in range(width))) for r in range(len(rows))]
    sums += [Sum(("column", c), tuple((r, c) for r in range(len(rows)))) for c in range(width)]
    return cells, sums


def tables() -> st.SearchStrategy[list[list[int]]]:
    values = st.sampled_from((0, 0, 1, 2, 3, 4, 5, 6, 8, 12, 40))
    sizes = st.tuples(st.integers(1, 6), st.integers(1, 6))
    return sizes.flatmap(
        lambda size: st.lists(
            st.lists(values, min_size=size[0], max_size=size[0]), min_size=size[1], max_size=size[1]
        )
    )


@given(rows=tables(), inner_totals=st.booleans())
def test_no_small_cell_is_published_nor_found_again(
    rows: list[list[int]], inner_totals: bool
) -> None:
    cells, sums = square(rows, inner_totals=inner_totals)
    hidden = withheld(cells, sums)

    for key, cell in cells.items():
        assert cell.fixed or key in hidden or not 0 < cell.value < MINIMUM
        assert not (cell.fixed and key in hidden)
    for key in determined(hidden, sums):
        assert all_withheld(key, cells, sums, hidden), key
    for one in sums:
        missing = sum(cells[part].value for part in one.parts if part in hidden)
        if 0 < missing < MINIMUM and one.total not in hidden:
            rest = [part for part in one.parts if part not in hidden and cells[part].value]
            assert all(cells[part].fixed for part in rest)


def all_withheld(
    key: Hashable,
    cells: Mapping[Hashable, Cell],
    sums: Sequence[Sum],
    hidden: frozenset[Hashable],
) -> bool:
    """Whether there is nothing left to withhold beside `key`, given the totals of the service."""
    beside = chain.from_iterable(
        (one.total, *one.parts) for one in sums if key in (one.total, *one.parts)
    )
    return all(other in hidden or cells[other].fixed for other in beside)


def test_numbers_that_are_large_enough_are_all_published() -> None:
    assert withheld(*square([[5, 9], [0, 12]], inner_totals=False)) == frozenset()


def test_the_next_smallest_covers_a_single_small_one() -> None:
    cells: dict[Hashable, Cell] = {
        "total": Cell(111, fixed=True),
        "a": Cell(3),
        "b": Cell(100),
        "c": Cell(8),
    }
    assert withheld(cells, [Sum("total", ("a", "b", "c"))]) == {"a", "c"}


def test_small_ones_that_are_few_together_are_covered_too() -> None:
    cells: dict[Hashable, Cell] = {
        "total": Cell(52, fixed=True),
        "a": Cell(1),
        "b": Cell(1),
        "c": Cell(50),
    }
    assert withheld(cells, [Sum("total", ("a", "b", "c"))]) == {"a", "b", "c"}


def test_a_lower_rank_covers_first() -> None:
    cells: dict[Hashable, Cell] = {
        "row": Cell(63, rank=1),
        "a": Cell(3, rank=2),
        "b": Cell(60, rank=2),
    }
    assert withheld(cells, [Sum("row", ("a", "b"))]) == {"row", "a"}


def test_a_zero_covers_when_nothing_else_can() -> None:
    cells: dict[Hashable, Cell] = {
        "total": Cell(3, fixed=True),
        "a": Cell(3),
        "b": Cell(0),
        "c": Cell(0),
    }
    assert withheld(cells, [Sum("total", ("a", "b", "c"))]) == {"a", "b"}


@pytest.mark.parametrize("small", [1, 4])
def test_what_two_sums_together_give_away_is_covered(small: int) -> None:
    """Two rows and two columns with two unknowns each, and a cell that links two such squares.

    Each sum alone hides it, but all together reveal it.
    """
    far, near = 20, 30
    rows = [
        [3, 3, far, far],
        [3, 3, small, far],
        [near, near, 3, 3],
        [near, near, 3, 3],
    ]
    cells, sums = square(rows, inner_totals=False)
    bridge = (1, 2)
    naive = frozenset(key for key, cell in cells.items() if not cell.fixed and cell.value < 5)
    assert bridge in determined(naive, sums)
    hidden = withheld(cells, sums)
    assert not determined(hidden, sums)
