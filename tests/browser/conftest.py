"""A browser for the whole run; a page and a stub of the interface for each test."""

from collections.abc import AsyncIterator, Iterator
from contextlib import nullcontext
from dataclasses import replace

import pytest
from aiohttp.test_utils import TestServer

from tests import page_tools
from tests.browser import chromium, shown
from tests.browser.chromium import Page
from tests.browser.poste import Poste
from tests.browser.stub import Stub
from tests.browser.wallboard import CLOCK, Board
from tests.browser.wallboard_scene import Scene
from tests.browser.widget import TOUCH, Widget
from tests.web.desk_scene import Engine

#: Waits are recorded and pass fifty times faster; `ahead` puts the page's clock forward.
_HASTE = """
window.waits = []; window.ahead = 0;
const [later, now] = [window.setTimeout, Date.now];
window.setTimeout = (what, ms, ...more) => {
  waits.push(ms);
  return later(what, ms / 50, ...more);
};
Date.now = () => now() + window.ahead;
"""


@pytest.fixture(scope="session")
def browser(pytestconfig: pytest.Config) -> Iterator[str]:
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled() if capture else nullcontext():
        page_tools.chromium()  # says what it fetches
    with chromium.running() as address:
        yield address


@pytest.fixture
async def page(browser: str) -> AsyncIterator[Page]:
    async with chromium.page(browser, _HASTE + TOUCH) as page:
        yield page


@pytest.fixture
def widget(page: Page) -> Widget:
    return Widget(page)


@pytest.fixture
def stub() -> Stub:
    return Stub()


@pytest.fixture
async def server(stub: Stub) -> AsyncIterator[TestServer]:
    server = TestServer(stub.application())
    async with server:
        yield server


@pytest.fixture
def home(server: TestServer) -> str:
    """The address of the interface, without a slash at the end."""
    return str(server.make_url("")).rstrip("/")


@pytest.fixture
def engine() -> Engine:
    engine = Engine()
    engine.heartbeat_s = 1.0
    engine.plan = replace(engine.plan, fiche_url="https://www.example.org/fiches/{fiche}")
    return engine


@pytest.fixture
async def poste(browser: str, engine: Engine) -> AsyncIterator[Poste]:
    """The desk page of a service that `engine` stands behind; its clocks run as they do."""
    async with (
        TestServer(engine.application()) as server,
        chromium.page(browser, shown.TOUCH) as page,
    ):
        yield Poste(page, str(server.make_url("")).rstrip("/"))
        assert page.errors == []


@pytest.fixture
async def board(browser: str) -> AsyncIterator[Board]:
    """The wallboard of a busy service; the page's clock can be put forward."""
    scene = Scene()
    scene.fill()
    async with (
        TestServer(scene.application()) as server,
        chromium.page(browser, shown.TOUCH + CLOCK) as page,
    ):
        yield Board(page, str(server.make_url("")).rstrip("/"), scene)
