"""The wallboard in a real Chromium: the way in, what is shown, old news, what it means."""

import pytest

from router.core.call.life import CallState
from router.core.desk.agents import AgentState
from tests.browser.wallboard import READER, Board
from tests.browser.wallboard_scene import FAMILY, MOST
from tests.service_plan import MONDAY_10H

pytestmark = pytest.mark.browser

#: Every colour of text, shapes and borders that is on the page now.
COLOURS = """
[...new Set([...document.querySelectorAll('#tiles *')]
  .filter((one) => one.checkVisibility())
  .flatMap((one) => {
    const style = getComputedStyle(one);
    return [style.color, style.borderLeftColor, style.borderTopColor];
  }))]
"""


# The way in.


async def test_a_token_is_entered_once_and_kept_nowhere(board: Board) -> None:
    page = board.page
    await page.goto(board.address)
    await page.until("focused() === 'token'")
    await page.press("Enter")
    await board.says("#enter-fault", "Indiquez votre jeton")
    await page.type("nobody's")
    await page.press("Enter")
    await board.says("#enter-fault", "inconnu")
    await page.js("document.querySelector('#token').value = ''")
    await page.type(READER)
    await page.press("Enter")
    await board.fresh()
    assert await board.text("#enter") == ""
    assert await page.js("[document.cookie, localStorage.length, sessionStorage.length]") == [
        *("", 0, 0),
    ]
    assert await page.js("document.querySelector('#token').value") == ""
    assert READER not in await page.js("document.documentElement.outerHTML")
    await page.reload()
    await page.until("focused() === 'token'")


async def test_whoever_leaves_takes_the_token_away(board: Board) -> None:
    await board.open(READER)
    await board.page.js("document.querySelector('#leave').click()")
    await board.page.until("focused() === 'token'")
    assert await board.page.js("location.hash") == ""
    assert await board.text("#tiles") == ""


async def test_a_token_that_is_taken_away_is_asked_for_again(board: Board) -> None:
    await board.open(READER)
    board.scene.keyring.replace([])
    await board.says("#enter-fault", "n’ouvre plus")


async def test_a_screen_on_a_wall_waits_for_the_service(board: Board) -> None:
    board.scene.gone = True
    await board.page.goto(f"{board.address}#jeton={READER}")
    await board.page.until("performance.now() > 1200")
    assert await board.text("#enter") == ""
    board.scene.gone = False
    await board.fresh()


# What is shown.


async def test_sixty_informateurs_by_word_shape_and_colour(board: Board) -> None:
    await board.open()
    page = board.page
    assert await page.js("document.querySelectorAll('.tile').length") == MOST
    looks: list[list[str]] = await page.js(
        "[...new Map([...document.querySelectorAll('.tile')].map((tile) => {"
        "  const state = tile.querySelector('.state');"
        "  const shape = getComputedStyle(state, '::before').clipPath;"
        "  return [tile.dataset.doing, [state.textContent, shape, getComputedStyle(state).color]];"
        "})).values()]"
    )
    assert len({word for word, _, _ in looks}) == len(looks) >= 9
    assert len({shape for _, shape, _ in looks}) >= 6
    assert len({colour for _, _, colour in looks}) >= 4
    totals = await page.js(
        "[...document.querySelectorAll('#totals li:not([hidden]) .figure')]"
        ".map((one) => Number(one.textContent))"
    )
    assert sum(totals) == MOST
    await board.says("#informateur-104", "⚠ 20 min")
    await board.says("#informateur-104", "En conversation supervision")
    await board.says("#informateur-110", "En pause Pause courte")
    await board.says("#informateur-112", "Hors service")
    assert "min" not in await board.text("#informateur-112")


async def test_figures_beside_what_the_service_aims_at(board: Board) -> None:
    await board.open()
    await board.says("#figure-waiting-1", "En attente 17")
    await board.says("#figure-longest-wait-1", "4 min 1")
    await board.says("#figure-longest-wait-1", "⚠ objectif 3 min au plus")
    await board.says("#figure-ready-1", "15 sur 55 en poste")
    assert "objectif 85 % au moins" in await board.text("#figure-pickup-2")
    await board.says("#figure-callbacks-soon-1", "4")
    await board.says("#figure-callbacks-late-1", "⚠ il ne devrait y en avoir aucun")
    await board.says(f"#sector-{FAMILY}", "Droit de la famille 7 en attente ⚠ depuis 4 min")
    assert await board.page.js(f"document.querySelector('#sector-{FAMILY}').matches('.off')")


async def test_what_changes_is_changed_and_nothing_else(board: Board) -> None:
    await board.open()
    page, scene = board.page, board.scene
    await page.js(
        "window.tile = document.querySelector('#informateur-101');"
        "window.writes = [];"
        "new MutationObserver((all) => writes.push(...all.map((one) =>"
        "  (one.target.closest ?? (() => one.target.parentElement.closest('button')))"
        "  .call(one.target, 'button')?.id)))"
        ".observe(document.querySelector('#sector-list'),"
        "  { subtree: true, childList: true, characterData: true, attributes: true });"
    )
    scene.desks[0] = scene.call("101", CallState.HELD, 3)
    await board.says("#informateur-101", "Appel en attente")
    assert await page.js("window.tile === document.querySelector('#informateur-101')")
    calm = "sector-logement-urbanisme"
    assert calm not in await page.js("window.writes"), "written again without need"


async def test_informateurs_who_come_and_go_have_their_place(board: Board) -> None:
    await board.open()
    last = board.scene.desks.pop()
    await board.page.until(f"!document.querySelector('#informateur-{last.agent}')")
    board.scene.desks.insert(0, last)
    await board.page.until(f"document.querySelector('.tile').id === 'informateur-{last.agent}'")


