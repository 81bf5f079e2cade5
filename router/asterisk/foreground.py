"""Asterisk as a unit's process: we stay beside it, and tell systemd how it fares.

A crash or a console that answers no more ends this process, and systemd starts both again. The
kernel ends Asterisk when we end (`lifeline.py`), so that none is left whom nobody watches.
"""

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress

from router.asterisk.server import AsteriskServer
from router.errors import SetupError
from router.notify import Notifier

#: How often it is asked whether it is there, and how long it may take to answer, in seconds.
_ASK_EVERY_S = 10.0
_PATIENCE_S = 10.0


async def stay(server: AsteriskServer, notifier: Notifier, started: Callable[[], None]) -> None:
    """Start `server`, call `started` once it takes calls, and stop it on SIGTERM or SIGINT.

    Raises:
        SetupError: If it does not start, or ends by itself.
        ConfigError: If its settings are wrong.
    """
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    beginning = asyncio.create_task(server.start())
    asked = asyncio.create_task(stopping.wait())
    await asyncio.wait({beginning, asked}, return_when=asyncio.FIRST_COMPLETED)
    if not beginning.done():
        beginning.cancel()  # which leaves no process behind
        await asyncio.wait({beginning})
        return
    beginning.result()
    started()
    notifier.ready()
    watching = asyncio.create_task(_watch(server, notifier))
    over = asyncio.create_task(server.ended())
    await asyncio.wait({over, asked}, return_when=asyncio.FIRST_COMPLETED)
    watching.cancel()
    notifier.stopping()
    if not asked.done():
        raise SetupError("Asterisk stopped", server.last_words())
    await server.stop()


async def _watch(server: AsteriskServer, notifier: Notifier) -> None:
    """Tell systemd, as long as Asterisk's console answers, how many calls there are."""
    while True:
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(_PATIENCE_S):
                counted = await server.cli("core show channels count")
            notifier.alive()
            notifier.status(calls_in(counted))
        await asyncio.sleep(_ASK_EVERY_S)


def calls_in(counted: str) -> str:
    """Return the line about channels from the answer to `core show channels count`."""
    return next((line for line in counted.splitlines() if "active channel" in line), "")
