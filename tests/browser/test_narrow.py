"""No page of the public overflows the narrowest screen, whatever it has to say."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from router.config import load
from router.core.callback.tickets import Refusal
from router.core.ids import FicheId
from router.core.standing import SectorSnapshot
from router.french import next_opening
from router.intake import page_words, rappel
from router.intake.rappel import Fault, Offer, Progress
from router.web.pages import home as home_page
from router.web.snapshot import Snapshot
from router.web.words import REFUSALS
from tests.browser.chromium import Page
from tests.browser.stub import PHONE, Stub
from tests.browser.widget import Widget
from tests.service_plan import MONDAY_10H

pytestmark = pytest.mark.browser

#: WCAG 2.2, 1.4.10: the width that must be enough for a page.
WIDTH = 320
#: The shipped plan, whose names are the longest.
PLAN = load(None).plan
FICHE = PLAN.fiches[FicheId("F3301")]
SECTOR = PLAN.sectors[FICHE.sector]
NIGHT = MONDAY_10H + 12 * 3600
TOMORROW = next_opening(PLAN.hours, NIGHT)
CODE = "12 34 56 78"

#: What sticks out on the right; what is off the screen on the left is there on purpose.
STICKS_OUT = """
[document, document.querySelector('rappel-3939')?.shadowRoot]
  .flatMap((tree) => [...tree?.querySelectorAll('main, main *, section, section *') ?? []])
  .filter((one) => one.getBoundingClientRect().right > innerWidth + 0.5)
  .map((one) => one.outerHTML.slice(0, 120))
"""


def pages() -> dict[str, str]:
    """Every page without a script, and the fiche as it is before its script has loaded."""
    offers = {code: Offer(False, code, "En voici la raison, assez longue.") for code in REFUSALS}
    offers["closed"] = Offer(False, "closed", "Revenez.", TOMORROW, answered=False)
    offers["open"] = Offer(True)
    progress = {
        state: Progress("ticket", state, MONDAY_10H + 2700, reason="busy", code=CODE)
        for state in page_words.STATES
    }
    at_field = Fault("phone", "Les numéros étrangers ne sont pas rappelés.", "+49 30 1234567")
    return {
        "home open": _home(),
        "home full": _home(callbacks=dict.fromkeys(PLAN.sectors, Refusal.FULL)),
        "home closing": _home(callbacks=dict.fromkeys(PLAN.sectors, Refusal.CLOSING)),
        "home closed": _home(now=NIGHT),
        "home nobody": _home(sectors=[]),
        "home away": _home(ready=False),
        **{f"fiche {name}": _fiche(offer) for name, offer in offers.items()},
        "sector": rappel.page(PLAN, SECTOR, Offer(True), "key"),
        "error at the field": rappel.refusal(PLAN, FICHE, Offer(True), "key", at_field),
        "error": rappel.refusal(PLAN, FICHE, Offer(True), "key", Fault(None, "Trop tôt.")),
        "choice": rappel.choice(PLAN, Offer(True)),
        "choice closed": rappel.choice(PLAN, offers["closed"]),
        **{why: rappel.choice(PLAN, Offer(True), why) for why in page_words.UNKNOWN},
        **{f"result {state}": rappel.result(PLAN, FICHE, one) for state, one in progress.items()},
    }


def _home(**present: object) -> str:
    sectors = [SectorSnapshot(sector, 3, 2, 0, 60.0, (10, 45)) for sector in PLAN.sectors]
    told = {"ready": True, "now": MONDAY_10H, "sectors": sectors} | present
    told |= {"agents": {}, "calls": {}, "counts": {}, "defects": 0}
    callbacks = dict.fromkeys(PLAN.sectors)
    return home_page(PLAN, Snapshot(**{"callbacks": callbacks, **told}))  # type: ignore[arg-type]


def _fiche(offer: Offer) -> str:
    return rappel.page(PLAN, FICHE, offer, "key", code=CODE)


@pytest.fixture
async def site() -> AsyncIterator[str]:
    written = pages()

    async def page(request: web.Request) -> web.Response:
        return web.Response(text=written[request.query["name"]], content_type="text/html")

    app = web.Application()
    app.add_routes([web.get("/page", page)])
    async with TestServer(app) as server:
        yield str(server.make_url("/page"))


@pytest.mark.parametrize("name", pages())
async def test_no_page_overflows(page: Page, site: str, name: str) -> None:
    await page.look(WIDTH)
    await page.goto(f"{site}?name={name.replace(' ', '+')}")

    assert await page.js(STICKS_OUT) == []
    # A telephone would zoom out, and `innerWidth` would grow.
    assert await page.js("[innerWidth, document.documentElement.scrollWidth]") == [WIDTH, WIDTH]


@pytest.mark.parametrize("theme", ["", "dsfr"])
@pytest.mark.parametrize("state", [*page_words.STATES, "form", "refused", "wrong"])
async def test_the_widget_never_overflows(
    page: Page, widget: Widget, stub: Stub, home: str, state: str, theme: str
) -> None:
    await page.look(WIDTH)
    stub.reason = "busy"
    if state == "refused":
        stub.callbacks |= {"accepted": False, "code": "closing", "reason": "Le service ferme."}
        stub.next_opening = TOMORROW
    await page.goto(f"{home}/fiche?theme={theme}")
    await widget.ready()
    if state == "wrong":
        await widget.ask("06 39 98")
    elif state in page_words.STATES:
        await widget.ask(PHONE)
        await widget.says("enregistrée")
        stub.state = state
        await page.reload()
        await widget.says(page_words.STATES[state][1])

    assert await page.js(STICKS_OUT) == []
    assert await page.js("[innerWidth, document.documentElement.scrollWidth]") == [WIDTH, WIDTH]
