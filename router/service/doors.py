"""The router's doors: sockets in the state folder, kept in whatever folder has that name.

A folder that is removed, or whose disk goes and comes back, takes the sockets along. Calls would go
on; but no page would be answered and no command heard, and the fallback would take the router for
one that hangs, and its callers out of it. So the folder is looked at again and again, and the doors
are opened again where they belong.
"""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from structlog.typing import FilteringBoundLogger

from router.errors import DiskError, InUse
from router.intake.sockets import listen_in
from router.locks import Lock
from router.places import writing

#: How often it is looked whether they are there.
_LOOK_EVERY_S = 1.0

#: Closes what was opened.
Close = Callable[[], Awaitable[None]]
#: Serves a socket that is listening.
Serve = Callable[[socket.socket], Awaitable[Close]]


class Intake(Protocol):
    """The processes that hand requests on to the router's own socket."""

    def recycle(self) -> None:
        """Begin anew: the folder of the socket is another one."""


@dataclass(slots=True)
class _Door:
    serve: Serve
    kind: socket.SocketKind
    close: Close
    #: Device and inode of the socket's name.
    identity: tuple[int, int]


class Doors:
    """Run `watch` as a task once all are open, and `close` them at the end.

    `folder` is the state folder, and `lock` our hold on it.
    """

    def __init__(
        self,
        folder: Path,
        lock: Lock,
        intake: Intake,
        log: FilteringBoundLogger,
        *,
        look_every_s: float = _LOOK_EVERY_S,
    ) -> None:
        self._folder = folder
        self._lock = lock
        self._intake = intake
        self._log = log
        self._look_every_s = look_every_s
        self._doors: dict[str, _Door] = {}
        self._trouble = ""

    async def open(
        self, name: str, serve: Serve, kind: socket.SocketKind = socket.SOCK_STREAM
    ) -> None:
        """Open a door: a socket of this name, for the router's user alone.

        Raises:
            DiskError: If the folder cannot be written.
        """
        close = await serve(listen_in(self._folder, name, kind))
        self._doors[name] = _Door(serve, kind, close, self._identity(name))

    async def watch(self) -> None:
        """Open them again wherever they are not any more, for as long as the service lives."""
        while True:
            await asyncio.sleep(self._look_every_s)
            if not self._lock.holds or any(not self._is_there(name) for name in self._doors):
                await self._open_again()

    async def close(self) -> None:
        """Close them."""
        for door in self._doors.values():
            await door.close()
        self._doors.clear()

    async def _open_again(self) -> None:
        try:
            with writing(self._folder):
                self._lock.take()
            for name, door in list(self._doors.items()):
                if not self._is_there(name):
                    await self.open(name, door.serve, door.kind)
                    await door.close()
        except (DiskError, InUse) as error:
            if str(error) != self._trouble:
                self._log.error("doors cannot be opened", reason=str(error))
            self._trouble = str(error)
            return
        self._trouble = ""
        self._log.warning(
            "doors opened again", reason=f"{self._folder} was removed, or is another folder now"
        )
        self._intake.recycle()

    def _is_there(self, name: str) -> bool:
        try:
            return self._identity(name) == self._doors[name].identity
        except OSError:
            return False

    def _identity(self, name: str) -> tuple[int, int]:
        status = os.stat(self._folder / name)
        return status.st_dev, status.st_ino
