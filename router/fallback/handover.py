"""The hand-over: those who were kept go to the router in the order in which they called.

A call is busy when the router returns: it listens for a key, or something is being said. So each
comes when it can, and goes once those who called earlier are with the router. Otherwise the first
informateur who is free would answer whoever came first.
"""

import asyncio
from bisect import insort
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Protocol

#: How long all wait for somebody who called earlier and does not come: the longest sentence.
LATE_S = 10.0
#: How long the one who goes may take to be with the router, and how often that is looked at.
ENTERS_S = 1.0
_LOOK_S = 0.01


class Router(Protocol):
    """Whether the router is there, and whom it has (`watch.Watch`)."""

    @property
    def is_there(self) -> bool:
        """Whether it takes calls now."""

    async def has(self, channel: str) -> bool:
        """Return whether it has been given the caller on this channel."""

    async def called_s_ago(self, channel: str) -> float | None:
        """Return how many seconds ago somebody called, by Asterisk; None: it does not say."""


@dataclass(slots=True, order=True)
class Place:
    """Somebody's place: by when they called, UTC epoch seconds, then by when they were kept."""

    since: float
    number: int
    channel: str = field(compare=False)
    #: Whether they have come to be handed over.
    is_here: bool = field(default=False, compare=False)
    turn: asyncio.Event = field(default_factory=asyncio.Event, compare=False)
    hung_up: bool = field(default=False, compare=False)


class HandOver:
    """Those who are kept, in their order. Run `run` as a task."""

    def __init__(self, router: Router) -> None:
        self._router = router
        #: In order.
        self._places: list[Place] = []
        self._numbers = count()
        self._changed = asyncio.Event()
        #: Since when somebody is here (loop's time); None: nobody is.
        self._here_since: float | None = None

    @property
    def kept(self) -> int:
        """How many are kept now."""
        return len(self._places)

    @contextmanager
    def place(self, since: float, channel: str) -> Iterator[Place]:
        """Keep somebody a place for as long as this lasts. An exception means that they hung up."""
        place = Place(since, next(self._numbers), channel)
        insort(self._places, place)
        try:
            yield place
        except BaseException:
            place.hung_up = True
            raise
        finally:
            if not place.turn.is_set():
                self._places.remove(place)
            self._changed.set()

    async def is_turn(self, place: Place, within_s: float) -> bool:
        """Wait for somebody's turn, and return whether it has come: they are to go at once then.

        The caller's duty: ask while the router is there, again and again.
        """
        place.is_here = True
        self._changed.set()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(within_s):
                    await place.turn.wait()
        finally:
            place.is_here = False
        return place.turn.is_set()

    async def run(self) -> None:
        """Give each their turn, once the one before is with the router or has hung up."""
        while True:
            place = await self._next()
            self._places.remove(place)
            place.turn.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(ENTERS_S):
                    await self._has_gone(place)

    async def _next(self) -> Place:
        """Return whose turn it is: the first, or the first who is here if others do not come."""
        loop = asyncio.get_running_loop()
        while True:
            self._changed.clear()
            here = next((one for one in self._places if one.is_here), None)
            if here is None:
                self._here_since = None
                await self._changed.wait()
                continue
            if self._here_since is None:
                self._here_since = loop.time()
            left_s = self._here_since + LATE_S - loop.time()
            if here is self._places[0] or left_s <= 0:
                return here
            with suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await self._changed.wait()

    async def _has_gone(self, place: Place) -> None:
        while place.channel and self._router.is_there and not place.hung_up:
            if await self._router.has(place.channel):
                return
            await asyncio.sleep(_LOOK_S)
