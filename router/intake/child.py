"""One intake, seen from the router: its process, our end of its channel, what it has to do."""

import asyncio
import os
import pickle
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import router
from router.core.ids import CallId, TicketId
from router.intake.channel import Channel, Message
from router.intake.terms import Terms

_TOP = Path(router.__file__).resolve().parents[1]


class Child:
    """`receive` gets its messages, `gone` is called once, when it has ended. Call `start` first."""

    def __init__(
        self,
        receive: Callable[["Child", Message], None],
        gone: Callable[["Child"], None],
    ) -> None:
        self._gone = gone
        self.channel = Channel(lambda message: receive(self, message), lambda: None)
        #: Whether it serves, or has served.
        self.ready = False
        #: Whether it was asked to finish and go.
        self.retiring = False
        #: When it began to serve, in seconds of the loop's clock.
        self.ready_at = 0.0
        #: How often in a row it was asked whether it lives, and has not answered.
        self.unanswered = 0
        #: Calls that it is to dial.
        self.dialling: set[CallId] = set()
        #: Callers who are typing a number to it.
        self.typing: set[CallId] = set()
        #: Call -> the ticket of the number typed in it, not promised yet.
        self.claimed: dict[CallId, TicketId] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The id of the process; None before `start`."""
        return None if self._process is None else self._process.pid

    async def start(self, terms: Terms, listening: socket.socket, day_key: int) -> None:
        """Start the process, which sends {"ready"} once it serves.

        Raises:
            OSError: If the system starts no process.
        """
        ours, theirs = socket.socketpair()
        files = (listening.fileno(), theirs.fileno(), day_key)
        python_path = os.pathsep.join(filter(None, (str(_TOP), os.environ.get("PYTHONPATH"))))
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "router.intake",
                *map(str, (*files, os.getpid())),
                stdin=asyncio.subprocess.PIPE,
                pass_fds=files,
                env={**os.environ, "PYTHONPATH": python_path},
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        self._watch = asyncio.create_task(self._wait())
        loop = asyncio.get_running_loop()
        await loop.create_unix_connection(lambda: self.channel, sock=ours)
        stdin = self._process.stdin
        assert stdin is not None
        with suppress(OSError):  # it died at once, which `gone` will say
            stdin.write(pickle.dumps(terms))
            await stdin.drain()
            stdin.close()

    def has_started(self, now: float) -> None:
        """Count it as serving from `now` on, in seconds of the loop's clock."""
        self.ready = True
        self.ready_at = now

    @property
    def starting(self) -> bool:
        """Whether it does not serve yet."""
        return not (self.ready or self.retiring)

    @property
    def serves(self) -> bool:
        """Whether it takes new requests and orders."""
        return self.ready and not self.retiring

    def retire(self, linger_s: float) -> None:
        """Have it finish and go; connections without a request are kept for `linger_s` seconds."""
        self.retiring = True
        self.channel.send({"retire": linger_s})

    def ask_whether_alive(self) -> None:
        """Ask it; whoever gets its messages calls `is_alive` with the answer."""
        self.unanswered += 1
        self.channel.send({"alive": True})

    def is_alive(self) -> None:
        """Note that it has answered."""
        self.unanswered = 0

    def kill(self) -> None:
        """Kill it."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()

    async def ended(self) -> None:
        """Wait until it has ended."""
        if self._watch is not None:
            await asyncio.wait({self._watch})

    async def _wait(self) -> None:
        assert self._process is not None
        await self._process.wait()
        self.channel.close()
        self._gone(self)
