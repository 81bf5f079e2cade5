"""The widget's form: labels, errors beside their field, what is sent and how often."""

import asyncio
import json

import pytest

from router.core.callback.tickets import Refusal
from router.web.refusals import not_now
from router.web.words import REFUSALS
from tests.browser.chromium import Page
from tests.browser.stub import PHONE, PLAN, RELAY, TICKET, Stub
from tests.browser.widget import Widget
from tests.patience import PATIENCE_S
from tests.service_plan import MONDAY_10H

pytestmark = pytest.mark.browser

THEMES = pytest.mark.parametrize("theme", ["", "dsfr"])


@THEMES
async def test_the_field_says_what_it_is_for(
    page: Page, widget: Widget, home: str, theme: str
) -> None:
    await page.goto(f"{home}/fiche?theme={theme}")
    await widget.ready()

    names = ("type", "inputmode", "autocomplete", "required")
    assert [await widget.attribute("input", name) for name in names] == ["tel", "tel", "tel", ""]
    label = await page.js("root().querySelector('input').labels[0].innerText")
    assert "obligatoire" in label
    assert "Exemple" in label
    described = await widget.attribute("input", "aria-describedby")
    assert await page.js(f"root().querySelector('#{described}') !== null")
    assert "effacé dès que le rappel est terminé" in await widget.text("section > p")
    assert await page.js("document.querySelector('a[slot=relay]').checkVisibility()")
    assert page.errors == []


@THEMES
async def test_an_unsound_number_is_told_at_its_field(
    page: Page, widget: Widget, stub: Stub, home: str, theme: str
) -> None:
    await page.goto(f"{home}/fiche?theme={theme}")
    await widget.ready()

    for typed, told in (("", "Indiquez"), ("06 39 98", "complet"), ("abc", "complet")):
        await widget.ask(typed)
        described = await widget.attribute("input", "aria-describedby")
        assert told in await widget.text(f"#{described}")
        assert await widget.attribute("input", "aria-invalid") == "true"
    await widget.click("Demander un rappel")
    assert await page.js("focused().tagName") == "INPUT"
    assert stub.asked == []


async def test_a_number_that_the_service_refuses_stays_in_its_field(
    page: Page, widget: Widget, stub: Stub, home: str
) -> None:
    stub.refusals = [(422, "premium", "phone", "Ce numéro surtaxé ne peut pas être rappelé.")]
    await page.goto(f"{home}/fiche")
    await widget.ready()
    await widget.ask(PHONE)

    await page.until("root().querySelector('[aria-invalid]')")
    assert "surtaxé" in await widget.text(".fr-message--error")
    assert await page.js("focused().value") == PHONE
    await widget.ask(PHONE)
    await widget.says("enregistrée")
    assert len({key for key, _ in stub.asked}) == 2


async def test_another_refusal_is_told_and_the_form_stays(
    page: Page, widget: Widget, stub: Stub, home: str
) -> None:
    stub.refusals = [(429, "too_many", None, "Trop de demandes. Réessayez dans une heure.")]
    await page.goto(f"{home}/fiche")
    await widget.ready()
    await widget.ask(PHONE)

    await widget.says("Trop de demandes")
    assert await widget.buttons() == ["Demander un rappel"]
    assert await widget.attribute("button", "aria-disabled") is None


@THEMES
async def test_an_accepted_number_is_nowhere_any_more(
    page: Page, widget: Widget, stub: Stub, home: str, theme: str
) -> None:
    await page.goto(f"{home}/fiche?theme={theme}")
    await widget.ready()
    await widget.ask(PHONE)
    await widget.says("au plus tard à 10 h 45")

    ((key, body),) = stub.asked
    assert (body["phone"], body["fiche"], bool(key)) == (PHONE, "F1234", True)
    assert PHONE not in await widget.markup()
    kept = await page.js("JSON.stringify([{...sessionStorage}, {...localStorage}])")
    assert kept.count(TICKET) == 1
    assert "98" not in kept.replace(TICKET, "").replace(home, "")
    assert await page.js("document.cookie") == ""
    assert TICKET not in await page.js("location.href")
    assert (await widget.focus()).startswith("H3")
    assert page.errors == []
    assert all("98" not in one.replace(home, "") for one in page.requests)


