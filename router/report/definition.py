"""How a figure is defined: by an id, a name, and what is added up or divided.

A definition never changes under its id: another way of counting is another version
("service-level/2"), so that figures of different years can be compared, or are seen not to be
comparable.

Every word that is published has one definition, whatever is counted: figures of live calls alone
have columns of their own, so that no rate changes its meaning with its surroundings.
"""

from dataclasses import dataclass
from enum import StrEnum

from router.report.columns import Column


class Unit(StrEnum):
    """What a figure's value is in."""

    COUNT = "count"
    #: From 0 to 1, shown in per cent.
    SHARE = "share"
    SECONDS = "seconds"
    #: With decimals: a mean or a ratio.
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Definition:
    """How a figure is made: the sum of `numerator`, over that of `denominator` if there is one."""

    #: With its version, for example "offered/2".
    id: str
    #: In French, for people.
    name: str
    #: The same, short enough to head a table's column.
    short: str
    numerator: tuple[Column, ...]
    #: Empty: the figure is a plain count.
    denominator: tuple[Column, ...]
    unit: Unit
    #: In English words, with the source where the figure has one.
    formula: str
    #: The same in one French sentence, for readers of the report.
    sentence: str = ""


def count_of(
    id_: str, name: str, short: str, column: Column, formula: str, sentence: str = ""
) -> Definition:
    """Return the definition of a plain count of one column."""
    return Definition(id_, name, short, (column,), (), Unit.COUNT, formula, sentence)
