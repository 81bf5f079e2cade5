"""Values that are made by the million: events, commands, facts."""

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

_T = TypeVar("_T")


@dataclass_transform(frozen_default=True)
def value(cls: type[_T]) -> type[_T]:
    """Make a dataclass with slots, equality and hash that mypy holds to be frozen.

    At run time nothing forbids to assign a field: a frozen dataclass sets each of its own
    through `object.__setattr__`, which made every event and command cost three times as much.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)
