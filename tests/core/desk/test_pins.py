import pytest

from router.core.desk.pins import Pins
from router.core.ids import AgentId

PINS = Pins({AgentId("101"): "1234", AgentId("102"): "000000"})


@pytest.mark.parametrize(
    ("agent", "typed", "right"),
    [
        ("101", "1234", True),
        ("101", "1235", False),
        ("101", "123", False),
        ("101", "12345", False),
        ("101", "", False),
        ("101", "000000", False),
        ("102", "000000", True),
        ("999", "1234", False),
        ("999", "", False),  # nobody's PIN is the empty one
    ],
)
def test_a_pin_opens_one_informateurs_desk(agent: str, typed: str, right: bool) -> None:
    assert PINS.matches(AgentId(agent), typed) is right


@pytest.mark.parametrize("typed", ["é", "１２３４", "12\0", "A234"])
def test_an_entry_that_is_no_number_never_matches_and_never_raises(typed: str) -> None:
    assert not PINS.matches(AgentId("101"), typed)


def test_pins_are_not_shown() -> None:
    assert repr(PINS) == "Pins(2)"
    assert "1234" not in str(PINS)


def test_a_key_is_of_one_informateur_one_pin_and_one_secret() -> None:
    one, other = AgentId("101"), AgentId("102")
    keys = {
        PINS.key(one, b"secret"),
        PINS.key(other, b"secret"),
        PINS.key(one, b"another"),
        Pins({one: "1235"}).key(one, b"secret"),
        Pins({}).key(one, b"secret"),
    }
    assert len(keys) == 5
    assert Pins({one: "1234"}).key(one, b"secret") == PINS.key(one, b"secret")
