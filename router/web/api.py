"""The HTTP interface: health, metrics, the state of the service, access codes, desks.

Errors are `{"error": {"code", "field", "message"}}`, the message in French.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from router.access import Keyring, Token
from router.core.callback.tickets import Refusal
from router.core.codes import CodeBook, in_pairs
from router.core.ids import FicheId
from router.core.plan import Plan
from router.french import next_opening
from router.web.addresses import check, door
from router.web.backend import DeskBackend
from router.web.bodies import LARGEST_BODY
from router.web.desk import Desk
from router.web.metrics import Metrics
from router.web.page_files import PageFiles
from router.web.pages import HEADERS, home
from router.web.replies import errors_in_french, refusal
from router.web.sessions import LogIns, Sessions
from router.web.snapshot import Snapshot
from router.web.softphone.handlers import Softphones
from router.web.supervision import Supervision
from router.web.wallboard.board import View
from router.web.wallboard.feed import Feed
from router.web.wallboard.handlers import Wallboard


@dataclass(slots=True)
class Api:
    """The application's handlers."""

    plan: Plan
    codes: CodeBook
    #: The tokens that open what is not for everybody.
    keyring: Keyring
    #: Returns the state of the service at this instant.
    snapshot: Callable[[], Snapshot]
    metrics: Metrics
    #: The engine, for desks and supervision; None: there are neither.
    backend: DeskBackend | None = None
    #: Returns what the wallboard is made of; None: there is none.
    look: Callable[[], View] | None = None
    #: Who is logged in at a desk's page; None: nobody can.
    sessions: Sessions | None = None
    #: Informateurs' phones in their browsers; None: there are none.
    softphones: Softphones | None = None
    _desks: list[Desk | Supervision | LogIns | Softphones] = field(default_factory=list)

    def application(self) -> web.Application:
        """Return the application to be served."""
        app = web.Application(
            middlewares=[errors_in_french, door(self._known)], client_max_size=LARGEST_BODY
        )
        app.add_routes(
            [
                web.get("/", self.page),
                web.get("/healthz", self.health),
                web.get("/readyz", self.readiness),
                web.get("/metrics", self.measures),
                web.get("/v1/service", self.service),
                web.get("/v1/access-codes/{fiche}", self.access_code),
            ]
        )
        app.add_routes(PageFiles().routes())
        if self.backend is not None:
            desk = Desk(self.plan, self.backend, self.snapshot)
            supervision = Supervision(self.plan, self.backend, self.snapshot)
            self._desks = [desk, supervision]
            app.add_routes([*desk.routes(), *supervision.routes()])
            if self.sessions is not None:
                log_ins = LogIns(self.plan, self.sessions)
                self._desks.append(log_ins)
                app.add_routes(log_ins.routes())
            app.on_shutdown.append(desk.close)
        if self.softphones is not None:
            self._desks.append(self.softphones)
            app.add_routes(self.softphones.routes())
        if self.backend is not None and self.look is not None:
            wallboard = Wallboard(self.look, Feed(self.look), self.backend.view_of)
            app.add_routes(wallboard.routes())
            app.on_shutdown.append(wallboard.close)
        check(app)
        return app

    def change_plan(self, plan: Plan, codes: CodeBook) -> None:
        """Show this plan from now on."""
        self.plan, self.codes = plan, codes
        for one in self._desks:
            one.plan = plan

    def _known(self, presented: str) -> Token | None:
        session = None if self.sessions is None else self.sessions.holder(presented)
        return session or self.keyring.holder(presented)

    async def page(self, request: web.Request) -> web.Response:
        """Return the page for people."""
        return web.Response(
            text=home(self.plan, self.snapshot()),
            content_type="text/html",
            headers=HEADERS,
        )

    async def health(self, request: web.Request) -> web.Response:
        """Answer: the process runs and its loop turns."""
        return web.json_response({"status": "ok"})

    async def readiness(self, request: web.Request) -> web.Response:
        """Return 200 if a call can come in and reach a phone, else 503 with what is missing."""
        now = self.snapshot()
        missing = now.missing
        ready = now.ready and not missing
        status: dict[str, Any] = {"ready": ready}
        if not ready:
            parts = "; ".join(f"{part}: {why}" for part, why in missing.items())
            status |= {"reason": now.trouble or parts, "missing": list(missing)}
        status["parts"] = {part: {"ok": not why, "why": why} for part, why in now.parts.items()}
        if now.troubles:
            status["troubles"] = now.troubles
        return web.json_response(status, status=200 if ready else 503)

    async def measures(self, request: web.Request) -> web.Response:
        """Return the metrics, for Prometheus."""
        self.metrics.refresh(self.snapshot())
        return web.Response(
            body=generate_latest(self.metrics.registry),
            headers={"Content-Type": CONTENT_TYPE_LATEST},
        )

    async def service(self, request: web.Request) -> web.Response:
        """Return whether the service is open, when that changes, and how each sector stands."""
        now = self.snapshot()
        hours, relay = self.plan.hours, self.plan.relay
        is_open = hours.is_open(now.now)
        change_at = hours.next_change(now.now)
        return web.json_response(
            {
                "name": self.plan.name,
                "open": is_open,
                "next_change": None if change_at is None else hours.local(change_at).isoformat(),
                "next_opening": None if is_open else next_opening(hours, now.now),
                "sectors": [
                    {
                        "id": sector.sector,
                        "name": self.plan.sectors[sector.sector].name,
                        "waiting": sector.waiting,
                        "informateurs": sector.on_duty,
                        "wait_min": sector.wait_min,
                        "callback": now.callbacks.get(sector.sector, Refusal.UNAVAILABLE) is None,
                    }
                    for sector in now.sectors
                ],
                "callbacks": self._callbacks(now),
                "relay": relay and {"name": relay.name, "url": relay.url},
            }
        )

    def _callbacks(self, now: Snapshot) -> dict[str, Any]:
        """Whether callbacks are promised in any sector, and if not, why."""
        why = now.no_callback(self.plan)
        return {
            "accepted": why is None,
            "code": why and why.code,
            "reason": why and why.message,
            "next_opening_at": why and why.opens_at,
            "promise_min": self.plan.callbacks.promise_s // 60,
        }

    async def access_code(self, request: web.Request) -> web.Response:
        """Return the code to show on a page, to the site's own server."""
        fiche = FicheId(request.match_info["fiche"])
        if fiche not in self.plan.fiches:
            return refusal(
                404, "unknown_fiche", "fiche", "Cette fiche n’est pas connue du service."
            )
        now = self.snapshot().now
        code = self.codes.code(fiche, now)
        return web.json_response(
            {
                "fiche": fiche,
                "code": code,
                "spaced": in_pairs(code),
                "sector": self.plan.fiches[fiche].sector,
            }
        )
