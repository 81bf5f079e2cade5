"""The desk page for everybody: axe-core, the keyboard, narrow and enlarged, in both schemes."""

import asyncio

import pytest
from aiohttp.test_utils import TestServer

from tests.browser import chromium
from tests.browser.accessibility import operable, reached, violations
from tests.browser.desk_states import STATES
from tests.browser.poste import Poste
from tests.browser.shown import TOUCH
from tests.web.desk_scene import ME, Engine

pytestmark = pytest.mark.browser

#: CSS pixels: WCAG 1.4.10, what is left of 1280 at 400 %.
NARROW = 320
#: What dialogs there are, and the key for each.
DIALOGS = {"choice": "p", "help": "?"}
_OVERFLOW = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


async def shown(poste: Poste, engine: Engine, state: str) -> None:
    engine.views[ME] = STATES[state]
    await poste.at_work()
    await poste.page.until("said('#state')")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("state", STATES)
async def test_axe_finds_nothing_in_any_state(
    poste: Poste, engine: Engine, state: str, dark: bool
) -> None:
    await poste.page.look(dark=dark)
    await shown(poste, engine, state)
    assert await violations(poste.page) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_axe_finds_nothing_at_the_log_in(poste: Poste, dark: bool) -> None:
    await poste.page.look(dark=dark)
    await poste.open()
    assert await violations(poste.page) == []
    await poste.page.press("Enter")
    await poste.says("#log-in-fault", "Indiquez")
    assert await violations(poste.page) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("dialog", [*DIALOGS, "leave"])
async def test_axe_finds_nothing_in_a_dialog(
    poste: Poste, engine: Engine, dialog: str, dark: bool
) -> None:
    await poste.page.look(dark=dark)
    await shown(poste, engine, "ready")
    if dialog in DIALOGS:
        await poste.page.press(DIALOGS[dialog])
    else:
        await poste.page.js("document.querySelector('#leave-button').click()")
    await poste.page.until(f"document.querySelector('#{dialog}[open]')")
    assert await violations(poste.page) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_axe_finds_nothing_while_the_service_is_away(
    browser: str, engine: Engine, dark: bool
) -> None:
    engine.views[ME] = STATES["talking"]
    async with chromium.page(browser, TOUCH) as page:
        await page.look(dark=dark)
        async with TestServer(engine.application()) as server:
            poste = Poste(page, str(server.make_url("")).rstrip("/"))
            await poste.at_work()
        await poste.says("#fault", "La liaison avec le service est perdue.")
        assert await violations(page) == []


async def test_axe_would_find_something(poste: Poste, engine: Engine) -> None:
    await shown(poste, engine, "ready")
    await poste.page.js("document.querySelector('#state-more').style.color = '#999'")
    assert [one.split()[0] for one in await violations(poste.page)] == ["color-contrast"]


@pytest.mark.parametrize("state", STATES)
async def test_everything_is_within_reach_of_the_keyboard(
    poste: Poste, engine: Engine, state: str
) -> None:
    await shown(poste, engine, state)
    assert await reached(poste.page) == await operable(poste.page)


@pytest.mark.parametrize("state", STATES)
async def test_nothing_is_cut_off_on_a_narrow_screen(
    poste: Poste, engine: Engine, state: str
) -> None:
    await poste.page.look(NARROW)
    await shown(poste, engine, state)
    assert not await poste.page.js(_OVERFLOW)


async def test_nothing_is_cut_off_at_200_percent(poste: Poste, engine: Engine) -> None:
    await poste.page.zoom(2)
    for state in ("talking", "noting", "off"):
        await shown(poste, engine, state)
        assert not await poste.page.js(_OVERFLOW), state
    await poste.page.press("?")
    await poste.page.until("document.querySelector('#help[open]')")
    assert await poste.page.js(
        "((box) => box.left >= 0 && box.right <= innerWidth && box.bottom <= innerHeight)"
        "(document.querySelector('#help').getBoundingClientRect())"
    )


async def test_what_is_pressed_is_large_enough(poste: Poste, engine: Engine) -> None:
    """WCAG 2.5.8: 24 pixels at least."""
    for state in ("talking", "noting"):
        await shown(poste, engine, state)
        small = await poste.page.js(
            "[...document.querySelectorAll('button, select, summary, .choice')]"
            ".filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 24)"
            ".map((one) => one.outerHTML)"
        )
        assert small == []


async def test_motion_is_nobodys_need(poste: Poste, engine: Engine) -> None:
    await poste.page.look(calm=True)
    await shown(poste, engine, "ringing")
    await asyncio.sleep(0)
    assert await poste.page.js("document.getAnimations().length") == 0
