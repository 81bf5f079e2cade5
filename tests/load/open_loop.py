"""HTTP requests at instants fixed beforehand, whether or not earlier ones are answered.

Each takes an idle connection, kept alive, or else a new one. Latency counts from the intended
instant, so that a service that stalls is not spared what would have been asked meanwhile.
"""

import asyncio
import itertools
import json
import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

#: A later answer counts as none.
_PATIENCE_S = 10.0
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request; `status` 0: nothing within 10 s, or the connection broke."""

    status: int
    body: bytes
    #: From the intended instant to the answer's last byte, and to the request's first.
    latency_s: float
    late_s: float

    def told(self) -> str:
        """Return status and, of a refusal, its code."""
        error = json.loads(self.body).get("error", {}) if self.body else {}
        return f"{self.status} {error.get('code', '')}".rstrip()


def instants(rate: float, number: int, seed: int) -> list[float]:
    """Return `number` arrivals of a Poisson process of `rate` a second, in seconds from 0."""
    chance = random.Random(seed)
    at, all_of_them = 0.0, []
    for _ in range(number):
        at += chance.expovariate(rate)
        all_of_them.append(at)
    return all_of_them


class OpenLoop:
    """Asks the service at host and port, from `sources` in turn if there are any. `close` it."""

    def __init__(self, host: str, port: int, sources: Sequence[str] = ()) -> None:
        self._host, self._port = host, port
        self._sources = itertools.cycle([(source, 0) for source in sources] or [None])
        self._loop = asyncio.get_running_loop()
        self._idle: list[_Connection] = []
        #: Connections made.
        self.connections = 0

    async def run(self, requests: Sequence[bytes], arrivals: Iterable[float]) -> list[Answer]:
        """Send each request at its instant, in seconds from now; return the answers in order."""
        begun = self._loop.time()
        asking = []
        for request, at in zip(requests, arrivals, strict=True):
            if (early_s := begun + at - self._loop.time()) > 0:
                await asyncio.sleep(early_s)
            asking.append(asyncio.create_task(self._ask(request, begun + at)))
        return await asyncio.gather(*asking)

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    async def _ask(self, request: bytes, intended_at: float) -> Answer:
        late_s = self._loop.time() - intended_at
        status, body = 0, b""
        connection = None
        try:
            async with asyncio.timeout(_PATIENCE_S):
                connection = self._take() or await self._connect()
                status, body = await connection.ask(request)
        except (OSError, TimeoutError):
            if connection is not None:
                connection.close()
        else:
            if connection.alive:
                self._idle.append(connection)
        return Answer(status, body, self._loop.time() - intended_at, late_s)

    def _take(self) -> "_Connection | None":
        while self._idle:
            if (connection := self._idle.pop()).alive:
                return connection
        return None

    async def _connect(self) -> "_Connection":
        self.connections += 1
        _, connection = await self._loop.create_connection(
            _Connection, self._host, self._port, local_addr=next(self._sources)
        )
        return connection


class _Connection(asyncio.Protocol):
    """One HTTP/1.1 connection, one request at a time; answers have a Content-Length."""

    def __init__(self) -> None:
        self.alive = False
        self._transport: asyncio.Transport | None = None
        self._data = b""
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        assert self._transport is not None
        self._data = b""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        self.alive = False
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.alive = True

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, separator, body = self._data.partition(b"\r\n\r\n")
        if not separator or self._answer is None:
            return
        length = _LENGTH.search(head)
        if length is None or len(body) < int(length[1]):
            return
        if _CLOSE.search(head):
            self.close()
        if not self._answer.done():
            self._answer.set_result((int(head[9:12]), body))

    def connection_lost(self, exc: Exception | None) -> None:
        self.alive = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionResetError())
