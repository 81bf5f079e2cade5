"""The token of a request, and what is said when it does not open."""

import pytest

from router.access import Keyring, Scope, Token, digest
from router.web.replies import Refused
from router.web.tokens import bearer, holder

TOKEN = Token("claire", Scope.SUPERVISE, digest("one"))
KEYRING = Keyring([TOKEN], lambda: 0.0)


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


def test_whoever_may_is_named() -> None:
    assert holder("Bearer one", KEYRING.holder, Scope.SUPERVISE) is TOKEN
    assert holder("Bearer one", KEYRING.holder, Scope.READ) is TOKEN


@pytest.mark.parametrize("header", [None, "", "Bearer two", "Basic one"])
def test_nobody_known(header: str | None) -> None:
    with pytest.raises(Refused) as raised:
        holder(header, KEYRING.holder, Scope.READ)
    assert (raised.value.status, raised.value.code) == (401, "unauthorized")


@pytest.mark.parametrize("scope", [Scope.AGENTS, Scope.CALLBACKS, Scope.ADMIN])
def test_for_something_else(scope: Scope) -> None:
    with pytest.raises(Refused) as raised:
        holder("Bearer one", KEYRING.holder, scope)
    refused = raised.value
    assert (refused.status, refused.code) == (403, "insufficient_scope")
    assert refused.more == {"scope": scope}
    assert scope in refused.message
    assert "claire" not in refused.message
