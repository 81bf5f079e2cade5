"""A life as a table: what has no row is ignored, and what no row allows is noticed."""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

import pytest

from router.core.ids import PlaybackId
from router.core.table import OUTSIDE, Row, Table, told, when


class Light(StrEnum):
    RED = "red"
    GREEN = "green"
    BROKEN = "broken"


class Tick:
    def __init__(self, seconds: int = 1) -> None:
        self.seconds = seconds


@dataclass
class Lamp:
    state: Light = Light.RED
    playback: PlaybackId | None = None
    seconds: int = 0


def to_green(lamp: Lamp) -> str:
    lamp.state = Light.GREEN
    return "changed"


def count(lamp: Lamp, tick: Tick) -> None:
    lamp.seconds += tick.seconds


def smash(lamp: Lamp) -> None:
    lamp.state = Light.BROKEN


def table(*rows: Row[Light, Lamp]) -> tuple[Table[Light, Lamp], Counter[str]]:
    counts: Counter[str] = Counter()
    return Table("lamp ", Light, rows, counts), counts


def test_the_handler_of_the_row_answers() -> None:
    lights, counts = table(when(Light.RED, Tick, to_green, Light.GREEN))
    lamp = Lamp()

    assert lights.answer(lamp, Tick) == "changed"
    assert lamp.state is Light.GREEN
    assert not counts


def test_it_is_given_the_event_where_that_matters() -> None:
    lights, _ = table(told(Light.RED, Tick, count))
    lamp = Lamp()
    lights.answer(lamp, Tick, Tick(7))

    assert lamp.seconds == 7


def test_a_pair_without_a_row_is_counted_and_ignored() -> None:
    lights, counts = table(when(Light.GREEN, Tick, smash, Light.BROKEN))
    lamp = Lamp()

    assert lights.answer(lamp, Tick) is None
    assert lamp.state is Light.RED
    assert counts == {"ignored Tick in lamp red": 1}
    assert (lights.has(Light.RED, Tick), lights.has(Light.GREEN, Tick)) == (False, True)


def test_a_handler_may_leave_the_state_as_it_is() -> None:
    lights, counts = table(when(Light.RED, Tick, lambda lamp: None))
    lights.answer(Lamp(), Tick)

    assert not counts


def test_a_transition_outside_the_table_is_counted_in_service(
    lenient_tables: None,
) -> None:
    lights, counts = table(when(Light.RED, Tick, smash, Light.GREEN))
    lights.answer(Lamp(), Tick)

    assert counts == {f"{OUTSIDE}Tick in lamp red -> broken": 1}


def test_a_transition_outside_the_table_is_an_error_under_tests() -> None:
    lights, _ = table(when(Light.RED, Tick, smash, Light.GREEN))

    with pytest.raises(AssertionError, match="outside the table: Tick in red -> broken"):
        lights.answer(Lamp(), Tick)


def test_a_pair_has_one_row() -> None:
    with pytest.raises(ValueError, match="two rows for Tick in red"):
        table(when(Light.RED, Tick, smash), when(Light.RED, Tick, to_green))
