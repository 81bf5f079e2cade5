"""The sockets on which HTTP is served: the public port, and the router's own."""

import asyncio
import os
import socket
from contextlib import suppress
from pathlib import Path

from router.intake.proxy import SOCKET_NAME
from router.places import writing
from router.ports import Address, taken

#: The intake of a router that was just killed may hold the port for an instant more.
_PORT_PATIENCE_S = 3.0
_BACKLOG = 1024


def listen_privately(state_dir: Path) -> socket.socket:
    """Return the router's own socket, listening, in `state_dir`; for its user alone (mode 600).

    Raises:
        DiskError: If the folder cannot be written.
    """
    return listen_in(state_dir, SOCKET_NAME)


def listen_in(
    folder: Path, name: str, kind: socket.SocketKind = socket.SOCK_STREAM
) -> socket.socket:
    """Return a socket, listening, in `folder`; for its user alone (mode 600).

    Raises:
        DiskError: If the folder cannot be written.
    """
    with writing(folder):
        return _listen_in(folder, name, kind)


def _listen_in(state_dir: Path, name: str, kind: socket.SocketKind) -> socket.socket:
    state_dir.mkdir(parents=True, exist_ok=True)
    folder = os.open(state_dir, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder)
        listening = socket.socket(socket.AF_UNIX, kind | socket.SOCK_NONBLOCK)
        # There is no moment at which others could connect. The folder is named by its
        # descriptor, since the path of a socket must be short (unix(7)).
        before = os.umask(0o177)
        try:
            listening.bind(f"/proc/self/fd/{folder}/{name}")
        finally:
            os.umask(before)
        listening.listen(_BACKLOG)
        return listening
    finally:
        os.close(folder)


async def listen_publicly(host: str, port: int) -> socket.socket:
    """Return the public socket, listening.

    Raises:
        SetupError: If the port is taken; it names the process that holds it.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + _PORT_PATIENCE_S
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    while True:
        try:
            listening = socket.create_server((host, port), family=family, backlog=_BACKLOG)
            listening.setblocking(False)
            return listening
        except OSError as error:
            if loop.time() > until:
                address = Address(socket.SOCK_STREAM, host, port, "HTTP")
                remedy = "Stop what holds it, or set http.port."
                raise taken(address, error, remedy) from error
        await asyncio.sleep(0.05)
