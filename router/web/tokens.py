"""Who asks: the token of a request (RFC 6750), and what is said when it does not open."""

from collections.abc import Callable, Mapping

from router.access import Scope, Token
from router.web.replies import Refused

#: Returns the token that was presented; None if it is unknown or over.
Known = Callable[[str], Token | None]

#: Each scope in the words of a refusal.
_FOR: Mapping[Scope, str] = {
    Scope.READ: "à la lecture",
    Scope.AGENTS: "au poste d’un informateur",
    Scope.SUPERVISE: "à la supervision",
    Scope.CALLBACKS: "aux demandes de rappel",
    Scope.ADMIN: "à l’administration",
}


def bearer(authorization: str | None) -> str:
    """Return the token of an Authorization header; "" if there is none."""
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def holder(authorization: str | None, known: Known, needed: Scope) -> Token:
    """Return the token of an Authorization header, if it opens what is `needed`.

    Raises:
        Refused: 401 for no known token, or one that is over; 403 for one that is for something
            else, with the scope that is needed.
    """
    token = known(bearer(authorization))
    if token is None:
        raise Refused(401, "unauthorized", None, "Jeton d’accès absent ou inconnu.")
    if not token.opens(needed):
        message = (
            f"Ce jeton n’ouvre pas cette adresse, réservée {_FOR[needed]} : "
            f"il y faut la portée « {needed} »."
        )
        raise Refused(403, "insufficient_scope", None, message, scope=needed)
    return token
