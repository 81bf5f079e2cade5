"""The wallboard as those see it who watch over the service."""

from dataclasses import dataclass

from router.access import Scope
from tests.browser.shown import Shown
from tests.browser.wallboard_scene import Scene
from tests.web.desk_scene import SCOPES

READER, SUPERVISOR = SCOPES[Scope.READ], SCOPES[Scope.SUPERVISE]
#: The page's clock can be put forward: a feed that is cut is then old at once.
CLOCK = "window.ahead = 0; const then = Date.now; Date.now = () => then() + window.ahead;"


@dataclass
class Board(Shown):
    #: The service that it shows.
    scene: Scene

    @property
    def address(self) -> str:
        return f"{self.home}/wallboard"

    async def open(self, token: str = SUPERVISOR) -> None:
        """Open it as a screen on a wall does: with the token behind the address."""
        await self.page.goto(f"{self.address}#jeton={token}")
        await self.fresh()

    async def fresh(self) -> None:
        await self.page.until("document.body.dataset.feed === 'fresh'")

    async def cut(self) -> None:
        """The service is gone, and has been for some seconds."""
        self.scene.gone = True
        await self.page.until("document.body.dataset.feed === 'stale' || !(window.ahead += 4000)")

    async def open_panel(self, selector: str) -> None:
        """Press what opens a panel: a figure, a sector, an informateur."""
        await self.page.js(f"document.querySelector({selector!r}).click()")
        await self.page.until("document.querySelector('#panel').open")

    async def show(self, view: str) -> None:
        """Have `tiles` or `tables`."""
        await self.page.js(f"document.querySelector('#view-{view}').click()")

    async def later(self, seconds: float) -> None:
        """Let the page go on for so long."""
        await self.page.js(f"window.later = performance.now() + {seconds * 1000}")
        await self.page.until("window.later < performance.now()")

    async def fill_in(self, form: int, values: dict[str, str]) -> None:
        """Open a form of the panel, fill in its fields by how their labels begin, and send it."""
        await self.page.js(
            f"(() => {{ const form = document.querySelectorAll('.directive')[{form}];"
            "form.open = true;"
            f"for (const [words, value] of Object.entries({values!r})) {{"
            "  const label = [...form.querySelectorAll('label')]"
            "    .find((one) => one.textContent.startsWith(words));"
            "  document.getElementById(label.htmlFor).value = value; }"
            "form.querySelector('button:not([type])').click(); })()"
        )
