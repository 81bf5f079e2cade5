"""`/v1/callbacks…`: the callbacks' interface for browsers and for trusted servers.

Browsers bring a proof of work, servers need none (`guard.py`). A ticket is its own key: whoever
shows it may follow and cancel it.
"""

from typing import Any

import orjson
from aiohttp import web

from router.core.callback.tickets import TicketState
from router.intake.answers import progress_json
from router.intake.channel import Standing
from router.intake.guard import Guard
from router.intake.openapi import DESCRIPTION
from router.intake.reception import Reception
from router.intake.requests import checked_key, content_of, request_of, sector_of, subject_of
from router.intake.terms import Terms
from router.web.replies import Refused

_NO_STORE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class Interface:
    """The handlers."""

    def __init__(self, terms: Terms, reception: Reception, guard: Guard) -> None:
        self._terms = terms
        self._reception = reception
        self._guard = guard
        self._description = orjson.dumps(DESCRIPTION)

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
        requester = self._guard.requester(request)
        key = checked_key(request.headers.get("Idempotency-Key"))
        content = await content_of(request)
        wanted = request_of(request.content_type, content, self._terms.plan)
        standing = await self._reception.take(wanted, requester.name, key, proof=requester.proof)
        return self._progress(standing, 202, {"ticket": standing.ticket})

    async def challenge(self, request: web.Request) -> web.Response:
        """Return a new puzzle, or why solving it would be in vain."""
        self._guard.check_reader(request)
        named = request.query.get("fiche"), request.query.get("sector")
        if any(named):
            sector = sector_of(subject_of(*named, self._terms.plan))
            if (why := self._reception.refusal(sector)) is not None:
                raise self._reception.refused(why)
        if not self._terms.proof_of_work:
            return _json({"required": False})
        return _json(self._reception.challenges.new(self._terms.now()))

    async def follow(self, request: web.Request) -> web.Response:
        """Return where a ticket stands."""
        self._guard.check_reader(request)
        standing = await self._reception.status(request.match_info["ticket"])
        if standing is None:
            raise _unknown_ticket()
        return self._progress(standing)

    async def cancel(self, request: web.Request) -> web.Response:
        """Cancel a ticket: 409 when it is too late."""
        self._guard.requester(request)
        standing = await self._reception.cancel(request.match_info["ticket"])
        if standing is None:
            raise _unknown_ticket()
        if standing.state is not TicketState.CANCELLED:
            raise Refused(
                409,
                "too_late",
                None,
                "Cette demande ne peut plus être annulée : l’appel a lieu ou est terminé.",
            )
        return self._progress(standing)

    async def describe(self, request: web.Request) -> web.Response:
        """Return this interface, in OpenAPI 3.1."""
        return web.Response(body=self._description, content_type="application/json")

    def _progress(
        self, standing: Standing, status: int = 200, more: dict[str, Any] | None = None
    ) -> web.Response:
        progress = progress_json(standing, self._terms.plan, self._terms.now())
        return _json({**(more or {}), **progress}, status)


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
