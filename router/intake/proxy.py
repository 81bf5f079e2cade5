"""Every address that is not the intake's own is the router's: handed on over its socket.

Nothing that could be a number is passed on: only addresses that the router has, only headers
that it reads, and neither query nor body that holds what looks like a telephone number. Answers are
passed back as they come, event streams included; those end when the intake is replaced, and
browsers reconnect.
"""

import asyncio
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import aiohttp
from aiohttp import web
from yarl import URL

from router.intake.machines import FOR_MACHINES, Machines
from router.web.bodies import LARGEST_BODY
from router.web.number_shapes import holds_a_number
from router.web.replies import Refused

SOCKET_NAME = "router.sock"

_REQUEST_HEADERS = (
    *("Accept", "Accept-Encoding", "Authorization", "Content-Type", "If-None-Match"),
    "Last-Event-ID",
)
#: RFC 9110, section 7.6.1: what concerns one connection only. aiohttp sets its own.
_OUR_HEADERS = frozenset(
    {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"}
)
#: A router that has not begun to answer within this counts as away.
_PATIENCE_S = 15.0


class Proxy:
    """The way to the router. `folder` holds its socket, `paths` are the addresses that it has.

    Some of them are for `machines` only.
    """

    def __init__(self, folder: Path, paths: Iterable[str], machines: Machines) -> None:
        # By the folder's descriptor: a socket's own path must be short (unix(7)).
        self._folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        self._path = f"/proc/self/fd/{self._folder}/{SOCKET_NAME}"
        self._known = re.compile("|".join(map(pattern_of, paths)) or "(?!)")
        self._machines = machines
        self._session: aiohttp.ClientSession | None = None
        self._streams: set[aiohttp.ClientResponse] = set()
        self._ending = False

    async def close(self) -> None:
        """Give up what is under way."""
        self.end_streams()
        if self._session is not None:
            await self._session.close()
        os.close(self._folder)

    def end_streams(self) -> None:
        """End the streams, which would never end of their own accord, and all those to come."""
        self._ending = True
        for answer in self._streams:
            answer.close()

    async def hand_on(self, request: web.Request) -> web.StreamResponse:
        """Answer as the router answers.

        Raises:
            HTTPNotFound: If it has no such address, or a number may be in it.
            HTTPRequestEntityTooLarge: If the body is longer than the router reads.
            Refused: 403 if the address is for machines, 422 if a number may be in the body, 503 if
                the router is away.
        """
        if not self._known.fullmatch(request.path) or holds_a_number(request.raw_path):
            raise web.HTTPNotFound
        if request.path in FOR_MACHINES and not self._machines.include(
            request.remote, request.headers
        ):
            raise _for_machines()
        if (request.content_length or 0) > LARGEST_BODY:
            raise web.HTTPRequestEntityTooLarge(LARGEST_BODY, request.content_length or 0)
        body = await request.read() if request.can_read_body else None
        if body and holds_a_number(body.decode(errors="replace")):
            raise _number_in_body()
        headers = {
            name: request.headers[name] for name in _REQUEST_HEADERS if name in request.headers
        }
        try:
            async with asyncio.timeout(_PATIENCE_S):
                answer = await self._open().request(
                    request.method,
                    URL(f"http://router{request.raw_path}", encoded=True),
                    headers=headers,
                    data=body,
                    allow_redirects=False,
                )
        except (aiohttp.ClientError, OSError, TimeoutError):
            raise _away() from None
        async with answer:
            return await self._copy(request, answer)

    async def _copy(
        self, request: web.Request, answer: aiohttp.ClientResponse
    ) -> web.StreamResponse:
        kept = [(k, v) for k, v in answer.headers.items() if k.lower() not in _OUR_HEADERS]
        if answer.content_length is not None or request.method == "HEAD":
            try:
                content = await answer.read()
            except (aiohttp.ClientError, OSError):
                raise _away() from None
            whole = web.Response(status=answer.status, body=content)
            whole.headers.clear()
            whole.headers.extend(kept)
            return whole
        copy = web.StreamResponse(status=answer.status)
        copy.headers.extend(kept)
        await copy.prepare(request)
        self._streams.add(answer)
        try:
            with suppress(aiohttp.ClientError, OSError):  # either end has gone
                while not self._ending and (piece := await answer.content.readany()):
                    await copy.write(piece)
            with suppress(OSError):
                await copy.write_eof()
        finally:
            self._streams.discard(answer)
        return copy

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.UnixConnector(self._path, limit=0),
                timeout=aiohttp.ClientTimeout(total=None),
                auto_decompress=False,
                skip_auto_headers=("Accept-Encoding",),  # what the browser can unpack decides
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


def pattern_of(path: str) -> str:
    """Return the regular expression of an address: "{agent}" stands for any one part."""
    return re.sub(r"\\\{[^/]*?\\\}", "[^/]+", re.escape(path))


def _for_machines() -> Refused:
    return Refused(
        403,
        "machines_only",
        None,
        "Cette adresse est réservée aux machines qui surveillent le service.",
    )


def _number_in_body() -> Refused:
    return Refused(
        422,
        "number_in_body",
        None,
        "Le contenu ne doit comporter aucun numéro de téléphone.",
    )


def _away() -> Refused:
    return Refused(
        503, "away", None, "Le service redémarre ou est indisponible. Réessayez dans un instant."
    )
