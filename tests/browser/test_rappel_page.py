"""The page `/rappel` in a browser: with scripts, without them, and when they do not load."""

import pytest

from tests.browser.chromium import Page
from tests.browser.stub import PHONE, TICKET, Stub
from tests.browser.widget import Widget

pytestmark = pytest.mark.browser


async def test_the_widget_takes_the_form_s_place(page: Page, widget: Widget, home: str) -> None:
    await page.goto(f"{home}/rappel?fiche=F1234")
    await widget.ready()

    assert await page.js("document.querySelector('main > section form') === null")
    await widget.ask(PHONE)
    await widget.says("enregistrée")
    assert page.errors == []
    asked = {one.split("/")[3].partition("?")[0] for one in page.requests}
    assert asked == {"rappel", "widget.js", "v1"}


async def test_without_scripts_the_form_does_it_all(page: Page, stub: Stub, home: str) -> None:
    await page.without_scripts()
    await page.goto(f"{home}/rappel?fiche=F1234")
    assert "Sans JavaScript" in await _text(page)
    await page.js("document.querySelector('#phone').focus()")
    await page.type(PHONE)
    await page.press("Enter")

    await _title(page, "Votre demande est enregistrée")
    assert stub.forms[0] == {"phone": PHONE, "fiche": "F1234", "key": "key-1"}
    assert stub.origins == [home]
    assert "10 h 45 (heure de Paris)" in await _text(page)
    assert "tapez ce code : votre demande de rappel sera annulée. 12 34 56 78" in (
        await _text(page)
    )
    assert PHONE not in await page.js("document.documentElement.outerHTML")
    stub.state = "dialling"
    await page.js("document.querySelector('button').click()")
    await _title(page, "Nous vous appelons")
    await page.js("document.querySelector('button[value=cancel]').click()")
    await _title(page, "Votre demande est annulée")
    assert stub.forms[1:] == [{"ticket": TICKET}, {"ticket": TICKET, "do": "cancel"}]
    assert page.errors == []
    assert all(TICKET not in one for one in page.requests)


async def test_without_scripts_a_refusal_is_at_its_field(page: Page, stub: Stub, home: str) -> None:
    stub.refusals = [(422, "foreign", "phone", "Les numéros étrangers ne sont pas rappelés.")]
    await page.without_scripts()
    await page.goto(f"{home}/rappel?fiche=F1234")
    await page.js("document.querySelector('#phone').focus()")
    await page.type("+49 30 1234567")
    await page.press("Enter")

    await _title(page, "Erreur")
    field = "document.activeElement"
    await page.until(f"{field}.id === 'phone'")
    assert await page.js(f"{field}.value") == "+49 30 1234567"
    assert await page.js(f"{field}.getAttribute('aria-invalid')") == "true"
    told = f"document.getElementById({field}.getAttribute('aria-describedby')).innerText"
    assert "étrangers" in await page.js(told)
    await page.js("document.querySelector('#phone').select()")
    await page.type(PHONE)
    await page.press("Enter")
    await _title(page, "Votre demande est enregistrée")
    assert stub.forms[1]["key"] == "key-2"


async def test_what_was_typed_before_the_script_came_is_kept(
    page: Page, widget: Widget, home: str
) -> None:
    await page.call("Network.setBlockedURLs", urls=["*/widget.js"])
    await page.goto(f"{home}/rappel?fiche=F1234")
    await page.js("document.querySelector('#phone').focus()")
    await page.type(PHONE)
    await page.call("Network.setBlockedURLs", urls=[])
    await page.js(
        "document.head.append(Object.assign(document.createElement('script'),"
        " { src: '/widget.js?again' }))"
    )

    await page.until("document.querySelector('rappel-3939').shadowRoot?.querySelector('input')")
    assert await page.js("root().querySelector('input').value") == PHONE
    assert await page.js("document.querySelector('#phone') === null")


async def test_a_closed_service_says_so_without_scripts(page: Page, stub: Stub, home: str) -> None:
    stub.callbacks |= {"accepted": False, "code": "closed"}
    stub.next_opening = "demain, mardi 24 novembre, à 8 h 30"
    await page.without_scripts()
    await page.goto(f"{home}/rappel?fiche=F1234")

    text = await _text(page)
    assert "Le service ouvre demain, mardi 24 novembre," in text
    assert await page.js("document.querySelector('form') === null")


async def test_a_request_under_way_has_the_only_code(
    page: Page, widget: Widget, stub: Stub, home: str
) -> None:
    access = "document.querySelector('.access').checkVisibility()"
    stub.call_in_code = "87 65 43 21"
    await page.goto(f"{home}/rappel?fiche=F1234")
    await widget.ready()
    assert await page.js(access)

    await widget.ask(PHONE)
    await widget.says("enregistrée")
    assert not await page.js(access)
    assert await widget.text(".code") == "87 65 43 21"
    await page.reload()
    # Also before it is known where the ticket stands.
    assert not await page.js(access)
    await widget.click("Annuler ma demande")
    await widget.says("annulée")
    assert await page.js(access)


async def test_a_closed_service_shows_no_code(page: Page, stub: Stub, home: str) -> None:
    stub.callbacks |= {"accepted": False, "code": "closed"}
    stub.next_opening = "demain, mardi 24 novembre, à 8 h 30"
    await page.goto(f"{home}/rappel?fiche=F1234")

    assert "omposez" not in await _text(page)
    assert "12 34 56 78" not in await _text(page)


async def _title(page: Page, words: str) -> None:
    await page.until(f"document.title.startsWith({words!r}) && document.readyState === 'complete'")


async def _text(page: Page) -> str:
    return str(await page.js("document.body.innerText.replace(/\\s/g, ' ')"))
