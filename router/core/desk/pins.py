"""Informateurs' PINs, with which they log in from a phone."""

import hashlib
import hmac
from collections.abc import Mapping

from router.core.ids import AgentId

#: No PIN has more digits.
LONGEST = 8


class Pins:
    """The PINs, by informateur; one without a PIN cannot log in by phone."""

    def __init__(self, pins: Mapping[AgentId, str]) -> None:
        self._pins = dict(pins)

    def __repr__(self) -> str:
        return f"Pins({len(self._pins)})"

    def matches(self, agent: AgentId, typed: str) -> bool:
        """Return whether `typed` is the PIN of `agent`, in constant time."""
        pin = self._pins.get(agent, "")
        return hmac.compare_digest(pin.encode(), typed.encode()) and bool(pin)

    def key(self, agent: AgentId, secret: bytes) -> bytes:
        """Return a key of this informateur's, made of the `secret`: a new PIN makes another."""
        said = f"{agent}:{self._pins.get(agent, '')}"
        return hmac.new(secret, said.encode(), hashlib.sha256).digest()
