"""Every HTTP address and what opens it, in one table; and the door that goes by it.

An application with an address that is not in the table cannot be made.
"""

from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum

from aiohttp import web
from aiohttp.typedefs import Middleware

from router.access import Scope, Token
from router.web.bodies import ACTIONS
from router.web.directives import OF_AGENT, OF_ALL
from router.web.tokens import Known, bearer, holder

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Others(StrEnum):
    """Those who bring no token of a scope."""

    #: Whoever asks.
    EVERYBODY = "everybody"
    #: Machines, by their network; from elsewhere with `Scope.READ` (intake/machines.py).
    MACHINES = "machines"
    #: Browsers' phones, each with a ticket for one connection (softphone/handlers.py).
    SOFTPHONES = "softphones"
    #: Pages of allowed origins; servers with `Scope.CALLBACKS` (intake/guard.py).
    VISITORS = "visitors"


#: As the applications write them: a part in braces stands for any.
ADDRESSES: Mapping[str, Scope | Others] = {
    "/": Others.EVERYBODY,
    "/healthz": Others.EVERYBODY,
    "/v1/service": Others.EVERYBODY,
    "/v1/openapi.json": Others.EVERYBODY,
    "/rappel": Others.EVERYBODY,
    "/rappel/suivi": Others.EVERYBODY,
    "/widget.js": Others.EVERYBODY,
    "/poste": Others.EVERYBODY,
    "/static/{folder}/{file}": Others.EVERYBODY,
    "/readyz": Others.MACHINES,
    "/metrics": Others.MACHINES,
    "/v1/callbacks": Others.VISITORS,
    "/v1/callbacks/challenge": Others.VISITORS,
    "/v1/callbacks/{ticket}": Others.VISITORS,
    "/v1/access-codes/{fiche}": Scope.READ,
    "/wallboard": Others.EVERYBODY,
    "/v1/wallboard": Scope.READ,
    "/v1/wallboard/stream": Scope.READ,
    "/v1/wallboard/informateurs/{agent}/why": Scope.READ,
    "/sip": Others.SOFTPHONES,
    "/v1/agents/session": Others.EVERYBODY,
    "/v1/agents/me": Scope.AGENTS,
    "/v1/agents/me/session": Scope.AGENTS,
    "/v1/agents/me/calls": Scope.AGENTS,
    "/v1/agents/me/softphone": Scope.AGENTS,
    "/v1/agents/me/stream": Scope.AGENTS,
    **{f"/v1/agents/me/{action}": Scope.AGENTS for action in ACTIONS},
    "/v1/supervision/agents": Scope.SUPERVISE,
    "/v1/supervision/agents/{agent}/why": Scope.SUPERVISE,
    "/v1/supervision/agents/{agent}/{watching}": Scope.SUPERVISE,
    **{f"/v1/supervision/agents/{{agent}}/{name}": Scope.SUPERVISE for name in OF_AGENT},
    **{f"/v1/supervision/{name}": Scope.SUPERVISE for name in OF_ALL},
}
_HOLDER = web.RequestKey("holder", Token)
_STILL_KNOWN: web.RequestKey[Callable[[], bool]] = web.RequestKey("still known")


def door(known: Known) -> Middleware:
    """Return the middleware that lets nobody through without the token that the table asks for.

    `known` finds the token that was presented.
    """

    @web.middleware
    async def by_the_table(request: web.Request, handler: Handler) -> web.StreamResponse:
        resource = request.match_info.route.resource
        needed = None if resource is None else ADDRESSES[resource.canonical]
        if isinstance(needed, Scope):
            authorization = request.headers.get("Authorization")
            request[_HOLDER] = holder(authorization, known, needed)
            request[_STILL_KNOWN] = lambda: known(bearer(authorization)) is not None
        return await handler(request)

    return by_the_table


def holder_of(request: web.Request) -> Token:
    """Return whose token opened the address of this request, one that needs a scope."""
    return request[_HOLDER]


def may_go_on(request: web.Request) -> bool:
    """Return whether the token of this request still opens: an answer may outlast it."""
    return request[_STILL_KNOWN]()


def check(application: web.Application) -> None:
    """Check that every address of the application is in the table.

    Raises:
        LookupError: With those that are not: a defect.
    """
    addresses = {one.canonical for one in application.router.resources()}
    if unknown := sorted(addresses - ADDRESSES.keys()):
        raise LookupError(f"not in router/web/addresses.py: {', '.join(unknown)}")
