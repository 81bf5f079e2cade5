"""What callers choose from before the queue: menus and recorded information."""

from collections.abc import Mapping
from dataclasses import dataclass

from router.core.ids import MenuId, PageId, PromptId, SectorId

#: Sentences composed when they are played; plans list them among ordinary prompt ids.
SAY_HOURS = PromptId("@hours")
SAY_NEXT_OPENING = PromptId("@next-opening")
SPOKEN_ON_THE_SPOT = frozenset({SAY_HOURS, SAY_NEXT_OPENING})


@dataclass(frozen=True, slots=True)
class ToMenu:
    """Open another menu."""

    menu: MenuId


@dataclass(frozen=True, slots=True)
class ToSector:
    """Join the queue of a sector."""

    sector: SectorId


@dataclass(frozen=True, slots=True)
class ToPage:
    """Play recorded information."""

    page: PageId


@dataclass(frozen=True, slots=True)
class Repeat:
    """Play the menu again, this time with the keys that work everywhere."""


@dataclass(frozen=True, slots=True)
class Back:
    """Return to the previous menu."""


Choice = ToMenu | ToSector | ToPage | Repeat | Back


@dataclass(frozen=True, slots=True)
class Menu:
    """A menu. No key sequence is the beginning of another."""

    id: MenuId
    #: Played in order.
    prompts: tuple[PromptId, ...]
    #: Where each key, or sequence of keys, leads.
    keys: Mapping[str, Choice]


@dataclass(frozen=True, slots=True)
class Page:
    """Recorded information; afterwards the caller is back in the menu."""

    id: PageId
    #: Played in order.
    prompts: tuple[PromptId, ...]
