"""An informateur's websocket is handed over to the router, connection and all.

Intakes are replaced every few minutes, and with each end the connections through it; SIP of a
phone should last all day, and has nothing to do with callers' numbers. So the process that took
the connection passes it to the router (SCM_RIGHTS, unix(7)), with the few words of the request
that it needs, and forgets it.
"""

import asyncio
import os
import re
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from aiohttp import web

from router.tasks import Tasks
from router.web.replies import Refused
from router.web.softphone.handlers import PATH

SOCKET_NAME = "sip.sock"
#: What a websocket's handshake needs (RFC 6455, section 4.2.1), and who asks.
_HEADERS = (
    *("Host", "Upgrade", "Connection", "Sec-WebSocket-Version", "Sec-WebSocket-Key"),
    *("Sec-WebSocket-Protocol", "Origin"),
)
_OF_A_BODY = ("Content-Length", "Transfer-Encoding")
#: Bytes of all of them; a browser's have about 400.
_LARGEST_HEAD = 4096
_VALUE = re.compile(r"[\x21-\x7e]+(?: +[\x21-\x7e]+)*")


class Giver:
    """The intake's side. `folder` holds the router's socket."""

    def __init__(self, folder: Path) -> None:
        # By the folder's descriptor: a socket's own path must be short (unix(7)).
        self._folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        self._path = f"/proc/self/fd/{self._folder}/{SOCKET_NAME}"

    def close(self) -> None:
        """Hand over nothing more."""
        os.close(self._folder)

    async def hand_over(self, request: web.Request) -> web.StreamResponse:
        """Hand the connection over; the answer is the router's.

        Raises:
            Refused: 400 if the request is not a websocket's, 503 if the router is away.
        """
        transport = request.transport
        assert transport is not None, "the request has just come"
        connection = transport.get_extra_info("socket")
        head = head_of(request)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as router:
                router.setblocking(False)  # its queue is full, or it takes this at once
                router.connect(self._path)
                socket.send_fds(router, [head], [connection.fileno()])
        except OSError:
            raise Refused(
                503, "away", None, "Le service redémarre. Réessayez dans un instant."
            ) from None
        # Ours is closed; the router's copy keeps the connection open.
        transport.abort()
        return web.Response()


def head_of(request: web.Request) -> bytes:
    """Return the request as the router is to read it: nothing that a number could be in.

    Raises:
        Refused: 400 if it is no handshake of a websocket.
    """
    lines = [f"GET {PATH} HTTP/1.1"]
    for name in _HEADERS:
        values = request.headers.getall(name, [])
        if len(values) > 1 or not all(map(_VALUE.fullmatch, values)):
            raise _no_handshake()
        lines += [f"{name}: {value}" for value in values]
    head = "\r\n".join([*lines, "", ""]).encode("ascii")
    if (
        request.query_string
        or any(name in request.headers for name in _OF_A_BODY)
        or len(head) > _LARGEST_HEAD
        or request.headers.get("Upgrade", "").lower() != "websocket"
    ):
        raise _no_handshake()
    return head


def _no_handshake() -> Refused:
    return Refused(400, "no_websocket", None, "Cette adresse est celle d’un websocket.")


class Taker:
    """The router's side: what is handed over is served by `runner`, which has been set up."""

    def __init__(self, runner: web.BaseRunner) -> None:
        self._runner = runner
        self._begun = Tasks()

    async def serve(self, listening: socket.socket) -> Callable[[], Awaitable[None]]:
        """Take what is handed over at this socket; return what ends that.

        Connections that were taken go on.
        """
        loop = asyncio.get_running_loop()
        loop.add_reader(listening, self._accept, listening)

        async def close() -> None:
            loop.remove_reader(listening)
            listening.close()

        return close

    def _accept(self, listening: socket.socket) -> None:
        with suppress(OSError):
            giver, _ = listening.accept()
            giver.setblocking(False)
            asyncio.get_running_loop().add_reader(giver, self._take, giver)

    def _take(self, giver: socket.socket) -> None:
        asyncio.get_running_loop().remove_reader(giver)
        with giver, suppress(OSError):
            head, handles, _, _ = socket.recv_fds(giver, _LARGEST_HEAD, 1)
            if not handles:
                return
            connection = socket.socket(fileno=handles[0])
            connection.setblocking(False)
            self._begun.start(self._begin(head, connection))

    async def _begin(self, head: bytes, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        assert self._runner.server is not None, "it has been set up"
        try:
            _, protocol = await loop.connect_accepted_socket(self._runner.server, connection)
        except OSError:
            connection.close()  # the browser has left
            return
        protocol.data_received(head)
