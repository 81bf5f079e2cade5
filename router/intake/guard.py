"""What every request to this process passes: who may ask, and failures put into words.

Browsers come from an origin on the exact allow-list; servers bring a key (`Authorization:
Bearer`). There are no cookies, so nobody's browser can be made to act for them.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from aiohttp import web

from router import logs
from router.access import Keyring, Scope
from router.intake.requests import too_large
from router.intake.terms import Terms
from router.web.refusals import NotNow
from router.web.replies import Refused, http_refusal, refusal
from router.web.tokens import holder

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

#: What pages of other sites may read: the widget asks for the state of the service first.
SHARED_PATHS = ("/v1/callbacks", "/v1/service", "/v1/openapi.json")
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, DELETE",
    "Access-Control-Allow-Headers": "Content-Type, Idempotency-Key",
    "Access-Control-Max-Age": "600",
}


@dataclass(frozen=True, slots=True)
class Requester:
    """Who asks for a callback."""

    #: An origin, or "key:" and the name of a trusted server.
    name: str
    #: Whether a proof of work is needed.
    proof: bool


class Guard:
    """Who may ask, by `terms` and tokens; `middleware` is for the application of this process."""

    def __init__(self, terms: Terms, keyring: Keyring) -> None:
        self._terms = terms
        self._keyring = keyring
        self._log = structlog.get_logger()
        self._last_answers = False
        #: Handlers that failed over something unforeseen: a defect; must stay 0.
        self.defects = 0

    def end_connections(self) -> None:
        """From now on each answer ends its connection: another process takes what comes."""
        self._last_answers = True

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer preflights, put every failure into words, and let allowed origins read it."""
        shared = request.path.startswith(SHARED_PATHS)
        if request.method == "OPTIONS" and shared:
            return self._preflight(request)
        answer = await self._answered(request, handler)
        if self._last_answers:
            answer.force_close()
        if shared and not answer.prepared:
            answer.headers["Vary"] = "Origin"
            if (origin := request.headers.get("Origin")) in self._terms.origins:
                answer.headers["Access-Control-Allow-Origin"] = origin
                answer.headers["Access-Control-Expose-Headers"] = "Retry-After"
        return answer

    def requester(self, request: web.Request) -> Requester:
        """Return who asks.

        Raises:
            Refused: 401 for an unknown key, 403 for one that is for something else, or for an
                origin that is not allowed, or none.
        """
        if (authorization := request.headers.get("Authorization")) is not None:
            token = holder(authorization, self._keyring.holder, Scope.CALLBACKS)
            return Requester(f"key:{token.name}", proof=False)
        return Requester(self.origin_of(request), proof=self._terms.proof_of_work)

    def origin_of(self, request: web.Request) -> str:
        """Return the origin of the page that asks.

        Raises:
            Refused: 403 if there is none, or another.
        """
        origin = request.headers.get("Origin")
        if origin is None or not (origin in self._terms.origins or _is_our_own(origin, request)):
            raise _foreign()
        return origin

    def check_reader(self, request: web.Request) -> None:
        """Let anything read but a page of a foreign site.

        Browsers name no origin when a page reads from its own, and reading changes nothing.

        Raises:
            Refused: 403 if there is an origin that is not allowed.
        """
        if "Origin" in request.headers:
            self.origin_of(request)

    async def _answered(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refused as error:
            return refused(error)
        except web.HTTPRequestEntityTooLarge:
            return refused(too_large())
        except web.HTTPException as error:
            return http_refusal(error)
        except ConnectionError:
            raise  # whoever asked has left
        except Exception as error:
            # Neither its text nor a traceback: they could quote what was sent.
            self.defects += 1
            place = logs.place(error.__traceback__)
            self._log.error("defect", error=type(error).__name__, place=place, count=self.defects)
            return refusal(500, "defect", None, "Une erreur s’est produite. Veuillez réessayer.")

    def _preflight(self, request: web.Request) -> web.Response:
        """Fetch standard, section 4.8: answered for exactly the allow-list."""
        origin = request.headers.get("Origin")
        if origin not in self._terms.origins:
            return refused(_foreign())
        headers = {**_PREFLIGHT, "Access-Control-Allow-Origin": origin, "Vary": "Origin"}
        return web.Response(status=204, headers=headers)


def refused(error: Refused) -> web.Response:
    """Return the refusal as an answer."""
    more = dict(error.more)
    if isinstance(error, NotNow) and error.opens_at is not None:
        more["next_opening_at"] = error.opens_at
    answer = refusal(error.status, error.code, error.field, error.message, **more)
    answer.headers.update(retry_headers(error))
    return answer


def retry_headers(error: Refused) -> dict[str, str]:
    """Return when to try again, as a header, where that is known."""
    if error.retry_s is not None:
        return {"Retry-After": str(error.retry_s)}
    return {}


def _is_our_own(origin: str, request: web.Request) -> bool:
    """Whether a page that we served asks, whatever name and port it was reached by.

    The browser knows (Fetch Metadata, over HTTPS); otherwise a proxy must pass `Host` on.
    """
    return (
        request.headers.get("Sec-Fetch-Site") == "same-origin"
        or origin.partition("://")[2] == request.host
    )


def _foreign() -> Refused:
    return Refused(
        403,
        "origin",
        None,
        "Une demande de rappel se fait depuis la page d’un site autorisé.",
    )
