"""Serves an application without saying what it is made of.

aiohttp would name itself and its version in every answer, and quote, in English, what it could
not read of a request. Here every answer has the same bare `Server`, and what is not HTTP, or
fails through a defect, is refused in the words of every other refusal.
"""

from typing import Any

from aiohttp import web
from aiohttp.http import HttpProcessingError

from router.web.replies import refusal

#: The header `Server` of every answer.
SERVER = "allo"


class Runner(web.AppRunner):
    """Like aiohttp's own, with its options."""

    def __init__(self, app: web.Application, **options: Any) -> None:
        app.on_response_prepare.append(_name)
        super().__init__(app, access_log=None, **options)

    async def _make_server(self) -> web.Server:
        whole = await super()._make_server()
        return _Server(
            whole.request_handler, request_factory=whole.request_factory, **whole._kwargs
        )


class _Server(web.Server):
    def __call__(self) -> web.RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)


class _Connection(web.RequestHandler):
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
