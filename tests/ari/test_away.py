"""What router, fallback and dialplan tell each other by Asterisk's variables."""

import pytest

from router.ari.away import End, is_renewed, read_served, served_text


def test_whom_the_fallback_has_served_is_read_as_it_was_written() -> None:
    served = {End.HANDED_OVER: 12, End.HUNG_UP: 1}
    assert served_text(served) == "12 0 1"
    assert read_served(served_text(served)) == {End.TOLD: 0, **served}


@pytest.mark.parametrize("text", ["", "1", "1 2", "1 2 3 4", "1 2 x", "-1 2 3"])
def test_whatever_else_it_holds_says_nothing(text: str) -> None:
    assert read_served(text) is None


@pytest.mark.parametrize(
    ("lease", "renewed"),
    [("1005", True), ("1000", True), ("996", True), ("990", False), ("", False), ("soon", False)],
)
def test_a_sign_is_good_for_a_while(lease: str, renewed: bool) -> None:
    assert is_renewed(lease, 1000.0) is renewed
