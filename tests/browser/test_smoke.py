"""The pages for those who work here, once in a real browser: in CI, and in seconds."""

from tests.browser.accessibility import violations
from tests.browser.desk_states import STATES
from tests.browser.poste import Poste
from tests.browser.wallboard import Board
from tests.web.desk_scene import ME, Engine


async def test_the_desk(poste: Poste, engine: Engine) -> None:
    await poste.at_work()
    await poste.says("#state", "Disponible")
    engine.views[ME] = STATES["talking"]
    await poste.says("#state", "En conversation")
    assert await violations(poste.page) == []


async def test_the_wallboard(board: Board) -> None:
    await board.open()
    await board.says("#figure-waiting-1", "En attente 17")
    assert await violations(board.page) == []
    await board.cut()
    await board.says("#stale", "Données figées")
