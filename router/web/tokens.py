"""Who asks: bearer tokens (RFC 6750), compared in constant time."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import TypeVar

Name = TypeVar("Name", bound=str)


def bearer(authorization: str | None) -> str:
    """Return the token of an Authorization header; "" if there is none."""
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def is_token(given: str, token: str) -> bool:
    """Return whether `given` is `token`; an empty token opens nothing."""
    return hmac.compare_digest(_digest(given), _digest(token)) and bool(token)


def whose(given: str, tokens: Mapping[Name, str]) -> Name | None:
    """Return whose token was given. All are compared, so that the time taken reveals nothing."""
    owner = None
    for name, token in tokens.items():
        if is_token(given, token):
            owner = name
    return owner


def _digest(token: str) -> bytes:
    # Bytes of a header that are not UTF-8 arrive as lone surrogates.
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
