"""`/v1/callbacks…`: the callbacks' interface for browsers and for trusted servers.

Browsers come from an origin on the exact allow-list and bring a proof of work; servers bring a
key (`Authorization: Bearer`) and need neither. A ticket is its own key: whoever shows it may
follow and cancel it. There are no cookies, so nobody's browser can be made to act for them.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import structlog
from aiohttp import web

from router.intake.answers import progress_json
from router.intake.channel import Standing
from router.intake.openapi import DESCRIPTION
from router.intake.reception import Reception
from router.intake.requests import LARGEST_BODY, checked_key, sector_of, subject_of, wanted_of
from router.intake.terms import Terms
from router.web.refusals import NotNow
from router.web.replies import Refused, refusal
from router.web.tokens import bearer, whose

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_NO_STORE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}

#: What pages of other sites may read: the widget asks the service's state first.
SHARED_PATHS = ("/v1/callbacks", "/v1/service", "/v1/openapi.json")
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, DELETE",
    "Access-Control-Allow-Headers": "Content-Type, Idempotency-Key",
    "Access-Control-Max-Age": "600",
}

#: A ticket's state that can still be cancelled, or already is.
_CANCELLED = "cancelled"


class Interface:
    """The handlers, and the guard that every request of this process passes (`guard`)."""

    def __init__(self, terms: Terms, reception: Reception) -> None:
        self._terms = terms
        self._reception = reception
        self._description = orjson.dumps(DESCRIPTION)
        self._log = structlog.get_logger()
        #: Handlers that failed over something unforeseen: a defect; must stay 0.
        self.defects = 0
        #: Whether each answer ends its connection, since another process takes what comes.
        self.last_answers = False

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return the addresses."""
        return [
            web.post("/v1/callbacks", self.ask),
            web.get("/v1/callbacks/challenge", self.challenge),
            web.get("/v1/callbacks/{ticket}", self.follow),
            web.delete("/v1/callbacks/{ticket}", self.cancel),
            web.get("/v1/openapi.json", self.describe),
        ]

    async def ask(self, request: web.Request) -> web.Response:
        """Ask to be called back: 202 with the ticket."""
        who, proof = self._who(request)
        key = checked_key(request.headers.get("Idempotency-Key"))
        content = await content_of(request)
        wanted = wanted_of(request.content_type, content, self._terms.plan)
        standing = await self._reception.take(wanted, who, key, proof=proof)
        return self._progress(standing, 202, {"ticket": standing.ticket})

    async def challenge(self, request: web.Request) -> web.Response:
        """A new puzzle; or why nothing could come of solving it."""
        self._check_origin_if_any(request)
        named = request.query.get("fiche"), request.query.get("sector")
        if any(named):
            sector = sector_of(subject_of(*named, self._terms.plan))
            if (why := self._reception.refusal(sector)) is not None:
                raise self._reception.refused(why)
        if not self._terms.proof_of_work:
            return _json({"required": False})
        return _json(self._reception.challenges.new(self._terms.now()))

    async def follow(self, request: web.Request) -> web.Response:
        """Where a ticket stands."""
        self._check_origin_if_any(request)
        standing = await self._reception.status(request.match_info["ticket"])
        if standing is None:
            raise _unknown_ticket()
        return self._progress(standing)

    async def cancel(self, request: web.Request) -> web.Response:
        """Cancel a ticket: 409 when it is too late."""
        self._who(request)
        standing = await self._reception.cancel(request.match_info["ticket"])
        if standing is None:
            raise _unknown_ticket()
        if standing.state != _CANCELLED:
            raise Refused(
                409,
                "too_late",
                None,
                "Cette demande ne peut plus être annulée : l’appel a lieu ou est terminé.",
            )
        return self._progress(standing)

    async def describe(self, request: web.Request) -> web.Response:
        """This interface, in OpenAPI 3.1."""
        return web.Response(body=self._description, content_type="application/json")

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer preflights, put every failure into words, and let allowed origins read it."""
        shared = request.path.startswith(SHARED_PATHS)
        if request.method == "OPTIONS" and shared:
            return self._preflight(request)
        answer = await self._answered(request, handler)
        if self.last_answers:
            answer.force_close()
        if shared and not answer.prepared:
            answer.headers["Vary"] = "Origin"
            if (origin := request.headers.get("Origin")) in self._terms.origins:
                answer.headers["Access-Control-Allow-Origin"] = origin
                answer.headers["Access-Control-Expose-Headers"] = "Retry-After"
        return answer

    async def _answered(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refused as error:
            return refused(error)
        except web.HTTPRequestEntityTooLarge:
            return refused(too_large())
        except web.HTTPNotFound:
            return refusal(404, "not_found", None, "Cette adresse n’existe pas.")
        except web.HTTPMethodNotAllowed as error:
            answer = refusal(405, "method_not_allowed", None, "Cette méthode n’est pas permise.")
            answer.headers["Allow"] = ", ".join(sorted(error.allowed_methods))
            return answer
        except web.HTTPException as error:
            return refusal(error.status, "refused", None, "Cette demande n’est pas recevable.")
        except ConnectionError:
            raise  # whoever asked has left
        except Exception as error:
            # Neither its text nor a traceback: they could quote what was sent.
            self.defects += 1
            self._log.error(
                "defect", type=type(error).__name__, detail=place_of(error), count=self.defects
            )
            return refusal(500, "defect", None, "Une erreur s’est produite. Veuillez réessayer.")

    def _preflight(self, request: web.Request) -> web.Response:
        """Fetch standard, section 4.8: answered for the allow-list exactly."""
        origin = request.headers.get("Origin")
        if origin not in self._terms.origins:
            return refused(_foreign())
        headers = {**_PREFLIGHT, "Access-Control-Allow-Origin": origin, "Vary": "Origin"}
        return web.Response(status=204, headers=headers)

    def _who(self, request: web.Request) -> tuple[str, bool]:
        """Who asks, and whether a proof of work is needed.

        Raises:
            Refused: 401 for an unknown key, 403 for an origin that is not allowed, or none.
        """
        if (authorization := request.headers.get("Authorization")) is not None:
            name = whose(bearer(authorization), self._terms.keys)
            if name is None:
                raise Refused(401, "unauthorized", None, "Clé d’accès inconnue.")
            return f"key:{name}", False
        return self.checked_origin(request), self._terms.proof_of_work

    def checked_origin(self, request: web.Request) -> str:
        """Return the origin of the page that asks.

        Raises:
            Refused: 403 if there is none, or another.
        """
        origin = request.headers.get("Origin")
        if origin is None or not (origin in self._terms.origins or _is_our_own(origin, request)):
            raise _foreign()
        return origin

    def _check_origin_if_any(self, request: web.Request) -> None:
        """Browsers name no origin to read from their own; and reading changes nothing."""
        if "Origin" in request.headers:
            self.checked_origin(request)

    def _progress(
        self, standing: Standing, status: int = 200, more: dict[str, Any] | None = None
    ) -> web.Response:
        progress = progress_json(standing, self._terms.plan, self._terms.now())
        return _json({**(more or {}), **progress}, status)


def _is_our_own(origin: str, request: web.Request) -> bool:
    """Whether a page that we served asks, whatever name and port it was reached by.

    The browser knows (Fetch Metadata, over HTTPS); else a proxy must hand `Host` on.
    """
    return (
        request.headers.get("Sec-Fetch-Site") == "same-origin"
        or origin.partition("://")[2] == request.host
    )


async def content_of(request: web.Request) -> bytes:
    """Read the body.

    Raises:
        Refused: If it is too long, or breaks off.
    """
    check_length(request)
    content = bytearray()
    try:
        async for piece in request.content.iter_any():
            content += piece
            if len(content) > LARGEST_BODY:
                raise too_large()
    except web.RequestPayloadError:
        raise Refused(400, "unreadable", None, "Le contenu ne peut pas être lu.") from None
    return bytes(content)


def check_length(request: web.Request) -> None:
    """Refuse unread what announces itself as too long."""
    if (request.content_length or 0) > LARGEST_BODY:
        raise too_large()


def refused(error: Refused) -> web.Response:
    """Return the refusal as an answer."""
    more = {}
    if isinstance(error, NotNow) and error.opens_at is not None:
        more["next_opening_at"] = error.opens_at
    answer = refusal(error.status, error.code, error.field, error.message, **more)
    answer.headers.update(retry_headers(error))
    return answer


def retry_headers(error: Refused) -> dict[str, str]:
    """Return when to try again, as a header, where that is known."""
    if isinstance(error, NotNow) and error.retry_s is not None:
        return {"Retry-After": str(error.retry_s)}
    return {}


def place_of(error: BaseException | None) -> str:
    """Return file and line where it was raised, and nothing of what it says."""
    at = None if error is None else error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    if at is None:
        return ""
    return f"{at.tb_frame.f_code.co_filename.rpartition('/')[2]}:{at.tb_lineno}"


def too_large() -> Refused:
    return Refused(413, "too_large", None, "Le contenu est trop long.")


def _foreign() -> Refused:
    return Refused(
        403,
        "origin",
        None,
        "Une demande de rappel se fait depuis la page d’un site autorisé.",
    )


def _unknown_ticket() -> Refused:
    return Refused(404, "unknown_ticket", None, "Cette demande n’est pas connue du service.")


def _json(content: dict[str, Any], status: int = 200) -> web.Response:
    return web.Response(
        body=orjson.dumps(content),
        status=status,
        headers=_NO_STORE,
        content_type="application/json",
        charset="utf-8",
    )
