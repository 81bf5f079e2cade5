"""The widget once a callback has been asked for: states, countdown, cancelling, reloading."""

from collections.abc import Awaitable, Callable

import pytest
from aiohttp.test_utils import TestServer

from router.intake import page_words
from router.web.sentences import with_number
from tests.browser.chromium import Page
from tests.browser.stub import PHONE, PLAN, TICKET, Stub
from tests.browser.widget import Widget

pytestmark = pytest.mark.browser

Accepted = Callable[[], Awaitable[None]]


@pytest.fixture
def accepted(page: Page, widget: Widget, home: str) -> Accepted:
    """Ask for a callback, which is accepted."""

    async def ask() -> None:
        await page.goto(f"{home}/fiche")
        await widget.ready()
        await widget.ask(PHONE)
        await widget.says("enregistrée")

    return ask


@pytest.mark.parametrize("state", page_words.STATES)
async def test_a_reload_finds_the_state_again(
    page: Page, widget: Widget, stub: Stub, accepted: Accepted, state: str
) -> None:
    await accepted()
    stub.state = state
    await page.reload()

    _, title, text = page_words.STATES[state]
    await widget.says(title)
    if state != "unknown":
        await widget.says(with_number(text, PLAN))
    live = {"accepted": ["Annuler ma demande"], "dialling": ["Annuler ma demande"], "talking": []}
    assert await widget.buttons() == live.get(state, ["Faire une nouvelle demande"])
    assert page.errors == []


async def test_the_code_that_calls_it_off_is_shown_until_it_is_dialled(
    page: Page, widget: Widget, stub: Stub, accepted: Accepted
) -> None:
    await accepted()
    assert await widget.text(".code") == "12 34 56 78"
    told = await page.js("said('section')")
    assert "tapez ce code : votre demande de rappel sera annulée. 12 34 56 78" in told
    stub.state = "dialling"

    await widget.says("Nous vous appelons")
    assert await widget.text(".code") == ""


async def test_without_such_a_code_nothing_is_said_of_it(
    page: Page, widget: Widget, stub: Stub, accepted: Accepted
) -> None:
    stub.call_in_code = None
    await accepted()

    assert "entre-temps" not in await page.js("said('section')")


async def test_the_service_s_own_words_tell_how_it_ended(
    page: Page, widget: Widget, stub: Stub, accepted: Accepted
) -> None:
    await accepted()
    stub.state, stub.message = "failed", "La ligne était occupée deux fois."

    await widget.says("La ligne était occupée deux fois.")


async def test_states_follow_each_other_by_themselves(
    page: Page, widget: Widget, stub: Stub, accepted: Accepted
) -> None:
    await accepted()
    for state in ("dialling", "talking", "done"):
        stub.state = state
        await widget.says(page_words.STATES[state][1])

    # Nothing asks for the ended ticket any more.
    polls = stub.polls
    await page.js("new Promise((done) => setTimeout(done, 60_000))")
    assert stub.polls == polls


async def test_an_attempt_without_success_is_told(
    page: Page, widget: Widget, stub: Stub, accepted: Accepted
) -> None:
    await accepted()
    stub.reason = "no_answer"

    await widget.says("nous réessaierons")


async def test_it_asks_less_often_as_nothing_changes(
    page: Page, widget: Widget, stub: Stub, accepted: Accepted
) -> None:
    await accepted()
    await page.until("waits.filter((ms) => ms >= 5000 && ms !== 15000).length > 12")

    waits = await page.js("waits.filter((ms) => ms >= 5000)")
    assert waits[:3] == [5000, 6250, 7812.5]
    assert waits == sorted(waits)
    assert waits[-1] == 30_000


