"""The account of a browser's phone, and the websocket over which that speaks SIP.

A page with an informateur's token asks for the account, and gets with it a ticket: one use, a few
seconds. With the ticket it opens the websocket, which leads to Asterisk's `/ws` and to nothing
else.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import aiohttp
from aiohttp import WSCloseCode, web

from router.core.events import Event
from router.core.ids import AgentId, PhoneId
from router.core.plan import Plan
from router.web.addresses import check, holder_of
from router.web.backend import telephony_away
from router.web.bodies import Field, body_of, checked
from router.web.replies import Refused, errors_in_french, json_answer
from router.web.softphone.line import LARGEST_MESSAGE, Line
from router.web.tokens import bearer

ACCOUNT = "/v1/agents/me/softphone"
PATH = "/sip"
FIELDS = (Field("in_call", bool),)
#: A ticket is used at once.
TICKET_S = 10.0
#: Tickets that nobody uses take no more room than this.
_MOST_TICKETS = 1000
_TICKET = "ticket."
_SUBPROTOCOL = "sip"
#: Of SIP addresses: Asterisk goes by the user alone.
_DOMAIN = "allo.invalid"
_CONNECT_S = 2.0


@dataclass(frozen=True, slots=True)
class Account:
    """The phone in an informateur's browser, as Asterisk knows it."""

    phone: PhoneId
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Pass:
    """What a ticket stands for."""

    account: Account
    #: The token of whoever got it.
    presented: str = field(repr=False)
    in_call: bool
    #: By the loop's clock.
    until: float


class Softphones:
    """The browsers' phones. `accounts` are the informateurs'; none, if there are no such phones.

    `url` is Asterisk's websocket; `stands` says whether whoever presented a token is still let in;
    `submit` gets what pages say of themselves.
    """

    def __init__(
        self,
        plan: Plan,
        accounts: Mapping[AgentId, Account],
        url: str,
        stands: Callable[[str], bool],
        submit: Callable[[Event], None],
        *,
        ping_s: float = 1.0,
        silent_s: float = 3.0,
    ) -> None:
        self.plan = plan
        self._accounts = accounts
        self._url = url
        self._stands = stands
        self._submit = submit
        self._ping_s = ping_s
        self._silent_s = silent_s
        self._passes: dict[str, _Pass] = {}
        self._lines: dict[PhoneId, Line] = {}
        self._session: aiohttp.ClientSession | None = None

    def change_accounts(self, accounts: Mapping[AgentId, Account]) -> None:
        """Give pages these accounts from now on."""
        self._accounts = accounts

    def routes(self) -> list[web.RouteDef]:
        """Return the address for pages that have a token."""
        return [web.post(ACCOUNT, self.hand_out)]

    def door(self) -> web.Application:
        """Return the application that serves the websocket, and nothing else."""
        app = web.Application(middlewares=[_once, errors_in_french])
        app.add_routes([web.get(PATH, self.connect, allow_head=False)])
        app.on_shutdown.append(self.close)
        check(app)
        return app

    async def close(self, app: web.Application | None = None) -> None:
        """End all connections: the pages come back when the service is."""
        await asyncio.gather(
            *(line.end(WSCloseCode.SERVICE_RESTART) for line in self._lines.values())
        )
        if self._session is not None:
            await self._session.close()

    async def hand_out(self, request: web.Request) -> web.Response:
        """Give a page its account, with a ticket for one connection."""
        token = holder_of(request)
        assert token.agent is not None, "a token for a desk names its informateur"
        account = self._accounts.get(token.agent)
        if account is None:
            raise Refused(
                409, "no_softphone", None, "Aucun téléphone n’est prévu dans le navigateur."
            )
        given = checked(FIELDS, await body_of(request), self.plan)
        presented = bearer(request.headers.get("Authorization"))
        ticket = self._ticket(account, presented, in_call=given.get("in_call", False))
        return json_answer(
            {
                "phone": account.phone,
                "uri": f"sip:{account.user}@{_DOMAIN}",
                "password": account.password,
                "path": PATH,
                "protocols": [_SUBPROTOCOL, _TICKET + ticket],
                "silent_s": self._silent_s,
            }
        )

    def _ticket(self, account: Account, presented: str, *, in_call: bool) -> str:
        now = asyncio.get_running_loop().time()
        self._passes = {one: its for one, its in self._passes.items() if its.until > now}
        while len(self._passes) >= _MOST_TICKETS:
            del self._passes[next(iter(self._passes))]
        ticket = secrets.token_urlsafe(24)
        self._passes[ticket] = _Pass(account, presented, in_call, now + TICKET_S)
        return ticket

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """Join a browser and Asterisk, until one of them goes."""
        websocket = web.WebSocketResponse(
            protocols=(_SUBPROTOCOL,), max_msg_size=LARGEST_MESSAGE, compress=False, timeout=1.0
        )
        if not websocket.can_prepare(request):
            raise Refused(426, "no_websocket", None, "Cette adresse est celle d’un websocket.")
        if not _is_our_own(request.headers.get("Origin"), request.host):
            raise Refused(403, "origin", None, "Cette page n’est pas du service.")
        holder = self._redeem(request.headers)
        phone = holder.account.phone
        async with await self._upstream() as asterisk:
            while (old := self._lines.get(phone)) is not None:
                await old.end(REPLACED)
            line = self._lines[phone] = Line(
                websocket,
                asterisk,
                phone,
                holder.account.user,
                self._submit,
                lambda: self._stands(holder.presented),
                in_call=holder.in_call,
                ping_s=self._ping_s,
                silent_s=self._silent_s,
            )
            try:
                await websocket.prepare(request)
                await line.run()
            finally:
                line.is_over()
                del self._lines[phone]
        return websocket

    def _redeem(self, headers: Mapping[str, str]) -> _Pass:
        offered = [one.strip() for one in headers.get("Sec-WebSocket-Protocol", "").split(",")]
        ticket = next((one for one in offered if one.startswith(_TICKET)), "")
        holder = self._passes.pop(ticket.removeprefix(_TICKET), None)
        if holder is None or holder.until < asyncio.get_running_loop().time():
            raise Refused(403, "ticket", None, "Ce ticket est inconnu, déjà utilisé ou périmé.")
        return holder

    async def _upstream(self) -> aiohttp.ClientWebSocketResponse:
        """Connect to Asterisk. Nothing of the browser's request is part of ours."""
        if self._session is None:
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        try:
            async with asyncio.timeout(_CONNECT_S):
                return await self._session.ws_connect(
                    self._url, protocols=(_SUBPROTOCOL,), max_msg_size=LARGEST_MESSAGE
                )
        except (aiohttp.ClientError, OSError, TimeoutError):
            raise telephony_away() from None


#: Tells the page that the informateur has opened another one: it must not come back by itself.
REPLACED = 4001


@web.middleware
async def _once(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Answer once: nothing else comes in by a connection that was handed over (handing_over.py)."""
    answer = await handler(request)
    if not answer.prepared:
        answer.force_close()
    return answer


def _is_our_own(origin: str | None, host: str) -> bool:
    """Return whether a page that we served asks; what is no browser names no origin.

    A proxy may leave the port out of `Host`.
    """
    return origin is None or urlsplit(origin).hostname == urlsplit(f"//{host}").hostname
