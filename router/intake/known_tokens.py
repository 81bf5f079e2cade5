"""Which tokens are known here: those of the secrets, and those that the router has taken lately.

The router gives out tokens of its own, to informateurs who log in with number and PIN. What a token
opens is the router's to say; here it only decides whose turn it is (`turns.py`). Kept are digests.
"""

from router.access import Keyring, digest

#: The router's own that are remembered; whoever was not heard of for longest is forgotten.
_MOST = 1000


class KnownTokens:
    """`token in known` says whether it is known; "" never is."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._taken: dict[bytes, None] = {}

    def __contains__(self, token: str) -> bool:
        return bool(token) and (
            digest(token) in self._taken or self._keyring.holder(token) is not None
        )

    def note(self, token: str, status: int) -> None:
        """Note how the router has just answered whoever brought that token to what tokens open."""
        is_taken = 200 <= status < 300
        if not token or not (is_taken or status == 401) or self._keyring.holder(token) is not None:
            return
        self._taken.pop(digest(token), None)
        if is_taken:
            self._taken[digest(token)] = None
            if len(self._taken) > _MOST:
                del self._taken[next(iter(self._taken))]
