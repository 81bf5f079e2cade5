"""A proof of work for requests from browsers, without cookies: altcha's protocol, version 1.

The browser searches for the number that, appended to the salt, has the challenge as its SHA-256.
An HMAC of the challenge proves that we sent it, so nothing is stored until a solution is used;
from then until it expires it is remembered (`Spent`), so that it is good for one ticket only.

altcha.org/docs/v1/server-integration. The "&" that ends the salt keeps digits from moving
between expiry and number, which the hash cannot tell apart (CVE-2025-68113).
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections import deque
from dataclasses import dataclass
from typing import Any

import orjson

#: How long a challenge can be solved and used, in seconds.
LIFE_S = 600

_SALT = re.compile(r"[0-9a-f]{24}\?expires=([0-9]{1,12})&")
_HASH = re.compile(r"[0-9a-f]{64}")
#: A solution has some 350 characters; anything longer is refused unread.
_LONGEST = 1024


@dataclass(frozen=True, slots=True)
class Solved:
    """A challenge of ours that was solved."""

    #: The SHA-256, in hexadecimal.
    challenge: str
    #: UTC epoch seconds.
    expires_at: int


class Challenges:
    """Sets challenges and checks solutions; any process with the same key may do either.

    `difficulty` is the most numbers that a browser has to try; half as many on average.
    """

    def __init__(self, key: bytes, difficulty: int) -> None:
        self._key = key
        self._difficulty = difficulty

    def new(self, now: float) -> dict[str, Any]:
        """Return a new challenge, as the browser gets it."""
        salt = f"{secrets.token_hex(12)}?expires={int(now) + LIFE_S}&"
        challenge = _hash(salt, secrets.randbelow(self._difficulty + 1))
        return {
            "algorithm": "SHA-256",
            "challenge": challenge,
            "maxnumber": self._difficulty,
            "salt": salt,
            "signature": self._signature(challenge),
        }

    def solved(self, payload: str, now: float) -> Solved | None:
        """Return what was solved; None if it is wrong, not ours, or has expired."""
        match _content(payload):
            case {
                "algorithm": "SHA-256",
                "challenge": str(challenge),
                "number": int(number),
                "salt": str(salt),
                "signature": str(signature),
            } if not isinstance(number, bool):
                pass
            case _:
                return None
        expiry = _SALT.fullmatch(salt)
        if expiry is None or not _HASH.fullmatch(challenge) or not _HASH.fullmatch(signature):
            return None
        if not 0 <= number <= self._difficulty or _hash(salt, number) != challenge:
            return None
        if not hmac.compare_digest(self._signature(challenge), signature):
            return None
        expires_at = int(expiry[1])
        return Solved(challenge, expires_at) if now < expires_at else None

    def _signature(self, challenge: str) -> str:
        return hmac.digest(self._key, challenge.encode(), "sha256").hex()


class Spent:
    """The solutions that were used and what for, until they expire."""

    def __init__(self) -> None:
        self._used_for: dict[str, str] = {}
        self._expiries: deque[tuple[int, str]] = deque()

    def __len__(self) -> int:
        return len(self._used_for)

    def spend(self, challenge: str, expires_at: int, purpose: str, now: float) -> bool:
        """Return whether the solution may be used for `purpose`, which is kept with it.

        It may not if it was used for another purpose before.
        """
        while self._expiries and self._expiries[0][0] <= now:
            del self._used_for[self._expiries.popleft()[1]]
        if challenge not in self._used_for:
            self._used_for[challenge] = purpose
            self._expiries.append((expires_at, challenge))
        return self._used_for[challenge] == purpose


def _content(payload: str) -> object:
    if len(payload) > _LONGEST:
        return None
    try:
        return orjson.loads(base64.b64decode(payload, validate=True))
    except (binascii.Error, ValueError):
        return None


def _hash(salt: str, number: int) -> str:
    return hashlib.sha256(f"{salt}{number}".encode()).hexdigest()
