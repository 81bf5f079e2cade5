"""A wire between router and Asterisk's ARI that can be cut, clogged, and made to lie.

Requests over HTTP pass as bytes, the event websocket as frames: a request that comes over it can
be refused or kept back as one over HTTP, and an event can be dealt with in any way (`deal`).
"""

import asyncio
import json
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from typing import Any

from tests.faults import frames
from tests.faults.frames import Frame, Frames

_BLOCK = 4096
_CONNECT_S = 3.0
#: What a slow reader takes: this many bytes, this often.
_SIP_BYTES, _SIP_S = 256, 0.25
_ERROR = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
#: How a connection begins that is to become the event websocket, and how the handshake ends.
_EVENTS, _HANDSHAKE_ENDS = b"GET /ari/events", b"\r\n\r\n"

#: Sends an event on to the router.
PassOn = Callable[[bytes], None]
#: Deals with an event of Asterisk's (JSON): passes it on, once, twice, later or never.
Deal = Callable[[bytes, PassOn], None]


class Wire(StrEnum):
    """How it behaves."""

    WHOLE = "whole"
    #: Nothing passes either way, and nobody is told.
    DEAF = "deaf"
    #: Every connection is reset, and each new one.
    REFUSES = "refuses"
    #: Events reach the router in drops.
    DRIPS = "drips"
    #: Requests get a 500, and Asterisk does not know of them.
    ERRS = "errs"
    #: Answers reach the router late; what was asked for is done at once, and events tell so.
    LATE = "late"
    #: Requests reach Asterisk late.
    SLOW = "slow"


def as_they_come(event: bytes, pass_on: PassOn) -> None:
    """Pass each event on at once."""
    pass_on(event)


