"""Everything published added up again: lines to their totals, classes to what they are of, and
every quotient from the numbers that stand beside it. Whatever is published is walked, so that a
new table, column or figure is looked at without being named here.
"""

from collections.abc import Iterator, Mapping, Sequence

from router.report.definition import Definition, Unit
from router.report.figures import OFFERED_IDS, Figure
from router.report.tables import Table
from router.report.words import percent, shown

#: Whole = parts, where a line tells the whole and any of these parts beside the first.
IDENTITIES: Mapping[str, Sequence[str]] = {
    "total/1": ("offered/2", "closed/1", "self-service/2"),
    OFFERED_IDS[0]: OFFERED_IDS[1:],
    "invited/1": ("published-votes/1", "late-votes/1", "lost-votes/1"),
}


def faults(
    lines: Sequence[tuple[str, Sequence[Figure]]],
    tables: Mapping[str, Table],
    definitions: Mapping[str, Definition],
) -> list[str]:
    """Return every number that is not what the others make of it."""
    rows = [*lines]
    for id_, table in tables.items():
        rows += [(f"{id_}: {line.name}", line.figures) for line in table.told]
    return [
        *(fault for place, row in rows for fault in _of_row(place, row, definitions)),
        *(fault for table in tables.values() for fault in _of_table(table, definitions)),
    ]


def _of_row(
    place: str, row: Sequence[Figure], definitions: Mapping[str, Definition]
) -> Iterator[str]:
    told = {one.id: one for one in row}
    for whole, parts in IDENTITIES.items():
        if whole not in told or not any(part in told for part in parts[1:]):
            continue
        if not all(part in told for part in parts):
            yield f"{place}: {whole} without {[part for part in parts if part not in told]}"
        elif not any(told[id_].withheld for id_ in (whole, *parts)) and told[whole].value != sum(
            told[part].value or 0 for part in parts
        ):
            yield f"{place}: {whole} is not the sum of {parts}"
    counted = {
        definitions[one.id].numerator: one for one in row if definitions[one.id].unit is Unit.COUNT
    }
    for one in row:
        definition = definitions[one.id]
        if one.denominator is None or one.withheld:
            continue
        assert one.numerator is not None
        made = one.numerator / one.denominator if one.denominator else None
        if one.value != made:
            yield f"{place}: {one.id} is {one.value}, not {made}"
        for columns, part in (
            (definition.numerator, one.numerator),
            (definition.denominator, one.denominator),
        ):
            beside = counted.get(columns) if columns else None
            if beside is not None and not beside.withheld and beside.value != part:
                yield f"{place}: {one.id} is of {part}, but {beside.id} says {beside.value}"
        if (
            definition.unit is Unit.SHARE
            and made is not None
            and shown(one, definitions) != percent(made)
        ):
            yield f"{place}: {one.id} is printed as {shown(one, definitions)}"


def _of_table(table: Table, definitions: Mapping[str, Definition]) -> Iterator[str]:
    for line in table.told:
        if len(line.figures) != len(table.heads):
            yield f"{table.id}: {line.name} has {len(line.figures)} figures"
    if table.total is None:
        return
    for place, total in enumerate(table.total.figures):
        column = [line.figures[place] for line in table.lines]
        if total.withheld:
            continue
        if any(one.withheld for one in column):
            if definitions[total.id].unit is Unit.COUNT and not _value(total) >= sum(
                map(_value, column)
            ):
                yield f"{table.id}: {table.heads[place]} has more in its lines than in all"
        elif definitions[total.id].unit is Unit.COUNT:
            if total.value != sum(map(_value, column)):
                yield f"{table.id}: {table.heads[place]} does not add up to {total.value}"
        elif total.denominator is not None:
            parts = (
                sum(one.numerator or 0 for one in column),
                sum(one.denominator or 0 for one in column),
            )
            if (total.numerator, total.denominator) != parts:
                yield f"{table.id}: {table.heads[place]} is not that of its lines together"


def _value(figure: Figure) -> float:
    return figure.value or 0
