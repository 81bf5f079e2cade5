"""Every address that is not the intake's own is the router's: handed on over its socket.

Nothing that could be a number goes along: only addresses that the router has, only headers
that it reads, and no query that looks like a telephone number. Answers are handed on as they
come, event streams included; these end when the intake is replaced, and browsers come back by
themselves.
"""

import asyncio
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote

import aiohttp
from aiohttp import web
from yarl import URL

from router.intake.machines import FOR_MACHINES, Machines
from router.web.replies import Refused

SOCKET_NAME = "router.sock"
#: What the router's handlers take.
LARGEST_BODY = 16 * 1024

_REQUEST_HEADERS = ("Accept", "Authorization", "Content-Type", "If-None-Match", "Last-Event-ID")
#: RFC 9110, section 7.6.1: what concerns one connection only. aiohttp sets its own.
_OUR_HEADERS = frozenset(
    {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"}
)
_BETWEEN_DIGITS = re.compile(r"(?<=[0-9)])[+\s().:/_-]+(?=[0-9(])|[()]")
_A_NUMBER = re.compile(r"(?<![0-9])(?:0|(?:\+|00)[0-9]{2,3}0?)[1-9][0-9]{8}(?![0-9])")
#: A router that does not begin to answer within this is away.
_PATIENCE_S = 15.0


class Proxy:
    """The way to the router. `folder` holds its socket, `paths` are the addresses it has.

    Some of them are for `machines` only.
    """

    def __init__(self, folder: Path, paths: Iterable[str], machines: Machines) -> None:
        # By the folder's descriptor: a socket's own path must be short (unix(7)).
        self._folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        self._path = f"/proc/self/fd/{self._folder}/{SOCKET_NAME}"
        self._known = re.compile("|".join(map(_pattern, paths)) or "(?!)")
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
        """End the streams that have no end of their own, now and from now on."""
        self._ending = True
        for answer in self._streams:
            answer.close()

    async def hand_on(self, request: web.Request) -> web.StreamResponse:
        """Answer as the router does."""
        if not self._known.fullmatch(request.path) or holds_a_number(request.raw_path):
            raise web.HTTPNotFound
        if request.path in FOR_MACHINES and not self._machines.include(
            request.remote, request.headers
        ):
            raise _for_machines()
        if (request.content_length or 0) > LARGEST_BODY:
            raise web.HTTPRequestEntityTooLarge(LARGEST_BODY, request.content_length or 0)
        body = await request.read() if request.can_read_body else None
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
            with suppress(aiohttp.ClientError, OSError):  # one of the two has gone
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
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


def holds_a_number(target: str) -> bool:
    """Whether there is what looks like a telephone number in the target of a request."""
    return _A_NUMBER.search(_BETWEEN_DIGITS.sub("", unquote(target))) is not None


def _pattern(path: str) -> str:
    """ "/v1/agents/{agent}/events" as a pattern: a part in braces is any one part."""
    return re.sub(r"\\\{[^/]*?\\\}", "[^/]+", re.escape(path))


def _for_machines() -> Refused:
    return Refused(
        403,
        "machines_only",
        None,
        "Cette adresse est réservée aux machines qui surveillent le service.",
    )


def _away() -> Refused:
    return Refused(
        503, "away", None, "Le service redémarre ou est indisponible. Réessayez dans un instant."
    )
