"""`/rappel` and `/widget.js`: the page with the widget, and the plain form behind it.

The form asks what the widget asks, through the same reception. Browsers without scripts solve
no puzzle, so while puzzles are set the form is a narrow door: a few a minute, in total.
"""

import secrets
from collections.abc import Mapping
from pathlib import Path

from aiohttp import web

from router.core.callback.tickets import Refusal
from router.core.codes import CodeBook, in_pairs
from router.core.plan import Fiche
from router.french import next_opening
from router.intake import rappel
from router.intake.answers import progress_page
from router.intake.channel import Standing
from router.intake.guard import Guard, retry_headers
from router.intake.page_style import HEADERS
from router.intake.reception import Reception
from router.intake.requests import (
    Subject,
    content_of,
    form_of,
    request_of_form,
    sector_of,
    subject_of,
)
from router.intake.terms import Terms
from router.web.files import File
from router.web.present import Phone
from router.web.refusals import REASONS, NotNow, most_common
from router.web.replies import Refused
from router.web.sentences import with_number

_WIDGET = Path(rappel.__file__).parent / "static" / "widget.js"
#: How long browsers may go on using a widget that they have, in seconds.
_WIDGET_LIFE_S = 300


class Pages:
    """The handlers. `guard` says which pages may send a form."""

    def __init__(self, terms: Terms, reception: Reception, guard: Guard) -> None:
        self._terms = terms
        self._plan = terms.plan
        self._reception = reception
        self._guard = guard
        self._codes = CodeBook.of(terms.plan, terms.code_secret)
        widget = with_number(_WIDGET.read_text(), terms.plan).encode()
        self._widget = File.of("text/javascript", widget)
        self._door = NarrowDoor(terms.forms_per_minute) if terms.proof_of_work else None

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return the addresses."""
        return [
            web.get("/rappel", self.page),
            web.post("/rappel", self.ask),
            web.post("/rappel/suivi", self.follow),
            web.get("/widget.js", self.widget),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """Return the fiche with the widget, or the domains to choose from if none is named."""
        named = request.query.get("fiche"), request.query.get("sector")
        if not any(named):
            return _html(self._choice())
        try:
            subject = subject_of(*named, self._plan)
        except Refused as error:
            return _html(self._choice(error.code), 404)
        code = None
        if isinstance(subject, Fiche):
            code = in_pairs(self._codes.code(subject.id, self._terms.now()))
        return _html(rappel.page(self._plan, subject, self._offer(subject), _new_key(), code=code))

    async def ask(self, request: web.Request) -> web.Response:
        """Take the plain form: return where the ticket stands, or the form again with its fault."""
        content = await content_of(request)
        form = form_of(request.content_type, content)
        try:
            subject = subject_of(form.get("fiche"), form.get("sector"), self._plan)
        except Refused as error:
            return _html(self._choice(error.code), error.status)
        try:
            origin = self._guard.origin_of(request)
            wanted, key = request_of_form(form, self._plan)
            if self._door is not None and not self._door.lets_in(self._terms.now()):
                raise NotNow(Refusal.FULL, REASONS[Refusal.FULL].message, 60)
            standing = await self._reception.take(wanted, origin, key, proof=False)
        except Refused as error:
            return self._refused(subject, form, error)
        return _html(rappel.result(self._plan, subject, progress_page(standing)))

    async def follow(self, request: web.Request) -> web.Response:
        """Return where a ticket stands, once it is cancelled if that was asked for."""
        self._guard.origin_of(request)
        form = form_of(request.content_type, await content_of(request))
        about = self._reception.cancel if form.get("do") == "cancel" else self._reception.status
        standing = await about(form.get("ticket", ""))
        if standing is None:
            unknown = rappel.Progress("", "unknown", self._terms.now())
            return _html(rappel.result(self._plan, None, unknown), 404)
        return _html(rappel.result(self._plan, self._about(standing), progress_page(standing)))

    async def widget(self, request: web.Request) -> web.Response:
        """Return the script, for any page."""
        headers = {
            "Cache-Control": f"public, max-age={_WIDGET_LIFE_S}",
            "Cross-Origin-Resource-Policy": "cross-origin",
        }
        return self._widget.answer(request, headers)

    def _refused(self, subject: Subject, form: dict[str, str], error: Refused) -> web.Response:
        # Where the router did not answer, nobody knows whether the ticket exists: the request
        # finds out when it is sent again under the same key.
        unclear = error.code == Refusal.UNAVAILABLE
        key = form.get("key", "") if unclear else _new_key()
        fault = rappel.Fault(error.field, error.message, form.get("phone", ""))
        page = rappel.refusal(self._plan, subject, self._offer(subject), key, fault)
        return _html(page, error.status, retry_headers(error))

    def _choice(self, unknown: str | None = None) -> str:
        refusals = [self._reception.refusal(sector) for sector in self._plan.domains]
        offer = self._offer_of(most_common(refusals), self._reception.phone())
        return rappel.choice(self._plan, offer, unknown)

    def _offer(self, subject: Subject) -> rappel.Offer:
        sector = sector_of(subject)
        return self._offer_of(self._reception.refusal(sector), self._reception.phone(sector))

    def _offer_of(self, refusal: Refusal | None, phone: Phone) -> rappel.Offer:
        now, hours = self._terms.now(), self._plan.hours
        opening = None if hours.is_open(now) else next_opening(hours, now)
        code, reason = "unavailable", ""
        if refusal is not None:
            code, reason = refusal.value, self._reception.refused(refusal).message
        return rappel.Offer(
            refusal is None,
            code,
            reason,
            opening,
            self._terms.promise_min,
            answered=phone is Phone.ANSWERED,
        )

    def _about(self, standing: Standing) -> Subject | None:
        if standing.fiche is not None and standing.fiche in self._plan.fiches:
            return self._plan.fiches[standing.fiche]
        return self._plan.sectors.get(standing.sector)


class NarrowDoor:
    """Lets in at most `a_minute` a minute: all of them at once, or spread over time."""

    def __init__(self, a_minute: int) -> None:
        self._a_minute = a_minute
        self._free = float(a_minute)
        self._at: float | None = None

    def lets_in(self, now: float) -> bool:
        """Return whether one more is let in at `now`, in seconds of any clock."""
        if self._at is not None:
            gained = max(0.0, now - self._at) * self._a_minute / 60
            self._free = min(float(self._a_minute), self._free + gained)
        self._at = now
        if self._free < 1:
            return False
        self._free -= 1
        return True


def _new_key() -> str:
    return secrets.token_urlsafe(16)


def _html(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(
        text=text,
        status=status,
        content_type="text/html",
        headers={**HEADERS, **(headers or {})},
    )
