"""Who may do what over HTTP: tokens, each with a name, a scope and perhaps an end.

A token's value is nowhere but in the secrets and with whoever presents it: here is its digest.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from router.core.ids import AgentId


class Scope(StrEnum):
    """What a token is for."""

    #: See: access codes, readiness, metrics.
    READ = "read"
    #: Work at the desk of one informateur.
    AGENTS = "agents"
    #: See every desk and take part in calls; and see.
    SUPERVISE = "supervise"
    #: Ask for callbacks without a puzzle: servers of web sites.
    CALLBACKS = "callbacks"
    #: Everything but a desk, which is somebody's own.
    ADMIN = "admin"


#: What each scope opens.
OPENS: Mapping[Scope, frozenset[Scope]] = {
    Scope.READ: frozenset({Scope.READ}),
    Scope.AGENTS: frozenset({Scope.AGENTS}),
    Scope.SUPERVISE: frozenset({Scope.SUPERVISE, Scope.READ}),
    Scope.CALLBACKS: frozenset({Scope.CALLBACKS}),
    Scope.ADMIN: frozenset(Scope) - {Scope.AGENTS},
}


@dataclass(frozen=True, slots=True)
class Token:
    """What somebody presents, by its digest."""

    #: What audits keep.
    name: str
    scope: Scope
    digest: bytes = field(repr=False)
    #: The informateur whose desk it opens: for `Scope.AGENTS`, and for no other.
    agent: AgentId | None = None
    #: From when on it opens nothing, UTC epoch seconds; None: it has no end.
    until: float | None = None

    def opens(self, needed: Scope) -> bool:
        """Return whether it opens what needs this scope."""
        return needed in OPENS[self.scope]


class Keyring:
    """All tokens. `now` is the world's time, not a rehearsal's: ends are given in it."""

    def __init__(self, tokens: Iterable[Token], now: Callable[[], float]) -> None:
        self._tokens = tuple(tokens)
        self._now = now

    def replace(self, tokens: Iterable[Token]) -> None:
        """Let these, and no others, open from now on."""
        self._tokens = tuple(tokens)

    def holder(self, presented: str) -> Token | None:
        """Return the token that was presented; None if it is unknown, over or empty.

        All are compared, each in constant time, so that the time taken reveals nothing.
        """
        given, now, found = digest(presented), self._now(), None
        for token in self._tokens:
            is_it = hmac.compare_digest(given, token.digest)
            if is_it and presented and (token.until is None or now < token.until):
                found = token
        return found


def digest(value: str) -> bytes:
    """Return what is compared: all digests are of one length."""
    # Bytes of a header that are not UTF-8 arrive as lone surrogates.
    return hashlib.sha256(value.encode("utf-8", "surrogateescape")).digest()
