"""The tokens that the secrets give out: whose each is, what it opens and until when."""

from collections.abc import Iterator

from router.access import Scope, Token, digest
from router.config.secrets import Secrets
from router.core.ids import AgentId


def tokens_of(given: Secrets) -> tuple[Token, ...]:
    """Return every token, those included that have been replaced and still open for a while."""
    return tuple(_tokens(given))


def _tokens(given: Secrets) -> Iterator[Token]:
    for place, name, scope, value, agent in _holders(given):
        yield Token(name, scope, digest(value), agent)
        if (old := given.grace.get(place)) is not None:
            yield Token(name, scope, digest(old.value), agent, old.until.timestamp())


def _holders(given: Secrets) -> Iterator[tuple[str, str, Scope, str, AgentId | None]]:
    """Yield where each token is in the secrets, its name, its scope, its value and its desk."""
    yield "api_key", "api_key", Scope.ADMIN, given.api_key, None
    if given.machines_token is not None:
        yield "machines_token", "machines_token", Scope.READ, given.machines_token, None
    for agent, value in given.tokens.items():
        yield f"tokens.{agent}", agent, Scope.AGENTS, value, agent
    for name, value in given.supervisors.items():
        yield f"supervisors.{name}", name, Scope.SUPERVISE, value, None
    for name, value in given.callback_keys.items():
        yield f"callback_keys.{name}", name, Scope.CALLBACKS, value, None
    for name, one in given.access.items():
        yield f"access.{name}", name, Scope(one.scope), one.token, one.agent
