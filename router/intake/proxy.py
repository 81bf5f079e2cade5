"""Every address that is not the intake's own is the router's: handed on over its socket.

Nothing that could be a number is passed on: only addresses that the router has, only headers
that it reads, and neither query nor body that holds what looks like a telephone number. Answers are
passed back as they come, event streams included; those end when the intake is replaced, and
browsers reconnect.

However many ask, the router keeps its time for calls: what everybody is told alike is asked once a
second (`fresh.py`), and of the rest few at once (`turns.py`). Those who bring a known token, or one
that the router has taken before, and those who watch the service have turns of their own: nobody
else can take them.
"""

import asyncio
import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from router.access import Keyring, Scope
from router.intake.fresh import Fresh, Whole
from router.intake.known_tokens import KnownTokens
from router.intake.machines import FOR_MACHINES, Machines
from router.intake.turns import Turns
from router.web.addresses import ADDRESSES
from router.web.bodies import LARGEST_BODY
from router.web.number_shapes import holds_a_number
from router.web.replies import Refused
from router.web.tokens import bearer

SOCKET_NAME = "router.sock"

_REQUEST_HEADERS = (
    *("Accept", "Accept-Encoding", "Authorization", "Content-Type", "If-None-Match"),
    "Last-Event-ID",
)
#: RFC 9110, section 7.6.1: what concerns one connection only. aiohttp sets its own.
_OUR_HEADERS = frozenset(
    {"connection", "content-length", "date", "keep-alive", "server", "transfer-encoding"}
)
#: What everybody is told alike, whoever asks and however.
_ALIKE = frozenset({"/", "/healthz", "/v1/service"})
#: How many are handed on at once, and how many more wait: of strangers, and of those who are known.
_STRANGERS, _KNOWN = (4, 40), (16, 400)
#: A router that has not begun to answer within this counts as away.
_PATIENCE_S = 15.0


class Proxy:
    """The way to the router. `folder` holds its socket, `paths` are the addresses that it has.

    Some of them are for `machines` only. Whoever has a token of `keyring` is known.
    """

    def __init__(
        self, folder: Path, paths: Iterable[str], machines: Machines, keyring: Keyring
    ) -> None:
        # By the folder's descriptor: a socket's own path must be short (unix(7)).
        self._folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        self._path = f"/proc/self/fd/{self._folder}/{SOCKET_NAME}"
        self._known = re.compile("|".join(map(pattern_of, paths)) or "(?!)")
        self._machines = machines
        self._known_tokens = KnownTokens(keyring)
        self._strangers, self._known_people = Turns(*_STRANGERS), Turns(*_KNOWN)
        self._fresh = Fresh(self._ask_for_everybody)
        self._session: aiohttp.ClientSession | None = None
        self._streams: set[aiohttp.ClientResponse] = set()
        self._ending = False

    async def close(self) -> None:
        """Give up what is under way."""
        self.end_streams()
        self._fresh.close()
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
                the router is away or too many ask.
        """
        if not self._known.fullmatch(request.path) or holds_a_number(request.raw_path):
            raise web.HTTPNotFound
        if request.path in FOR_MACHINES and not self._machines.include(
            request.remote, request.headers
        ):
            raise _for_machines()
        if (request.content_length or 0) > LARGEST_BODY:
            raise web.HTTPRequestEntityTooLarge(LARGEST_BODY, request.content_length or 0)
        if request.method == "GET" and request.path in _ALIKE:
            alike = await self._fresh.answer(request.path)
            return web.Response(status=alike.status, body=alike.body, headers=alike.headers)
        body = await request.read() if request.can_read_body else None
        if body and holds_a_number(body.decode(errors="replace")):
            raise _number_in_body()
        headers = {
            name: request.headers[name] for name in _REQUEST_HEADERS if name in request.headers
        }
        token = bearer(request.headers.get("Authorization"))
        # Strangers do not get to what is for machines.
        known = request.path in FOR_MACHINES or token in self._known_tokens
        async with (self._known_people if known else self._strangers).turn():
            answer = await self._ask(request.method, request.raw_path, headers, body)
        if _OPENED.fullmatch(request.path):
            self._known_tokens.note(token, answer.status)
        async with answer:
            return await self._copy(request, answer)

    async def _ask_for_everybody(self, path: str) -> Whole:
        async with await self._ask("GET", path, {}, None) as answer:
            try:
                return Whole(answer.status, CIMultiDict(_kept(answer)), await answer.read())
            except (aiohttp.ClientError, OSError):
                raise _away() from None

    async def _ask(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None
    ) -> aiohttp.ClientResponse:
        """Return the router's answer, whose body may be still to come.

        Raises:
            Refused: 503 if the router is away.
        """
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await self._open().request(
                    method,
                    URL(f"http://router{target}", encoded=True),
                    headers=headers,
                    data=body,
                    allow_redirects=False,
                )
        except (aiohttp.ClientError, OSError, TimeoutError):
            raise _away() from None

    async def _copy(
        self, request: web.Request, answer: aiohttp.ClientResponse
    ) -> web.StreamResponse:
        kept = _kept(answer)
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


def _kept(answer: aiohttp.ClientResponse) -> list[tuple[str, str]]:
    """Return the headers that are passed on."""
    return [(k, v) for k, v in answer.headers.items() if k.lower() not in _OUR_HEADERS]


def pattern_of(path: str) -> str:
    """Return the regular expression of an address: "{agent}" stands for any one part."""
    return re.sub(r"\\\{[^/]*?\\\}", "[^/]+", re.escape(path))


#: The addresses that only a token opens.
_OPENED = re.compile(
    "|".join(pattern_of(path) for path, to in ADDRESSES.items() if isinstance(to, Scope))
)


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