async def test_without_proof_of_work_none_is_sent(
    page: Page, widget: Widget, stub: Stub, home: str
) -> None:
    stub.largest_number = None
    await page.goto(f"{home}/fiche")
    await widget.ready()
    await widget.ask(PHONE)

    await widget.says("enregistrée")
    assert stub.asked[0][1] == {"phone": PHONE, "fiche": "F1234"}


async def test_it_works_on_plain_http(page: Page, widget: Widget, stub: Stub, home: str) -> None:
    """Without HTTPS, crypto has neither `subtle` nor `randomUUID`."""
    await page.before_scripts(
        "for (const name of ['subtle', 'randomUUID'])"
        " Object.defineProperty(crypto, name, { value: undefined });"
    )
    await page.goto(f"{home}/fiche")
    await widget.ready()
    await widget.ask(PHONE)

    await widget.says("enregistrée")
    assert len(stub.asked[0][0]) == 32


async def test_the_proof_is_worked_out_in_slices(
    page: Page, widget: Widget, stub: Stub, home: str
) -> None:
    stub.largest_number = 60_000
    await page.goto(f"{home}/fiche")
    await widget.ready()
    await widget.ask(PHONE)

    await widget.says("enregistrée")
    assert await page.js("waits.filter((ms) => ms === 0).length") > 3


async def test_a_refused_proof_is_worked_out_once_more(
    page: Page, widget: Widget, stub: Stub, home: str
) -> None:
    stub.refusals = [(422, "expired_proof", "altcha", "La vérification a expiré.")] * 2
    await page.goto(f"{home}/fiche")
    await widget.ready()
    await widget.ask(PHONE)

    await widget.says("La vérification a expiré.")
    assert len({key for key, _ in stub.asked}) == 2


async def test_an_answer_lost_on_the_way_makes_no_second_ticket(
    page: Page, widget: Widget, stub: Stub, home: str
) -> None:
    stub.lost = 1
    await page.goto(f"{home}/fiche")
    await widget.ready()
    await widget.ask(PHONE)

    await widget.says("enregistrée")
    assert len(stub.asked) == 2
    assert stub.asked[0] == stub.asked[1]
    assert len(stub.tickets) == 1


async def test_after_a_failure_the_same_number_goes_with_the_same_key(
    page: Page, widget: Widget, stub: Stub, home: str
) -> None:
    stub.lost = 3
    await page.goto(f"{home}/fiche")
    await widget.ready()
    await widget.ask(PHONE)
    await widget.says("n’a pas pu être transmise")
    await widget.click("Demander un rappel")

    await widget.says("enregistrée")
    assert len(stub.tickets) == 1


async def test_another_number_after_a_failure_goes_with_another_key(
    page: Page, widget: Widget, stub: Stub, home: str
) -> None:
    stub.cut = {"POST"}
    await page.goto(f"{home}/fiche")
    await widget.ready()
    await widget.ask(PHONE)
    await widget.says("n’a pas pu être transmise")
    stub.cut = set()
    await widget.ask("01 99 00 12 34")

    await widget.says("enregistrée")
    assert stub.asked[-1][1]["phone"] == "01 99 00 12 34"


@pytest.mark.parametrize("code", REFUSALS)
async def test_a_refusal_tells_why_and_when_next(
    page: Page, widget: Widget, stub: Stub, home: str, code: str
) -> None:
    stub.callbacks |= {"accepted": False, "code": code, "reason": "En voici la raison."}
    stub.next_opening = "demain, mardi 24 novembre, à 8 h 30"
    await page.goto(f"{home}/fiche")

    await widget.says(REFUSALS[code])
    await widget.says("En voici la raison. Le service ouvre demain")
    assert await widget.buttons() == ["Vérifier de nouveau"]
    stub.callbacks["accepted"] = True
    await widget.click("Vérifier de nouveau")
    await page.until("root().querySelector('input')")
    assert (await widget.focus()).startswith("H3")


async def test_a_refusal_of_our_domain_alone_is_told_before_a_number_is_typed(
    page: Page, widget: Widget, stub: Stub, home: str
) -> None:
    stub.ours = ("no_agent", "Personne n’est présent pour ce domaine.")
    await page.goto(f"{home}/fiche")

    await widget.says("Personne n’est présent pour ce domaine.")
    assert await page.js("root().querySelector('input') === null")
    stub.ours = None
    await widget.click("Vérifier de nouveau")
    await page.until("root().querySelector('input')")
    assert stub.puzzles == 1


