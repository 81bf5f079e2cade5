"""What users do with the widget, and what they see or hear of it."""

from typing import Any

from tests.browser.chromium import Page

#: `root` holds what the widget shows, in either theme; `said` is a part's text with plain spaces,
#: `focused` the element with the focus.
TOUCH = """
window.root = () => {
  const widget = document.querySelector('rappel-3939');
  return widget.shadowRoot ?? widget;
};
window.said = (selector) =>
  root().querySelector(selector)?.innerText.replace(/\\s+/g, ' ') ?? '';
window.focused = () => root().activeElement ?? document.activeElement;
"""


class Widget:
    def __init__(self, page: Page) -> None:
        self.page = page

    async def ready(self) -> None:
        """Wait until it says something or offers its form."""
        await self.page.until("root().querySelector('input, .fr-alert')")

    async def says(self, words: str) -> None:
        """Wait until the live region contains `words`, with any kind of spaces."""
        plain = words.replace("\u00a0", " ")
        await self.page.until(f"said('[role=status]').includes({plain!r})")

    async def text(self, selector: str) -> str:
        return str(await self.page.js(f"said({selector!r})"))

    async def attribute(self, selector: str, name: str) -> Any:
        return await self.page.js(f"root().querySelector({selector!r}).getAttribute({name!r})")

    async def ask(self, phone: str) -> None:
        """Type the number and press Enter."""
        await self.page.js("root().querySelector('input').select()")
        await self.page.js("root().querySelector('input').focus()")
        await self.page.type(phone)
        await self.page.press("Enter")

    async def click(self, label: str) -> None:
        await self.page.until(f"[...root().querySelectorAll('button')].some({_named(label)})")
        await self.page.js(
            f"(() => {{ const one = [...root().querySelectorAll('button')].find({_named(label)});"
            " one.focus(); one.click(); })()"
        )

    async def buttons(self) -> list[str]:
        labels = await self.page.js(
            "[...root().querySelectorAll('button')].map((one) => one.innerText)"
        )
        return list(labels)

    async def focus(self) -> str:
        """Return the tag of the element with the focus, and what it says."""
        return str(await self.page.js("`${focused().tagName} ${focused().innerText}`"))

    async def markup(self) -> str:
        return str(await self.page.js("root().innerHTML + document.documentElement.outerHTML"))


def _named(label: str) -> str:
    return f"(one) => one.innerText === {label!r}"