async def test_all_of_it_fits_on_a_screen_on_a_wall(board: Board) -> None:
    await board.open()
    for width, height in ((3840, 2160), (2560, 1440), (1920, 1080)):
        await board.page.look(width, height)
        high = await board.page.js("document.documentElement.scrollHeight")
        assert high <= height, (width, height)
    size = "parseFloat(getComputedStyle(document.querySelector({})).fontSize)"
    # 20 mm at a screen of 1.2 m: legible at five metres (a two-hundred-and-fiftieth of it).
    assert await board.page.js(size.format("'#figure-waiting-1 .value'")) * 0.7 * 1200 / 1920 > 20
    assert await board.page.js(size.format("'.sectors .value'")) * 0.7 * 1200 / 1920 > 20


@pytest.mark.parametrize("view", ["tiles", "tables"])
@pytest.mark.parametrize(("width", "times"), [(320, 1), (360, 1), (640, 2), (1280, 1)])
async def test_it_is_read_on_a_phone_and_enlarged(
    board: Board, view: str, width: int, times: int
) -> None:
    if times == 1:
        await board.page.look(width)
    else:
        await board.page.zoom(times)
    await board.open()
    await board.show(view)
    wide = await board.page.js("document.documentElement.scrollWidth")
    assert wide <= width, "something sticks out"
    cut_off = await board.page.js(
        "[...document.querySelectorAll('.cards .value')]"
        ".filter((one) => one.scrollWidth > one.closest('button').clientWidth)"
        ".map((one) => one.closest('button').id)"
    )
    assert cut_off == []


async def test_nobody_is_there(board: Board) -> None:
    scene = board.scene
    scene.desks = [scene.desk(one, AgentState.LOGGED_OUT, 0) for one in scene.plan.agents]
    scene.waiting, scene.tickets, scene.counted = {}, [], {}
    await board.open()
    await board.says("#nobody", "Aucune session n’est ouverte")
    await board.says("#totals", f"Hors service {MOST}")
    await board.says("#figure-pickup-2", "Taux de décroché –")
    await board.says(f"#sector-{FAMILY}", "personne en poste")
    scene.desks = []
    await board.page.until("!document.querySelector('.tile')")
    await board.says("#nobody", "Aucune session n’est ouverte")


# Old news.


async def test_a_feed_that_is_cut_greys_everything_and_says_so(board: Board) -> None:
    await board.open()
    page = board.page
    lively = await page.js(COLOURS)
    await board.cut()
    await board.says("#stale", "Données figées : aucune nouvelle du service depuis")
    await board.says("#stale", "date de 10 h 00")
    await board.says("#feed", "Données figées")
    await board.says("#told", "Les données sont figées")
    assert "données figées" in await page.js("document.title")
    greys = await page.js(
        "['--away', '--soft', '--line', '--ink', '--accent', '--hair'].map((name) => {"
        "  const one = document.createElement('i');"
        "  one.style.color = `var(${name})`; document.body.append(one);"
        "  const colour = getComputedStyle(one).color; one.remove(); return colour;"
        "})"
    )
    assert len(set(lively) - set(greys)) >= 5, "greens, blues and reds before"
    assert set(await page.js(COLOURS)) <= set(greys), "and none of them now"
    before = await board.text("#tiles")
    await board.later(1.5)
    assert await board.text("#tiles") == before, "what was true stays as it was"
    board.scene.gone = False
    await board.fresh()
    await board.says("#told", "de nouveau à jour")
    assert await board.text("#stale") == ""
    assert page.errors == []


async def test_asterisk_away_is_told_apart_from_a_feed_that_is_cut(board: Board) -> None:
    await board.open()
    board.scene.connected = False
    await board.says("#telephony", "La téléphonie est coupée. L’état des appels et des postes date")
    assert await board.page.js("document.body.dataset.feed") == "fresh"
    ink = "getComputedStyle(document.querySelector({})).color"
    of_the_day = await board.page.js(ink.format("'#figure-pickup-2 .value'"))
    of_calls = await board.page.js(ink.format("'#figure-waiting-1 .value'"))
    assert of_the_day != of_calls, "what was counted is as true as before"
    waited = await board.text("#figure-longest-wait-1")
    board.scene.ahead_s += 60
    board.scene.known_at = MONDAY_10H - 40
    await board.later(1.5)
    assert await board.text("#figure-longest-wait-1") == waited, "nobody knows that they still wait"
    board.scene.connected = True
    await board.page.until("!said('#telephony')")


async def test_the_service_s_clock_goes_not_the_machine_s(board: Board) -> None:
    await board.page.goto("about:blank")
    await board.page.look(1280, zone="America/New_York")
    await board.open()
    await board.says("#clock", "10 h 00")
    board.scene.ahead_s = 3600
    await board.says("#clock", "11 h 00")


# Why, and what it means.


async def test_every_figure_says_what_it_means_and_how_old_it_is(board: Board) -> None:
    await board.open(READER)
    for id_ in await board.page.js(
        "[...document.querySelectorAll('[data-source]')].map((one) => one.id)"
    ):
        await board.open_panel(f"#{id_}")
        told = await board.text("#panel")
        assert "Définition" in told
        assert "à jour à 0 s près" in told or "à jour à 1 s près" in told
        await board.page.press("Escape")
        await board.page.until("!document.querySelector('#panel').open")


async def test_why_the_latest_call_went_there(board: Board) -> None:
    await board.open(READER)
    await board.open_panel("#informateur-104")
    assert await board.text(".why p") == ""
    await board.page.js("document.querySelector('.why button').click()")
    await board.says(".why p", "Niveau 1 (un niveau ouvert après 14 s d’attente)")
    assert "La durée prévue est dépassée." in await board.text("#panel")
