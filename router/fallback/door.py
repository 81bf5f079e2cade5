"""FastAGI by panoramisk, behind a guard.

Panoramisk 1.4 waits for a request for ever, and reads on at its end without a pause: a single
connection that is opened and closed freezes the whole event loop (measured). It also logs what it
is sent. So nothing reaches it but a request that has come whole and in time, without the lines
that could name a caller, on one of so many connections; and what it logs is thrown away.
"""

import asyncio
import logging
import resource
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import structlog

from router import logs
from router.errors import AgiEnded, SetupError
from router.fallback.line import Line

try:
    from panoramisk import fast_agi
except ImportError:
    fast_agi = None

HOST = "127.0.0.1"
#: How long a request may take to come, in seconds; Asterisk sends it at once.
REQUEST_S = 2.0
#: The longest request: Asterisk's has some twenty lines, and arguments.
_LONGEST_REQUEST = 16_384
#: The longest line of an answer.
_LONGEST_ANSWER = 65_536
#: Connections that wait to be accepted.
_BACKLOG = 2048
#: Connections at a time; beyond, they are closed at once.
MOST = 4096
#: Descriptors for everything else.
_SPARE_FILES = 64

_SCRIPT = b"agi_network_script: "
#: All else is about the caller: agi_callerid, agi_calleridname, agi_dnid, agi_rdnis, agi_channel …
_WANTED = (_SCRIPT, b"agi_arg_")

#: Answers a call, given the arguments of the dialplan.
Verb = Callable[[Line, "tuple[str, ...]"], Awaitable[None]]


def is_possible() -> bool:
    """Return whether panoramisk is installed: without it there is no door."""
    return fast_agi is not None


class Door:
    """Takes FastAGI's connections on this machine. `await open()`, then `await close()`."""

    def __init__(self, port: int, verbs: Mapping[str, Verb]) -> None:
        """`verbs` are those of `agi://…/<verb>`."""
        if fast_agi is None:
            raise SetupError("panoramisk is not installed", "Install it: pip install panoramisk.")
        logging.getLogger("panoramisk.fast_agi").disabled = True
        self._port = port
        self._verbs = frozenset(name.encode() for name in verbs)
        self._log = structlog.get_logger()
        self._server: asyncio.Server | None = None
        self._most = MOST
        self._connections: set[asyncio.StreamWriter] = set()
        self._is_told = False
        self._application = fast_agi.Application(loop=asyncio.get_running_loop())
        for name, verb in verbs.items():
            self._application.add_route(name, self._route(verb))

    async def open(self) -> None:
        """Begin to listen.

        Raises:
            SetupError: If the port is taken.
        """
        self._most = min(MOST, _most_files() - _SPARE_FILES)
        try:
            self._server = await asyncio.start_server(
                self._serve, HOST, self._port, limit=_LONGEST_ANSWER, backlog=_BACKLOG
            )
        except OSError as error:
            raise SetupError(
                f"FastAGI cannot listen on {HOST}:{self._port} ({error.strerror})",
                "Stop what holds the port, or set asterisk.agi_port.",
            ) from None

    async def close(self) -> None:
        """Listen no more, and end what is under way: Asterisk's dialplan goes on with each call."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._connections):
            writer.transport.abort()

    @property
    def connections(self) -> int:
        """How many there are now."""
        return len(self._connections)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._connections) >= self._most:
            writer.transport.abort()
            return
        self._connections.add(writer)
        try:
            async with asyncio.timeout(REQUEST_S):
                request = wanted(await _request(reader))
            if not self._knows(request):
                return
            await self._application.handler(_Guarded(request, reader), writer)
        except (TimeoutError, AgiEnded, OSError, EOFError, ValueError):
            pass  # whoever does not speak AGI is not worth a line, and could cause many
        finally:
            self._connections.discard(writer)
            writer.close()

    def _knows(self, request: bytes) -> bool:
        verbs = (one.removeprefix(_SCRIPT) for one in request.split(b"\n"))
        if not self._verbs.isdisjoint(verbs):
            return True
        if not self._is_told:  # once: its name may hold anything
            self._is_told = True
            self._log.warning("a dialplan asks for a verb that is none", detail="docs/fastagi.md")
        return False

    def _route(self, verb: Verb) -> Callable[[Any], Awaitable[None]]:
        async def route(request: Any) -> None:
            try:
                await verb(Line(request), _arguments(request.headers))
            except (AgiEnded, asyncio.CancelledError):
                pass  # panoramisk would log the one, and swallow the other
            except Exception as error:
                place = logs.place(error.__traceback__)
                self._log.error("defect", error=type(error).__name__, place=place)

        return route


class _Guarded:
    """What panoramisk reads from: a request that is there already, then Asterisk's answers."""

    def __init__(self, request: bytes, reader: asyncio.StreamReader) -> None:
        self._request = request
        self._reader = reader

    async def read(self, size: int) -> bytes:
        """Return the whole request. Called again it would be for ever: it ends here."""
        request, self._request = self._request, b""
        if not request:
            raise AgiEnded
        return request

    async def readline(self) -> bytes:
        """Return a line of an answer. `Line` sees to its time."""
        line = await self._reader.readline()
        if not line.endswith(b"\n") or line.startswith(b"HANGUP"):
            raise AgiEnded
        return line


async def _request(reader: asyncio.StreamReader) -> bytes:
    """Return what comes before the first empty line; what else came stays unread."""
    read = b""
    while not read.endswith(b"\n\n"):
        line = await reader.readline()
        if not line:
            raise AgiEnded
        read += line
        if len(read) > _LONGEST_REQUEST:
            raise AgiEnded
    return read


def wanted(request: bytes) -> bytes:
    """Return the request with the verb and its arguments alone: no word about the caller."""
    kept = [line for line in request.split(b"\n") if line.startswith(_WANTED)]
    return b"\n".join(line for line in kept if line.isascii()) + b"\n\n"


def _arguments(headers: Mapping[str, str]) -> tuple[str, ...]:
    numbered = {
        int(name.removeprefix("agi_arg_")): value
        for name, value in headers.items()
        if name.removeprefix("agi_arg_").isdecimal()
    }
    return tuple(value for _, value in sorted(numbered.items()))


def _most_files() -> int:
    """Allow this process as many open files as it may have, and return how many that is."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = 65_536 if hard == resource.RLIM_INFINITY else hard
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
