"""Tokens: what each scope opens, whose one is, and until when."""

import pytest

from router.access import OPENS, Keyring, Scope, Token, digest

NOW = 1_000.0


def keyring(*tokens: Token, now: float = NOW) -> Keyring:
    return Keyring(tokens, lambda: now)


def token(value: str, name: str = "one", **more: float) -> Token:
    return Token(name, Scope.READ, digest(value), until=more.get("until"))


def test_whose_token_it_is() -> None:
    one, two = token("first", "one"), token("second", "two")
    ring = keyring(one, two)
    assert ring.holder("second") is two
    assert ring.holder("first") is one
    for other in ("First", "firs", "first ", ""):
        assert ring.holder(other) is None


def test_an_empty_token_opens_nothing() -> None:
    assert keyring(token("")).holder("") is None


def test_bytes_that_are_no_text_are_only_a_wrong_token() -> None:
    assert keyring(token("first")).holder("\udce9") is None  # as aiohttp reads the byte E9


@pytest.mark.parametrize(("now", "opens"), [(NOW - 1, True), (NOW, False), (NOW + 1, False)])
def test_a_token_opens_until_its_end(now: float, opens: bool) -> None:
    over_soon = token("first", until=NOW)
    assert (keyring(over_soon, now=now).holder("first") is over_soon) is opens


def test_a_ring_is_replaced_as_a_whole() -> None:
    ring = keyring(token("first"))
    ring.replace([token("second")])
    assert ring.holder("first") is None
    assert ring.holder("second") is not None


def test_what_each_scope_opens() -> None:
    """In the order: read, agents, supervise, callbacks, admin."""
    opened = {scope: [one.opens(scope) for one in by_scope()] for scope in Scope}
    assert opened == {
        Scope.READ: [True, False, True, False, True],
        Scope.AGENTS: [False, True, False, False, False],
        Scope.SUPERVISE: [False, False, True, False, True],
        Scope.CALLBACKS: [False, False, False, True, True],
        Scope.ADMIN: [False, False, False, False, True],
    }
    assert OPENS.keys() == set(Scope)


def by_scope() -> list[Token]:
    return [Token(scope, scope, digest(scope)) for scope in Scope]


def test_a_token_does_not_show_its_value() -> None:
    assert "first" not in repr(token("first"))
    assert str(digest("first")) not in repr(token("first"))
