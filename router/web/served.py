"""Serves an application without saying what it is made of, and to nobody for ever.

aiohttp would name itself and its version in every answer, and quote, in English, what it could
not read of a request. Here every answer has the same bare `Server`, and what is not HTTP, or
fails through a defect, is refused in the words of every other refusal.

It would also wait as long as somebody likes for the rest of a request, or to be rid of an answer,
and keep as many connections as there are descriptors. Here whoever takes too long is hung up on;
and if there are too many, the newest takes the place of whoever has asked for nothing for longest.
"""

import asyncio
import resource
from dataclasses import dataclass
from typing import Any, cast

from aiohttp import web
from aiohttp.http import HttpProcessingError

from router.web.replies import refusal

#: The header `Server` of every answer.
SERVER = "allo"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long each part of a request may take, in seconds, and how many may be connected."""

    #: From the first byte of a request to the end of its headers.
    head_s: float = 10.0
    #: From there to the end of its body.
    body_s: float = 20.0
    #: How long an answer may wait for whoever asked to take more of it.
    answer_s: float = 30.0
    connections: int = 1000


class Runner(web.AppRunner):
    """Like aiohttp's own, with its options."""

    def __init__(
        self, app: web.Application, *, patience: Patience | None = None, **options: Any
    ) -> None:
        app.on_response_prepare.append(_name)
        self._patience = patience or Patience()
        super().__init__(app, access_log=None, **options)

    async def _make_server(self) -> web.Server:
        whole = await super()._make_server()
        return _Server(whole, self._patience)


class _Server(web.Server):
    def __init__(self, whole: web.Server, patience: Patience) -> None:
        super().__init__(
            whole.request_handler, request_factory=whole.request_factory, **whole._kwargs
        )
        self.patience = patience
        # A request that is handed on takes a second descriptor, and files must be opened besides.
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._most = min(patience.connections, max(1, files // 3))
        self._answer = whole.request_handler
        self.request_handler = self._handle
        self._connected: set[web.RequestHandler] = set()
        #: Those that wait for a request, or for the rest of one; who has done so for longest first.
        self._idle: dict[_Connection, None] = {}

    def __call__(self) -> web.RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        """Take one more; if that is too many, let somebody go."""
        super().connection_made(handler, transport)
        assert isinstance(handler, _Connection)
        self._connected.add(handler)
        self._idle[handler] = None
        if len(self._connected) > self._most:
            next(iter(self._idle)).hang_up()

    def connection_lost(
        self, handler: web.RequestHandler, exc: BaseException | None = None
    ) -> None:
        """Have one less."""
        super().connection_lost(handler, exc)
        assert isinstance(handler, _Connection)
        self._connected.discard(handler)
        self._idle.pop(handler, None)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        connection = request.protocol
        assert isinstance(connection, _Connection)
        self._idle.pop(connection, None)
        connection.head_is_there(request)
        try:
            return await self._answer(request)
        finally:
            if connection in self._connected:
                connection.is_answered()
                self._idle[connection] = None


class _Connection(web.RequestHandler):
    def __init__(self, server: _Server, **options: Any) -> None:
        super().__init__(server, **options)
        self._patience = server.patience
        self._answering = False
        # aiohttp forgets its own when it has begun to close it.
        self._line: asyncio.Transport | None = None
        self._asking: asyncio.TimerHandle | None = None
        self._taking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._line = cast(asyncio.Transport, transport)
        super().connection_made(transport)

    def hang_up(self) -> None:
        """End the connection at once, whatever was still to be sent."""
        if self._line is not None:
            self._line.abort()

    def head_is_there(self, request: web.BaseRequest) -> None:
        """Give whoever asks more time, for the body if there is one."""
        self._asked()
        self._answering = True
        if not request.content.is_eof():
            self._asking = self._loop.call_later(self._patience.body_s, self.hang_up)
            request.content.on_eof(self._asked)

    def is_answered(self) -> None:
        """Be ready for another request."""
        self._answering = False

    def data_received(self, data: bytes) -> None:
        """Note when a request begins."""
        if data and self._asking is None and not self._answering:
            self._asking = self._loop.call_later(self._patience.head_s, self.hang_up)
        super().data_received(data)

    def pause_writing(self) -> None:
        """Wait until more of the answer is taken, but not for ever."""
        super().pause_writing()
        self._taking = self._loop.call_later(self._patience.answer_s, self.hang_up)

    def resume_writing(self) -> None:
        """Go on with the answer."""
        self._taken()
        super().resume_writing()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Wait for nothing any more."""
        self._asked()
        self._taken()
        self._line = None
        super().connection_lost(exc)

    def _asked(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            self._asking = None

    def _taken(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None

    def log_exception(self, *args: Any, **options: Any) -> None:
        """Log what failed through us; what is no HTTP is its sender's, who could fill the log."""
        if not isinstance(options.get("exc_info"), HttpProcessingError):
            super().log_exception(*args, **options)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Refuse what could not be read, or what failed, and end the connection."""
        super().handle_error(
            request, status, exc, message
        )  # logs; raises if it is too late to answer
        if status < 500:
            answer = refusal(status, "unreadable", None, "Cette demande ne peut pas être lue.")
        else:
            answer = refusal(status, "defect", None, "Une erreur s’est produite.")
        answer.headers["Server"] = SERVER
        answer.force_close()
        return answer


async def _name(request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = SERVER
