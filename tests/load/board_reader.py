"""A wallboard without a screen: it follows the stream as the page does, and keeps what is told."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
import orjson

from router.errors import SetupError
from tests.patience import PATIENCE_S

STREAM = "/v1/wallboard/stream"
#: As in the page (shared/event_stream.js): a stream that is silent for this long is made anew.
_SILENCE_S = 5.0
_AGAIN_S = 0.25


class BoardReader:
    """One who watches the service at `home`, an address without a slash at the end."""

    def __init__(self, session: aiohttp.ClientSession, home: str, token: str) -> None:
        #: The state as it was last told; empty until it is.
        self.board: dict[str, Any] = {}
        #: Events by their names, `octets` of them all, and how often the connection was `lost`.
        self.counted: Counter[str] = Counter()
        self._session, self._address = session, home + STREAM
        self._authorization = {"Authorization": f"Bearer {token}"}
        self._last = ""
        self._begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def follow(self) -> None:
        """Follow until cancelled; a connection that breaks is made anew."""
        while True:
            with suppress(aiohttp.ClientError, TimeoutError):
                await self._read()
            self.counted["lost"] += 1
            await asyncio.sleep(_AGAIN_S)

    async def told(self) -> None:
        """Wait until the whole state has been told.

        Raises:
            SetupError: If the service refuses.
            TimeoutError: If nothing is told.
        """
        async with asyncio.timeout(PATIENCE_S):
            await self._begun

    async def _read(self) -> None:
        last = {"Last-Event-ID": self._last} if self._last else {}
        async with self._session.get(
            self._address, headers={**self._authorization, **last}
        ) as answer:
            if answer.status != 200:
                refused = SetupError(
                    f"the wallboard answers {answer.status}", "See the router's log."
                )
                if not self._begun.done():
                    self._begun.set_exception(refused)
                return
            rest = b""
            async for came in answer.content.iter_any():
                self.counted["octets"] += len(came)
                *blocks, rest = (rest + came).split(b"\n\n")
                for block in blocks:
                    self._take(block)

    def _take(self, block: bytes) -> None:
        fields = dict(line.split(b": ", 1) for line in block.split(b"\n"))
        name, told = fields[b"event"].decode(), orjson.loads(fields[b"data"])
        self._last = fields.get(b"id", self._last.encode()).decode()
        self.counted[name] += 1
        if name == "board":
            self.board = told["board"]
            if not self._begun.done():
                self._begun.set_result(None)
        elif name == "patch":
            merge(self.board, told["patch"])


def merge(whole: dict[str, Any], patch: dict[str, Any]) -> None:
    """Apply a JSON Merge Patch (RFC 7396), as the page does: in place."""
    for name, value in patch.items():
        if value is None:
            whole.pop(name, None)
        elif isinstance(value, dict):
            inner = whole.get(name)
            if not isinstance(inner, dict):
                inner = whole[name] = {}
            merge(inner, value)
        else:
            whole[name] = value


@asynccontextmanager
async def watching(home: str, token: str, boards: int) -> AsyncIterator[list[BoardReader]]:
    """Have so many watch, each by a connection of its own; all know the state inside.

    Raises:
        SetupError: If the service refuses one.
        TimeoutError: If one is told nothing.
    """
    silence = aiohttp.ClientTimeout(total=None, sock_read=_SILENCE_S)
    async with aiohttp.ClientSession(timeout=silence) as session:
        readers = [BoardReader(session, home, token) for _ in range(boards)]
        following = [asyncio.create_task(one.follow()) for one in readers]
        try:
            for one in readers:
                await one.told()
            yield readers
        finally:
            for task in following:
                task.cancel()
            await asyncio.gather(*following, return_exceptions=True)
