"""A day at the desk page by the keyboard alone: a real Chromium, the real router, real calls."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from router.core.commands import Step
from router.demo.script import FICHE
from router.demo.stage import Stage
from tests.browser import chromium
from tests.browser.accessibility import violations
from tests.browser.poste import Poste
from tests.browser.shown import TOUCH
from tests.patience import PATIENCE_S
from tests.real.cast import Cast
from tests.real.conftest import OPEN_AT, NewCast, OpenStage

pytestmark = [pytest.mark.real, pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

OFFSET = 5800
CONSUMER, HEALTH = ("consommation", "50"), ("assurance-maladie", "11")


@pytest.fixture(scope="module")
def browser() -> Iterator[str]:
    with chromium.running() as address:
        yield address


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def own_stage(open_stage: OpenStage) -> AsyncIterator[Stage]:
    """Nobody is hurried: notes take as long as they need on a busy machine."""
    async with open_stage(OFFSET, OPEN_AT, targets={"wrap_up_s": 60}) as stage:
        yield stage


@pytest_asyncio.fixture(loop_scope="session")
async def cast(own_stage: Stage, new_cast: NewCast) -> AsyncIterator[Cast]:
    async with new_cast(own_stage) as cast:
        yield cast


@pytest_asyncio.fixture(loop_scope="session")
async def poste(browser: str, own_stage: Stage) -> AsyncIterator[Poste]:
    async with chromium.page(browser, TOUCH) as page:
        yield Poste(page, own_stage.http)
        assert page.errors == []


async def choose(poste: Poste, key: str, search: str) -> None:
    """Press the key of a button, type what is looked for, and take the first."""
    await poste.page.press(key)
    await poste.page.until("focused() === 'choice-search'")
    await poste.page.type(search)
    await poste.page.press("Enter")


async def test_a_day_at_the_desk(cast: Cast, poste: Poste) -> None:
    informateur = await cast.informateur("101")
    await poste.open()
    await poste.log_in("101", "0000")
    await poste.says("#log-in-fault", "L’identifiant ou le code secret est inexact.")
    await poste.log_in("101", cast.pin("101"))
    await poste.says("#state", "Disponible")

    # A pause, chosen by the key of the desk phone, and its end.
    await choose(poste, "p", "1")
    await poste.says("#state", "En pause")
    await poste.says("#state-more", "Pause courte")
    await poste.page.press("r")
    await poste.says("#state", "Disponible")

    # A caller with the code of a page: announced, answered, held, and the page at hand.
    caller = await cast.waiting_caller(cast.code())
    await poste.says("#state", "Appel entrant")
    await poste.says("#call-kind", "Appel avec le code d’une page")
    await cast.talk(caller, informateur)
    await poste.says("#state", "En conversation")
    link = await poste.page.js("document.querySelector('#call-link').href")
    assert link == f"https://www.service-public.gouv.fr/particuliers/vosdroits/{FICHE}"
    await poste.page.press("a")
    await poste.says("#state", "Appel en attente")
    await cast.step(caller, Step.HELD)
    await poste.page.press("a")
    await cast.both_hear(caller, informateur)
    await poste.says("#state", "En conversation")
    assert await violations(poste.page) == []

    # A colleague is consulted, and given up.
    colleague = await cast.informateur("102", says=1500)
    await choose(poste, "c", CONSUMER[1])
    await colleague.rings()
    await poste.says("#call-aside", "Le poste est appelé.")
    assert "complete (off)" in await poste.buttons()
    colleague.pick_up()
    await poste.says("#call-aside", "Le poste est en ligne avec vous.")
    await poste.page.press("a")
    await cast.both_hear(caller, informateur)

    # A pause is asked for during the call; the call is ended from the page, the caller may vote.
    await choose(poste, "p", "courte")
    await poste.says("#wish", "Après cet appel : pause (Pause courte).")
    await poste.page.press("r")
    await poste.page.until("said('#wish') === ''")
    await poste.page.press("f")
    await informateur.call_ended()
    await cast.step(caller, Step.AGENT_DONE)
    await poste.says("#state", "Notes d’appel")
    await caller.hang_up()
    await cast.ended(caller, "answered")

    # The note: the second answer, the page at fault; then calls again.
    await poste.page.until("document.activeElement.name === 'result'")
    await poste.page.press("ArrowDown")
    await poste.says("#said", "Le temps prévu pour noter l’appel est prolongé.")
    await poste.page.press("Tab")
    await poste.page.press("Tab")
    await poste.page.press(" ")
    await poste.page.press("Enter", control=True)
    await poste.says("#state", "Disponible")
    await poste.says("#today", "Noté : Réponse partielle")

    # The next one is for somebody else.
    caller = await cast.waiting_caller()
    await cast.talk(caller, informateur)
    await poste.says("#call-kind", "Appel, domaine choisi au clavier")
    await choose(poste, "t", CONSUMER[1])
    await colleague.rings()
    colleague.pick_up()
    await cast.step(caller, Step.TALKING, agent="102")
    await poste.says("#state", "Notes d’appel")
    await colleague.hang_up()
    await cast.ended(caller, "answered")
    await poste.page.press("r")
    await poste.says("#state", "Disponible")

    # The last one is told a number, and hears it.
    caller = await cast.waiting_caller()
    await cast.talk(caller, informateur)
    await poste.page.press("o")
    await poste.page.until("focused() === 'choice-search'")
    await poste.page.type(HEALTH[1])
    await poste.page.press("Tab")
    await poste.page.press("Tab")
    await poste.page.press("Enter")
    await caller.person.hears(f"directory-{HEALTH[0]}")
    await poste.says("#state", "Notes d’appel")
    await caller.hang_up()
    await cast.ended(caller, "answered")

    assert await poste.page.js("document.querySelectorAll('#today li').length") == 3
    await poste.page.js("document.querySelector('#leave-button').focus()")
    await poste.page.press("Enter")
    await poste.page.until("document.querySelector('#leave[open]')")
    await poste.page.press("Enter")
    await poste.says("#log-in-fault", "La session est fermée.")
    assert (await cast.desk("101"))["desk"]["state"] == "logged out"


async def test_a_router_that_is_killed_and_back_leaves_the_desk_at_work(
    cast: Cast, poste: Poste
) -> None:
    cast.expected_in_asterisk += [
        r"WebSocket read error|Web socket closed abruptly|Error reading from web socket",
        r"Stasis app 'allo' not active",
    ]
    informateur = await cast.informateur("101")
    if (await cast.desk("101"))["desk"]["state"] == "logged out":
        assert (await cast.ask("101", "log-in"))[0] == 200
    await poste.open()
    await poste.log_in("101", cast.pin("101"))
    await poste.says("#state", "Disponible")
    caller = await cast.waiting_caller()
    await cast.talk(caller, informateur)
    await poste.says("#state", "En conversation")

    await cast.stage.kill_router()
    await poste.says("#connection", "Liaison perdue depuis")
    await cast.both_hear(caller, informateur)
    async with asyncio.timeout(PATIENCE_S):
        await cast.stage.start_router()
    await poste.says("#said", "La liaison avec le service est rétablie.")
    await poste.says("#state", "En conversation")
    await poste.page.press("f")
    await informateur.call_ended()
    await poste.says("#state", "Notes d’appel")
    await caller.hang_up()
