"""What everybody is told alike, asked of the router once a second at most.

Every page with the widget asks for the state of the service; many pages must not keep the router
from its calls.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from multidict import CIMultiDict

#: How old an answer may be, in seconds.
_OLDEST_S = 1.0


@dataclass(frozen=True, slots=True)
class Whole:
    """An answer of the router's, as it is passed on."""

    status: int
    headers: CIMultiDict[str] = field(repr=False)
    body: bytes = field(repr=False)


class Fresh:
    """`ask` gets the path, and raises what whoever asked is told; no answer is older."""

    def __init__(
        self, ask: Callable[[str], Awaitable[Whole]], *, oldest_s: float = _OLDEST_S
    ) -> None:
        self._ask = ask
        self._oldest_s = oldest_s
        self._asked: dict[str, tuple[float, asyncio.Task[Whole]]] = {}

    async def answer(self, path: str) -> Whole:
        """Return what the router says at `path`; it is asked unless it has said so just now."""
        now = asyncio.get_running_loop().time()
        asked_at, asking = self._asked.get(path, (0.0, None))
        if asking is None or now - asked_at > self._oldest_s or _failed(asking):
            asking = asyncio.create_task(self._whole(path))
            self._asked[path] = (now, asking)
        # Whoever leaves does not take the answer away from the others.
        return await asyncio.shield(asking)

    async def _whole(self, path: str) -> Whole:
        return await self._ask(path)

    def close(self) -> None:
        """Ask no more."""
        for _, asking in self._asked.values():
            asking.cancel()


def _failed(asking: asyncio.Task[Whole]) -> bool:
    return asking.done() and (asking.cancelled() or asking.exception() is not None)
