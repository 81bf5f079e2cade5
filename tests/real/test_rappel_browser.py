"""The whole way of a callback: from the page in Chromium to the phone that rings, and back."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from router.asterisk.toolbox import Toolbox
from router.core.callback.tickets import Refusal
from router.core.commands import Step
from router.demo.phones import AgentPhone, PublicNetwork
from router.demo.script import Script
from router.demo.stage import Stage
from tests.browser import chromium
from tests.browser.chromium import Page
from tests.browser.widget import TOUCH, Widget
from tests.patience import PATIENCE_S
from tests.real.conftest import OPEN_AT, OpenStage
from tests.real.logs import RouterLog
from tests.real.usagers import numbers_kept

pytestmark = [pytest.mark.real, pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

OFFSET, NOBODY_OFFSET, NIGHT_OFFSET = 4500, 4600, 4700
NIGHT = datetime(2026, 11, 23, 21, tzinfo=UTC).timestamp()
#: A site that may show the widget, and one that may not.
SITE_PORT, FOREIGN_PORT = 12640, 12641
#: Numbers kept for fiction, one for each test: they have a limit a day.
PHONES = ("06 39 98 12 34", "06 39 98 12 35", "06 39 98 12 36", "06 39 98 12 37")

#: The widget asks five times as often how it stands: none of the short states is overlooked.
_ASK_OFTEN = """
const later = window.setTimeout;
window.setTimeout = (what, ms, ...more) => later(what, ms >= 5000 ? ms / 5 : ms, ...more);
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[str]:
    with chromium.running() as address:
        yield address


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: str) -> AsyncIterator[Page]:
    async with chromium.page(browser, _ASK_OFTEN + TOUCH) as page:
        yield page


