"""A running Asterisk: found by its control socket, asked a command, waited for."""

import asyncio
import os
import socket

from router.asterisk.settings import SOCKET_NAME, AsteriskSettings

#: A running Asterisk greets at once.
_GREETING_S = 5.0


async def ask(settings: AsteriskSettings, command: str, pid: int | None = None) -> str:
    """Return the console's answer to `command` from the Asterisk that runs in these folders.

    Raises:
        OSError: If none listens there, or (given `pid`) if another one does.
    """
    reader, writer = await asyncio.open_unix_connection(str(settings.run_dir / SOCKET_NAME))
    try:
        # main/asterisk.c, netconsole(): "host/pid/version", then one command and its answer.
        greeting = (await reader.readline()).decode()
        if pid is not None and greeting.split("/")[1:2] != [str(pid)]:
            raise ConnectionError(f"another Asterisk listens in {settings.run_dir}")
        writer.write(b"cli quit after " + command.encode() + b"\0")
        return (await reader.read()).decode().strip("\0")
    finally:
        writer.close()


def process_of(settings: AsteriskSettings) -> int | None:
    """Return the process id of the Asterisk that runs in these folders; None if none does."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(settings.run_dir / SOCKET_NAME))
        except OSError:
            return None  # none, or only the socket that a killed one left behind
        probe.settimeout(_GREETING_S)
        greeting = probe.recv(512).decode(errors="replace").split("/")
    return int(greeting[1])


async def ended(pid: int) -> None:
    """Wait until the process has ended, whether or not it is a child of ours."""
    try:
        watch = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    loop.add_reader(watch, over.set)
    try:
        await over.wait()
    finally:
        loop.remove_reader(watch)
        os.close(watch)