async def test_too_late_meanwhile_tells_the_next_opening(
    page: Page, widget: Widget, stub: Stub, home: str
) -> None:
    """It is open, so that the service's own next opening is not shown."""
    why = not_now(Refusal.CLOSING, PLAN, MONDAY_10H, answered=True)
    stub.refusals = [(503, why.code, None, why.message)]
    await page.goto(f"{home}/fiche")
    await widget.ready()
    await widget.ask(PHONE)

    await widget.says("Il est trop tard pour demander un rappel")
    await widget.says("Le service ouvre demain, mardi 24 novembre,")
    stub.callbacks |= {"accepted": False, "code": why.code, "reason": why.message}
    await widget.click("Vérifier de nouveau")
    await widget.says("Le service ouvre demain, mardi 24 novembre,")


async def test_a_service_that_fills_up_meanwhile_says_so(
    page: Page, widget: Widget, stub: Stub, home: str
) -> None:
    stub.refusals = [(503, "full", None, "Réessayez dans une demi-heure.")]
    await page.goto(f"{home}/fiche")
    await widget.ready()
    await widget.ask(PHONE)

    await widget.says("Toutes les possibilités de rappel sont prises")
    assert PHONE not in await widget.markup()


async def test_a_service_out_of_reach_says_so(
    page: Page, widget: Widget, stub: Stub, home: str
) -> None:
    stub.cut = {"GET"}
    await page.goto(f"{home}/fiche")

    await widget.says("momentanément indisponible")
    (told,) = await warned(page)
    assert "cannot be asked" in told
    assert "connect-src" in told


@THEMES
async def test_the_relay_is_the_page_s_or_the_service_s(
    page: Page, widget: Widget, home: str, theme: str
) -> None:
    await page.goto(f"{home}/fiche?theme={theme}")
    await widget.ready()
    assert await page.js("document.querySelector('a[slot=relay]').checkVisibility()")
    assert RELAY.name not in await widget.text("section > .last")

    await page.goto(f"{home}/fiche?theme={theme}&pasted")
    await widget.ready()
    assert (await widget.text("section > .last")).endswith(
        f"pour appeler le {PLAN.number}, utilisez {RELAY.name}."
    )
    assert await widget.attribute("section > .last a", "href") == RELAY.url


async def test_without_scripts_the_link_stands_in(page: Page, home: str) -> None:
    await page.without_scripts()
    await page.goto(f"{home}/fiche?pasted")

    assert await page.js("document.querySelector('rappel-3939 a').checkVisibility()")


@THEMES
async def test_the_link_gives_way_to_the_form(
    page: Page, widget: Widget, home: str, theme: str
) -> None:
    await page.goto(f"{home}/fiche?pasted&theme={theme}")
    await widget.ready()

    links = "[...document.querySelectorAll('rappel-3939 a'), ...root().querySelectorAll('a')]"
    shown = await page.js(f"[...new Set({links})].map((one) => one.innerText)")
    assert shown == [RELAY.name]
    assert page.errors == []


@THEMES
async def test_a_page_that_is_not_let_in_tells_its_webmaster_and_keeps_its_link(
    page: Page, widget: Widget, stub: Stub, home: str, theme: str
) -> None:
    stub.shut = True
    other = home.replace("127.0.0.1", "localhost")
    await page.goto(f"{other}/fiche?pasted&from={home}&theme={theme}")

    await widget.says("momentanément indisponible")
    (told,) = await warned(page)
    assert f'the origin "{other}" in callbacks.origins' in told
    assert await page.js("root().querySelector('a[href*=rappel]').checkVisibility()")
    stub.shut = False
    await widget.click("Vérifier de nouveau")
    await page.until("root().querySelector('input')")
    assert await page.js("root().querySelector('a[href*=rappel]') === null")


async def warned(page: Page) -> list[str]:
    """Wait for something on the console, and return it."""
    async with asyncio.timeout(PATIENCE_S):
        while not (told := [one for one in page.errors if one.startswith("[")]):
            await asyncio.sleep(0.02)
    return [json.loads(one)[0]["value"] for one in told]