@pytest.fixture
def widget(page: Page) -> Widget:
    return Widget(page)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def staffed(
    toolbox: Toolbox, short_prompts: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    """The demo's own service: two informateurs who answer by themselves, and a public network."""
    script = Script(
        state_dir=tmp_path_factory.mktemp("stage"),
        agents=2,
        port_offset=OFFSET,
        opens_at=OPEN_AT,
        targets={"wrap_up_s": 1},
        callbacks={
            "origins": f'["http://127.0.0.1:{8039 + OFFSET}", "http://localhost:{SITE_PORT}"]'
        },
        prompts_dir=short_prompts,
        # Long enough for what tests do with a request before its number is dialled.
        rings_s=5.0,
        talks_s=6.0,
    )
    stage = Stage(script, toolbox, print)
    try:
        await stage.open()
        yield stage
    finally:
        await stage.close()
        shutil.rmtree(stage.vault_dir, ignore_errors=True)


@pytest.fixture
def log(staffed: Stage) -> RouterLog:
    return RouterLog(staffed.router_log)


async def test_from_the_page_to_the_conversation(
    staffed: Stage, log: RouterLog, page: Page, widget: Widget
) -> None:
    public = public_network(staffed)
    for person in (public.person, *(phone.person for phone in staffed.phones)):
        person.forget()
    await asked(page, widget, staffed, PHONES[0])

    await widget.says("Un informateur vous rappelle au plus tard à 10 h 4")
    await page.until("/^Temps restant : 4[45] min/.test(said('[role=timer]'))")
    assert await page.js("/^[0-9]{2}( [0-9]{2}){3}$/.test(said('.code'))")
    assert len(numbers_kept(staffed)) == 1
    await page.reload()
    await widget.says("Votre demande est enregistrée")
    assert await widget.buttons() == ["Annuler ma demande"]

    await widget.says("Nous vous appelons")
    await log.step(Step.PICKED_UP)
    await widget.says("Vous êtes en communication")
    agent = (await log.step(Step.TALKING))["agent"]
    async with asyncio.timeout(PATIENCE_S):
        await public.person.heard_tone.wait()
        await phone_of(staffed, agent).person.heard_tone.wait()

    await widget.says("Le rappel est terminé")
    assert await widget.buttons() == ["Faire une nouvelle demande"]
    assert numbers_kept(staffed) == []
    assert [line for line in log.lines() if line.get("step") == Step.DIALLED] != []
    leaves_no_trace(staffed, PHONES[0])
    assert PHONES[0] not in await widget.markup()
    assert page.errors == []


async def test_cancelled_in_the_browser_it_is_never_dialled(
    staffed: Stage, log: RouterLog, page: Page, widget: Widget
) -> None:
    await asked(page, widget, staffed, PHONES[1])
    await widget.click("Annuler ma demande")

    await widget.says("Votre demande est annulée")
    assert (await log.step(Step.TICKET_ENDED))["detail"] == "cancelled"
    assert numbers_kept(staffed) == []
    assert [line for line in log.lines() if line.get("step") == Step.DIALLED] == []
    await widget.click("Faire une nouvelle demande")
    await page.until("root().querySelector('input')")
    assert page.errors == []


async def test_without_scripts_the_form_does_the_same(
    staffed: Stage, log: RouterLog, page: Page
) -> None:
    await page.without_scripts()
    await page.goto(f"{staffed.http}/rappel?fiche=F1234")
    await type_phone(page, "+49 30 1234567")
    await title(page, "Erreur")
    assert "à l’étranger" in await page.js("document.querySelector('#phone-error').innerText")

    await type_phone(page, PHONES[2])
    await title(page, "Votre demande est enregistrée")
    assert await page.js(
        "/^[0-9]{2}( [0-9]{2}){3}$/.test(document.querySelector('.code').innerText)"
    )
    await press(page, "cancel")
    await title(page, "Votre demande est annulée")
    assert (await log.step(Step.TICKET_ENDED))["detail"] == "cancelled"
    await page.goto(f"{staffed.http}/rappel?fiche=F1234")
    await type_phone(page, PHONES[2])
    await title(page, "Votre demande est enregistrée")
    for step, words in (
        (Step.DIALLED, "Nous vous appelons"),
        (Step.TALKING, "Vous êtes en communication"),
        (Step.TICKET_ENDED, "Le rappel est terminé"),
    ):
        await log.step(step)
        await press(page)
        await title(page, words)
    leaves_no_trace(staffed, PHONES[2])
    assert page.errors == []


async def test_a_page_of_an_allowed_site_may_ask(
    staffed: Stage, page: Page, widget: Widget
) -> None:
    async with TestServer(site(staffed), host="localhost", port=SITE_PORT):
        await page.goto(f"http://localhost:{SITE_PORT}/fiche")
        await widget.ready()
        await widget.ask(PHONES[3])
        await widget.says("Votre demande est enregistrée")
        await page.reload()
        await widget.says("Votre demande est enregistrée")
        await widget.click("Annuler ma demande")
        await widget.says("Votre demande est annulée")
    assert page.errors == []


async def test_a_page_of_another_site_learns_nothing(
    staffed: Stage, page: Page, widget: Widget
) -> None:
    async with TestServer(site(staffed), host="localhost", port=FOREIGN_PORT):
        await page.goto(f"http://localhost:{FOREIGN_PORT}/fiche")
        await widget.says("Le rappel est momentanément indisponible")
        assert await page.js("root().querySelector('input') === null")
        async with asyncio.timeout(PATIENCE_S):
            while not any(f"http://localhost:{FOREIGN_PORT}" in told for told in page.errors):
                await asyncio.sleep(0.05)
        assert any("callbacks.origins" in told for told in page.errors)


async def test_with_nobody_on_duty_the_page_says_so(
    open_stage: OpenStage, page: Page, widget: Widget
) -> None:
    async with open_stage(NOBODY_OFFSET, OPEN_AT) as stage:
        await refuses(stage, Refusal.NO_AGENT)
        await page.goto(f"{stage.http}/rappel?fiche=F1234")
        await widget.says("Aucun informateur de ce domaine n’est présent pour le moment.")
        await without_a_form(page, stage, "Aucun informateur de ce domaine")
        await advises_nothing(page, stage, "mais personne ne peut répondre pour le moment")


async def test_a_closed_service_tells_when_it_opens(
    open_stage: OpenStage, page: Page, widget: Widget
) -> None:
    async with open_stage(NIGHT_OFFSET, NIGHT) as stage:
        await refuses(stage, Refusal.CLOSED)
        await page.goto(f"{stage.http}/rappel?fiche=F1234")
        await widget.says("Le service est fermé")
        await widget.says("Le service ouvre demain, mardi 24 novembre, à 8 h 30.")
        await without_a_form(page, stage, "Le service ouvre demain, mardi 24 novembre, à 8 h 30.")
        await advises_nothing(page, stage, "Le service est fermé. Il ouvre demain, mardi 24")


async def asked(page: Page, widget: Widget, stage: Stage, phone: str) -> None:
    """Open the page, leave the number, be promised."""
    await page.goto(f"{stage.http}/rappel?fiche=F1234")
    await page.until("root().querySelector('input')")
    await widget.ask(phone)
    await widget.says("Votre demande est enregistrée")


async def refuses(stage: Stage, why: Refusal) -> None:
    """Wait until the intake knows why no callback is promised."""
    async with asyncio.timeout(PATIENCE_S):
        while (await stage.get("/v1/callbacks/challenge?fiche=F1234"))["error"]["code"] != why:
            await asyncio.sleep(0.05)


async def without_a_form(page: Page, stage: Stage, words: str) -> None:
    """Check what those see whose browser runs no scripts."""
    await page.without_scripts()
    await page.goto(f"{stage.http}/rappel?fiche=F1234")
    assert words in await page.js("document.body.innerText.replace(/\\s/g, ' ')")
    assert await page.js("document.querySelector('form') === null")


async def advises_nothing(page: Page, stage: Stage, words: str) -> None:
    """Check that no page tells anybody to dial or to ask, now that it would be in vain."""
    for path in ("/", "/rappel", "/rappel?fiche=F1234"):
        await page.goto(f"{stage.http}{path}")
        said = await page.js("document.body.innerText.replace(/\\s/g, ' ')")
        assert "omposez" not in said
        assert await page.js("document.querySelector('a[href*=sector]') === null")
        assert path != "/" or words in said


async def type_phone(page: Page, phone: str) -> None:
    await page.js("document.querySelector('#phone').select()")
    await page.js("document.querySelector('#phone').focus()")
    await page.type(phone)
    await page.press("Enter")


async def press(page: Page, what: str | None = None) -> None:
    """Press the form's first button, or the one of that value."""
    button = f"button[value={what}]" if what else "button"
    await page.js(f"document.querySelector({button!r}).click()")


async def title(page: Page, words: str) -> None:
    await page.until(f"document.title.startsWith({words!r}) && document.readyState === 'complete'")


def site(stage: Stage) -> web.Application:
    """A webmaster's page with the widget."""
    text = f"""<!doctype html><html lang="fr"><title>Dépôt de garantie</title>
    <script src="{stage.http}/widget.js"></script><rappel-3939 fiche="F1234"></rappel-3939>"""

    async def fiche(request: web.Request) -> web.Response:
        policy = f"default-src 'none'; script-src {stage.http}; connect-src {stage.http}"
        return web.Response(
            text=text, content_type="text/html", headers={"Content-Security-Policy": policy}
        )

    app = web.Application()
    app.add_routes([web.get("/fiche", fiche)])
    return app


def public_network(stage: Stage) -> PublicNetwork:
    assert stage.pstn is not None, "opened without a trunk"
    return stage.pstn


def phone_of(stage: Stage, agent: str) -> AgentPhone:
    return next(phone for phone in stage.phones if phone.agent == agent)


def leaves_no_trace(stage: Stage, phone: str) -> None:
    """Check that the number is in none of the logs."""
    digits = phone.replace(" ", "")[1:]
    for log in (stage.router_log, stage.asterisk.log_path):
        assert digits not in log.read_text(errors="replace")