class AriProxy:
    """Listens at a free port of loopback; set `wire`, or `deal`, to break it.

    Answers are late by `late_s` seconds, requests by `slow_s`.
    """

    def __init__(self, port: int, late_s: float = 5.0, slow_s: float = 2.0) -> None:
        self._target = port
        self.late_s, self.slow_s = late_s, slow_s
        self._server: asyncio.Server | None = None
        self._wire = Wire.WHOLE
        self._whole = asyncio.Event()
        self._whole.set()
        self._open: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()
        #: What becomes of each event on its way to the router.
        self.deal: Deal = as_they_come

    @property
    def port(self) -> int:
        """Where the router connects. `open` first."""
        assert self._server is not None, "open() first"
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def wire(self) -> Wire:
        return self._wire

    @wire.setter
    def wire(self, wire: Wire) -> None:
        self._wire = wire
        if wire is Wire.DEAF:
            self._whole.clear()
        else:
            self._whole.set()
        if wire is Wire.REFUSES:
            self.reset()

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, limit=_BLOCK)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self.reset()
            for task in self._serving:
                task.cancel()  # one that waits for a deaf wire to be whole
            await asyncio.gather(*self._serving, return_exceptions=True)

    def reset(self) -> None:
        """Reset every connection (RST), at both ends."""
        for writer in tuple(self._open):
            _reset(writer)

    async def _connected(self, router: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        if self._wire is Wire.REFUSES:
            _reset(answers)
            return
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            await self._serve(router, answers)
        finally:
            self._serving.discard(task)

    async def _serve(self, router: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        asterisk: asyncio.StreamWriter | None = None
        self._open.add(answers)
        try:
            first = await router.read(_BLOCK)
            async with asyncio.timeout(_CONNECT_S):
                said, asterisk = await asyncio.open_connection(
                    sock=await self._reached(), limit=_BLOCK
                )
            self._open.add(asterisk)
            async with asyncio.TaskGroup() as group:
                if first.startswith(_EVENTS):
                    socket_ = _EventSocket(self, router, answers, said, asterisk)
                    await socket_.shake_hands(first)
                    for passing in (socket_.up(), socket_.send(), socket_.down()):
                        group.create_task(passing)
                else:
                    group.create_task(self._up(first, router, asterisk, answers))
                    group.create_task(self._down(said, answers))
        except* (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass
        finally:
            for writer in (answers, asterisk):
                if writer is not None:
                    self._open.discard(writer)
                    writer.transport.abort()

    async def _reached(self) -> socket.socket:
        """Connect with a receive buffer so small that a slow reader is noticed at the other end."""
        ours = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BLOCK)
        ours.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(ours, ("127.0.0.1", self._target))
        except BaseException:
            ours.close()
            raise
        return ours

    async def whole(self) -> None:
        """Wait until something passes."""
        await self._whole.wait()

    async def _up(
        self,
        data: bytes,
        router: asyncio.StreamReader,
        asterisk: asyncio.StreamWriter,
        answers: asyncio.StreamWriter,
    ) -> None:
        while data:
            await self.whole()
            if self._wire is Wire.ERRS:
                answers.write(_ERROR)
                await answers.drain()
                break
            if self._wire is Wire.SLOW:
                await asyncio.sleep(self.slow_s)
            asterisk.write(data)
            await asterisk.drain()
            data = await router.read(_BLOCK)
        raise ConnectionResetError

    async def _down(self, said: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        while True:
            data = await said.read(_BLOCK)
            if not data:
                raise ConnectionResetError
            await self.whole()
            if self._wire is Wire.LATE:
                await asyncio.sleep(self.late_s)
            with suppress(RuntimeError):  # its transport is closed
                answers.write(data)
                await answers.drain()


class _EventSocket:
    """One event websocket, passing over a proxy's wire."""

    def __init__(
        self,
        proxy: AriProxy,
        router: asyncio.StreamReader,
        answers: asyncio.StreamWriter,
        said: asyncio.StreamReader,
        asterisk: asyncio.StreamWriter,
    ) -> None:
        self._proxy = proxy
        self._router = router
        self._answers = answers
        self._said = said
        self._asterisk = asterisk
        #: Frames for Asterisk, and when each is due.
        self._due: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def shake_hands(self, request: bytes) -> None:
        """Pass the handshake on, and what Asterisk says of it."""
        await self._proxy.whole()
        self._asterisk.write(request)
        answer = await self._said.readuntil(_HANDSHAKE_ENDS)
        await self._proxy.whole()
        self._answers.write(answer)

    async def up(self) -> None:
        """Take what the router asks; pings pass at once."""
        coming, loop = Frames(), asyncio.get_running_loop()
        while data := await self._router.read(_BLOCK):
            for frame in coming.cut(data):
                if frame.is_text and self._proxy.wire is Wire.ERRS:
                    self._answers.write(frames.text(_refusal(frame)))
                elif frame.is_text:
                    late_s = self._proxy.slow_s if self._proxy.wire is Wire.SLOW else 0.0
                    self._due.put_nowait((loop.time() + late_s, frame.raw))
                else:
                    await self._proxy.whole()
                    self._asterisk.write(frame.raw)
        raise ConnectionResetError

    async def send(self) -> None:
        """Pass on what the router asks, in order."""
        loop = asyncio.get_running_loop()
        while True:
            due_at, raw = await self._due.get()
            await asyncio.sleep(max(0.0, due_at - loop.time()))
            await self._proxy.whole()
            self._asterisk.write(raw)
            await self._asterisk.drain()

    async def down(self) -> None:
        """Pass on what Asterisk says; events as the proxy deals with them."""
        coming, loop = Frames(), asyncio.get_running_loop()
        while True:
            drips = self._proxy.wire is Wire.DRIPS
            data = await self._said.read(_SIP_BYTES if drips else _BLOCK)
            if not data:
                raise ConnectionResetError
            await self._proxy.whole()
            if drips:
                await asyncio.sleep(_SIP_S)
            for frame in coming.cut(data):
                if frame.is_text and not _is_answer(frame):
                    self._proxy.deal(frame.payload, self._pass_on)
                elif frame.is_text and self._proxy.wire is Wire.LATE:
                    loop.call_later(self._proxy.late_s, self._write, frame.raw)
                else:
                    self._write(frame.raw)
            with suppress(RuntimeError):  # its transport is closed
                await self._answers.drain()

    def _pass_on(self, event: bytes) -> None:
        self._write(frames.text(event))

    def _write(self, raw: bytes) -> None:
        with suppress(RuntimeError):  # the same
            self._answers.write(raw)


def _asked(frame: Frame) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(frame.payload)
    return told


def _is_answer(frame: Frame) -> bool:
    return bool(_asked(frame).get("type") == "RESTResponse")


def _refusal(frame: Frame) -> bytes:
    """Return a 500 to a request (docs.asterisk.org, "ARI REST over WebSocket")."""
    asked = _asked(frame)
    return json.dumps(
        {
            "type": "RESTResponse",
            "transaction_id": asked["transaction_id"],
            "request_id": asked["request_id"],
            "status_code": 500,
            "reason_phrase": "Internal Server Error",
            "uri": asked["uri"],
        }
    ).encode()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close without a goodbye (socket(7), SO_LINGER of 0 s): the other end gets a RST."""
    ours = writer.get_extra_info("socket")
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
