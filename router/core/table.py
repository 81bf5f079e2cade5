"""A life as a table: what handles each event in each state, and which states may follow.

A pair (state, event) without a row is late, repeated or impossible: it is counted and ignored. A
handler may always leave the state as it is; any other state that its row does not name is a defect,
counted under OUTSIDE (under tests an error: tests/conftest.py).
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

from router.core.legs import Owner

#: What happened: the class of an event or a request, or something that the engine noticed itself.
What = type[Any] | StrEnum
#: How the names of counts begin: of ignored events, and of transitions that no row allows.
IGNORED = "ignored "
OUTSIDE = "outside the table: "

S = TypeVar("S", bound=StrEnum)
L = TypeVar("L", bound="Living")
E = TypeVar("E")


class Living(Owner, Protocol):
    """An owner of channels with a life, and so with a state."""

    @property
    def state(self) -> StrEnum:
        """Where in its life it is."""


@dataclass(frozen=True, slots=True)
class Row(Generic[S, L]):
    """In `state`, when `what` happens, `answer` is called."""

    state: S
    what: What
    #: Takes the owner, and the event if `tells`.
    answer: Callable[..., Any]
    tells: bool
    #: The other states that may follow.
    leads_to: tuple[S, ...]


def when(state: S, what: What, answer: Callable[[L], Any], *leads_to: S) -> Row[S, L]:
    """Return the row for something of which it matters only that it happened."""
    return Row(state, what, answer, False, leads_to)


def told(
    state: S,
    event: type[E],
    answer: Callable[[L, E], Any],
    *leads_to: S,
    as_: StrEnum | None = None,
) -> Row[S, L]:
    """Return the row for an event whose contents matter; `as_`: under another name."""
    return Row(state, as_ or event, answer, True, leads_to)


def name_of(what: What) -> str:
    """Return its name in counts and drawings."""
    return what.value if isinstance(what, StrEnum) else what.__name__


class Table(Generic[S, L]):
    """The rows of one kind of life.

    `place` is put before the names of states in `counts`.

    Raises:
        ValueError: If a pair has two rows.
    """

    def __init__(
        self, place: str, states: type[S], rows: Iterable[Row[S, L]], counts: Counter[str]
    ) -> None:
        self.rows = tuple(rows)
        self._place = place
        self._counts = counts
        self._rows: dict[StrEnum, dict[What, Row[S, L]]] = {state: {} for state in states}
        for row in self.rows:
            if row.what in self._rows[row.state]:
                raise ValueError(f"two rows for {name_of(row.what)} in {row.state}")
            self._rows[row.state][row.what] = row

    def has(self, state: StrEnum, what: What) -> bool:
        """Return whether there is a row for the pair."""
        return what in self._rows[state]

    def answer(self, owner: L, what: What, event: Any = None) -> Any:
        """Call the row's handler and return its result; without a row, count it, return None."""
        before = owner.state
        row = self._rows[before].get(what)
        if row is None:
            self._counts[f"{IGNORED}{name_of(what)} in {self._place}{before}"] += 1
            return None
        answer = row.answer
        reply = answer(owner, event) if row.tells else answer(owner)
        after = owner.state
        if after is not before and after not in row.leads_to:
            self.outside(row, after)
        return reply

    def outside(self, row: Row[S, L], after: StrEnum) -> None:
        """Count a transition that no row allows, which is a defect of ours."""
        pair = f"{name_of(row.what)} in {self._place}{row.state}"
        self._counts[f"{OUTSIDE}{pair} -> {after}"] += 1
