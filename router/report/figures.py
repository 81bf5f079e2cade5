"""Figures: what the definitions make of counts."""

from collections.abc import Mapping
from dataclasses import dataclass

from router.report.call_definitions import CALLS
from router.report.columns import Column
from router.report.definition import Definition
from router.report.vote_definitions import VOTES_AND_NOTES

#: Every definition, by id.
DEFINITIONS: Mapping[str, Definition] = {one.id: one for one in (*CALLS, *VOTES_AND_NOTES)}
#: The definitions of `Column.OFFERED`, then of each of its classes.
OFFERED_IDS = (
    *("offered/2", "answered/1", "abandoned/2", "refused/2", "called-back/1"),
    *("not-reached/1", "withdrawn/1", "broken/1"),
)


@dataclass(frozen=True, slots=True)
class Figure:
    """A value, and the two sums that it is a ratio of, if it is one."""

    #: Its definition's.
    id: str
    #: In the definition's unit; None: nothing to divide by, or withheld.
    value: float | None
    numerator: int | None = None
    denominator: int | None = None
    #: Not published: it is less than five, or would give away such a number.
    withheld: bool = False


def figure(
    id_: str,
    counts: Mapping[Column, int],
    definitions: Mapping[str, Definition] = DEFINITIONS,
) -> Figure:
    """Return what the definition `id_` makes of `counts`; a column that is missing counts 0.

    >>> counts = {Column.ANSWERED: 7, Column.OFFERED: 8}
    >>> figure("answered/1", counts).value, figure("pickup/2", counts).value
    (7, 0.875)

    Raises:
        KeyError: If there is no such definition.
    """
    definition = definitions[id_]
    numerator = sum(counts.get(column, 0) for column in definition.numerator)
    if not definition.denominator:
        return Figure(id_, numerator)
    denominator = sum(counts.get(column, 0) for column in definition.denominator)
    return Figure(id_, numerator / denominator if denominator else None, numerator, denominator)