async def test_a_hidden_page_asks_nothing(
    page: Page, widget: Widget, stub: Stub, accepted: Accepted
) -> None:
    await accepted()
    await page.js("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
    await page.js("new Promise((done) => setTimeout(done, 20_000))")
    polls = stub.polls
    await page.js("new Promise((done) => setTimeout(done, 60_000))")
    assert stub.polls == polls

    stub.state = "dialling"
    await page.js("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    await widget.says("Nous vous appelons")


async def test_the_countdown_runs_by_the_service_s_clock(
    page: Page, widget: Widget, accepted: Accepted
) -> None:
    await accepted()
    await page.until("/(45 min 00|44 min 5.) s/.test(said('[role=timer]'))")
    await page.js("ahead = 600_000")
    await page.until("/34 min|35 min 00/.test(said('[role=timer]'))")
    await page.js("ahead = 45 * 60_000 + 1000")
    await page.until("said('[role=timer]').includes('dépassée')")


async def test_a_clock_elsewhere_is_said_to_be_so(
    page: Page, widget: Widget, accepted: Accepted
) -> None:
    await page.look(zone="Indian/Reunion")
    await accepted()

    await widget.says("au plus tard à 13 h 45 (heure de votre appareil).")


async def test_who_wants_less_motion_sees_minutes(
    page: Page, widget: Widget, accepted: Accepted
) -> None:
    await page.look(calm=True)
    await accepted()
    assert await widget.text("[role=timer]") == "Temps restant : 45 min"


async def test_a_poll_leaves_the_focus_and_the_words_alone(
    page: Page, widget: Widget, stub: Stub, accepted: Accepted
) -> None:
    await accepted()
    await page.js("window.button = root().querySelector('button'); button.focus()")
    await page.js("window.alert = root().querySelector('.fr-alert')")
    polls = stub.polls
    await page.until("waits.filter((ms) => ms >= 5000).length > 4")

    assert stub.polls > polls
    assert await page.js("focused() === button && alert.isConnected")


async def test_cancelling_ends_it(
    page: Page, widget: Widget, stub: Stub, accepted: Accepted
) -> None:
    await accepted()
    await widget.click("Annuler ma demande")

    await widget.says("Votre demande est annulée")
    assert stub.state == "cancelled"
    assert (await widget.focus()).startswith("H3")
    await widget.click("Faire une nouvelle demande")
    await page.until("root().querySelector('input')")
    assert await page.js("sessionStorage.length") == 0


async def test_a_cancel_that_did_not_get_through_is_told(
    page: Page, widget: Widget, stub: Stub, accepted: Accepted
) -> None:
    await accepted()
    stub.cut = {"DELETE"}
    await widget.click("Annuler ma demande")
    await widget.says("L’annulation n’a pas pu être transmise")
    stub.cut = set()
    await widget.click("Annuler ma demande")

    await widget.says("Votre demande est annulée")


async def test_a_state_out_of_reach_is_asked_for_again(
    page: Page, widget: Widget, stub: Stub, accepted: Accepted
) -> None:
    await accepted()
    stub.cut = {"GET"}
    await page.reload()
    await widget.says("Le suivi est momentanément indisponible")
    stub.cut = set()

    await widget.says("Votre demande est enregistrée")


async def test_everything_is_within_reach_of_the_keyboard(
    page: Page, widget: Widget, stub: Stub, home: str
) -> None:
    await page.goto(f"{home}/fiche")
    await widget.ready()
    reached = []
    for _ in range(3):
        await page.press("Tab")
        reached.append(await page.js("focused().tagName"))
    assert reached == ["INPUT", "BUTTON", "A"]
    outline = "getComputedStyle(focused()).outlineStyle"
    await page.press("Tab", shift=True)
    assert await page.js(outline) != "none"
    await page.press("Tab", shift=True)
    await page.type(PHONE)
    await page.press("Tab")
    await page.press(" ")
    await widget.says("enregistrée")
    await page.press("Tab")
    assert (await widget.focus()) == "BUTTON Annuler ma demande"
    await page.press("Enter")
    await widget.says("annulée")


async def test_a_page_of_another_site_asks_the_interface_only(
    page: Page, widget: Widget, stub: Stub, home: str
) -> None:
    async with TestServer(Stub().application(), host="localhost") as site:
        elsewhere = str(site.make_url("")).rstrip("/")
        await page.goto(f"{elsewhere}/fiche?from={home}")
        await widget.ready()
        await widget.ask(PHONE)
        await widget.says("enregistrée")
        await widget.click("Annuler ma demande")
        await widget.says("annulée")

        asked = [one.split()[1] for one in page.requests]
        own = [one for one in asked if one.startswith(elsewhere)]
        assert own == [f"{elsewhere}/fiche?from={home}"]
        assert all(one.startswith(home) for one in asked if one not in own)
    assert page.errors == []


async def test_the_ticket_of_another_tab_is_not_ours(
    page: Page, widget: Widget, stub: Stub, home: str
) -> None:
    await page.goto(f"{home}/fiche")
    await widget.ready()
    await page.js(f"sessionStorage.setItem('rappel-3939 {home}', 'forged')")
    await page.reload()

    await widget.says("n’est plus suivie")
    assert TICKET not in await widget.markup()
