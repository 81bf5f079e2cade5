"""The wallboard for everybody: axe-core, the keyboard, what is read aloud."""

from collections.abc import AsyncIterator

import pytest

from router.core.call.life import CallState
from router.core.desk.agents import AgentState
from router.core.ids import SectorId
from router.core.today import Message, Today
from tests.browser.accessibility import violations
from tests.browser.wallboard import Board
from tests.browser.wallboard_scene import FAMILY

pytestmark = pytest.mark.browser


async def states(board: Board) -> AsyncIterator[str]:
    """Bring the page into each of its states, one after the other."""
    page, scene = board.page, board.scene
    await page.goto(board.address)
    await page.until("focused() === 'token'")
    await page.press("Enter")
    yield "asked for the token"
    await board.open()
    yield "tiles"
    for what, selector in {
        "a figure": "#figure-pickup-2",
        "a sector": f"#sector-{FAMILY}",
        "an informateur": "#informateur-105",
        "the service": "#direct",
    }.items():
        await board.open_panel(selector)
        await page.js("document.querySelectorAll('details').forEach((one) => (one.open = true))")
        yield what
        await page.press("Escape")
    await board.show("tables")
    yield "tables"
    await board.show("tiles")
    said = Message(scene.now, "claire", "Réunion à 11 h 30.")
    scene.today = Today(scene.plan.hours.day_of(scene.now), scene.now + 3600, message=said)
    scene.connected = False
    await board.says("#message", "Réunion à 11 h 30. (claire, 10 h 00)")
    yield "without telephony"
    await board.cut()
    yield "cut off"
    await board.show("tables")
    yield "cut off, as tables"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
async def test_axe_finds_nothing_in_any_state(board: Board, dark: bool) -> None:
    await board.page.look(1280, dark=dark)
    found = {}
    async for state in states(board):
        found[state] = await violations(board.page)
    assert len(found) == 10
    assert {state: broken for state, broken in found.items() if broken} == {}


async def test_the_keyboard_reaches_everything_in_a_few_steps(board: Board) -> None:
    await board.open()
    page = board.page
    await page.js("document.querySelector('.skip').focus()")
    stops: list[str] = []
    for _ in range(9):
        stops.append(await board.focus())
        await page.press("Tab")
    assert stops == [
        "A",
        *("view-tiles", "view-tables", "direct", "leave"),
        *("figure-waiting-1", "figure-callbacks-soon-1", "sector-general", "informateur-101"),
    ]
    await page.js("document.querySelector('#informateur-101').focus()")
    for key, where in (
        ("ArrowRight", "informateur-102"),
        ("ArrowDown", None),
        ("ArrowUp", "informateur-102"),
        ("End", "informateur-160"),
        ("ArrowRight", "informateur-160"),
        ("Home", "informateur-101"),
        ("ArrowLeft", "informateur-101"),
    ):
        await page.press(key)
        if where is not None:
            assert await board.focus() == where, key
    await page.press("ArrowRight")
    await page.press("Tab")
    await page.press("Tab", shift=True)
    assert await board.focus() == "informateur-102", "the way back leads to where one was"
    await page.press("Enter")
    await board.says("#panel", "Informateur 102")
    await page.press("Escape")
    assert await board.focus() == "informateur-102"


async def test_the_focus_stays_while_others_change(board: Board) -> None:
    await board.open()
    await board.page.js("document.querySelector('#informateur-105').focus()")
    board.scene.desks[0] = board.scene.call("101", CallState.TALKING, 3)
    await board.says("#informateur-101", "En conversation")
    assert await board.focus() == "informateur-105"


async def test_tables_say_what_tiles_show(board: Board) -> None:
    await board.open()
    await board.show("tables")
    rows: list[list[str]] = await board.page.js(
        "[...document.querySelectorAll('tbody tr')].map((row) =>"
        " [...row.children].map((cell) => cell.textContent))"
    )
    first = {row[0]: [one.replace("\u00a0", " ") for one in row[1:]] for row in rows}
    assert first["Personnes en attente"][0] == "17"
    assert first["Droit de la famille"][0] == "7"
    assert first["104"][0] == "En conversation"
    assert first["104"][1] == "⚠ 20 min"
    assert first["104"][2] == "15 min"
    assert first["112"][0] == "Hors service"
    heads = "[...document.querySelectorAll('table')].every((one) => one.caption && one.tHead)"
    assert await board.page.js(heads)
    board.scene.desks[3] = board.scene.desk("104", AgentState.READY, 5)
    await board.page.until("said('#tables').includes('104 Disponible')")


async def test_what_becomes_wrong_is_told_once_and_in_a_sentence(board: Board) -> None:
    scene = board.scene
    scene.waiting, scene.tickets = {}, []
    scene.desks = [scene.desk(one, AgentState.READY, 5) for one in scene.plan.agents]
    await board.open()
    page = board.page
    await page.js(
        "window.spoken = [];"
        "const told = document.querySelector('#told');"
        "new MutationObserver(() => spoken.push(told.textContent))"
        ".observe(told, { childList: true, characterData: true, subtree: true });"
    )
    assert await board.text("#told") == "", "nothing to say at first"
    scene.waiting = {FAMILY: [scene.now - 300]}
    await page.until("spoken.length")
    scene.waiting = {FAMILY: [scene.now - 300], SectorId("logement-copropriete"): [scene.now - 400]}
    await board.later(2.5)
    assert await page.js("spoken") == ["Droit de la famille\u00a0: l’attente dépasse l’objectif."]
