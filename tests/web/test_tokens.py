"""Bearer tokens."""

import pytest

from router.web.tokens import bearer, is_token, whose

TOKENS = {"101": "one", "102": "two", "103": ""}


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer one", "one"),
        ("bearer  one ", "one"),
        ("one", ""),
        ("Basic one", ""),
        ("Bearer", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_the_token_of_a_header(header: str | None, token: str) -> None:
    assert bearer(header) == token


def test_whose_token_it_is() -> None:
    assert whose("two", TOKENS) == "102"
    assert whose("One", TOKENS) is None
    assert whose("on", TOKENS) is None


def test_an_empty_token_opens_nothing() -> None:
    assert whose("", TOKENS) is None
    assert not is_token("", "")


def test_bytes_that_are_no_text_are_only_a_wrong_token() -> None:
    assert whose("\udce9", TOKENS) is None  # as aiohttp reads the byte E9
