"""Known is whoever has a token of the secrets, or one that the router has taken."""

from router.access import Keyring, Scope, Token, digest
from router.intake.known_tokens import KnownTokens

OURS = Token("ours", Scope.READ, digest("ours"))


def known_tokens() -> KnownTokens:
    return KnownTokens(Keyring([OURS], lambda: 0.0))


def test_those_of_the_secrets_are_known_and_no_others() -> None:
    known = known_tokens()
    assert "ours" in known
    assert "theirs" not in known
    assert "" not in known


def test_one_that_the_router_takes_is_known_until_it_takes_it_no_more() -> None:
    known = known_tokens()
    known.note("of a session", 200)
    known.note("refused", 401)
    known.note("", 200)
    assert "of a session" in known
    assert "refused" not in known
    assert "" not in known
    for status in (409, 503):  # for other reasons
        known.note("of a session", status)
        assert "of a session" in known
    known.note("of a session", 401)
    assert "of a session" not in known


def test_who_was_not_heard_of_for_longest_is_forgotten() -> None:
    known = known_tokens()
    known.note("in use", 200)
    known.note("not in use", 200)
    for number in range(998):
        known.note(f"token {number}", 200)
    known.note("in use", 200)
    known.note("one more", 200)
    assert "in use" in known
    assert "one more" in known
    assert "not in use" not in known
