"""A wire between router and Asterisk's ARI that can be cut, clogged, and made to lie."""

import asyncio
import socket
import struct
from contextlib import suppress
from enum import StrEnum

_BLOCK = 4096
_CONNECT_S = 3.0
_LATE_S = 5.0
#: What a slow reader takes: this many bytes, this often.
_SIP_BYTES, _SIP_S = 256, 0.25
_ERROR = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
#: How a connection begins that is to become the event websocket.
_EVENTS = b"GET /ari/events"


class Wire(StrEnum):
    """How it behaves."""

    WHOLE = "whole"
    #: Nothing passes either way, and nobody is told.
    DEAF = "deaf"
    #: Every connection is reset, and each new one.
    REFUSES = "refuses"
    #: Events reach the router in drops.
    DRIPS = "drips"
    #: Requests over HTTP get a 500, which Asterisk does not know of.
    ERRS = "errs"
    #: Requests over HTTP reach Asterisk 5 s late.
    LATE = "late"


class AriProxy:
    """Listens at a free port of loopback; set `wire` to break it."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._server: asyncio.Server | None = None
        self._wire = Wire.WHOLE
        self._whole = asyncio.Event()
        self._whole.set()
        self._open: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()

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
            is_events = first.startswith(_EVENTS)
            async with asyncio.timeout(_CONNECT_S):
                events, asterisk = await asyncio.open_connection(
                    sock=await self._reached(), limit=_BLOCK
                )
            self._open.add(asterisk)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._up(first, router, asterisk, answers, is_events))
                group.create_task(self._down(events, answers, is_events))
        except* (OSError, TimeoutError):
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

    async def _up(
        self,
        data: bytes,
        router: asyncio.StreamReader,
        asterisk: asyncio.StreamWriter,
        answers: asyncio.StreamWriter,
        is_events: bool,
    ) -> None:
        while data:
            await self._whole.wait()
            if not is_events and self._wire is Wire.ERRS:
                answers.write(_ERROR)
                await answers.drain()
                break
            if not is_events and self._wire is Wire.LATE:
                await asyncio.sleep(_LATE_S)
            asterisk.write(data)
            await asterisk.drain()
            data = await router.read(_BLOCK)
        raise ConnectionResetError

    async def _down(
        self, events: asyncio.StreamReader, answers: asyncio.StreamWriter, is_events: bool
    ) -> None:
        while True:
            drips = is_events and self._wire is Wire.DRIPS
            data = await events.read(_SIP_BYTES if drips else _BLOCK)
            if not data:
                raise ConnectionResetError
            await self._whole.wait()
            if drips:
                await asyncio.sleep(_SIP_S)
            with suppress(RuntimeError):  # its transport is closed
                answers.write(data)
                await answers.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close without a goodbye (socket(7), SO_LINGER of 0 s): the other end gets a RST."""
    ours = writer.get_extra_info("socket")
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
