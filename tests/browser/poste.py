"""The desk page as informateurs use it."""

from tests.browser.shown import Shown
from tests.web.desk_scene import ME


class Poste(Shown):
    async def open(self) -> None:
        await self.page.goto(f"{self.home}/poste")
        await self.page.until("said('#log-in')")

    async def log_in(self, number: str = ME, pin: str = "4711") -> None:
        """Type number and PIN, by the keyboard alone, and press Enter."""
        await self.page.until("['number', 'pin'].includes(focused())")
        if await self.page.js("focused()") == "number":
            await self.page.type(number)
            await self.page.press("Tab")
        await self.page.type(pin)
        await self.page.press("Enter")

    async def at_work(self) -> None:
        """Open the page and log in."""
        await self.open()
        await self.log_in()
        await self.page.until("said('#state')")

    async def buttons(self) -> list[str]:
        """Return what can be asked for: the buttons of state and call that are there."""
        found = await self.page.js(
            "[...document.querySelectorAll('#state-actions button, #call-actions button')]"
            ".filter((one) => one.checkVisibility()).map((one) => one.id.slice(3)"
            " + (one.getAttribute('aria-disabled') === 'true' ? ' (off)' : ''))"
        )
        return list(found)
