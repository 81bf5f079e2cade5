"""A page for those who work here, as they see it."""

from dataclasses import dataclass

from tests.browser.chromium import Page

#: `said` is the text of an element with plain spaces, "" if it is not shown; `focused` says where
#: the focus is.
TOUCH = """
window.said = (selector) => {
  const one = document.querySelector(selector);
  return one?.checkVisibility() ? one.innerText.replace(/\\s+/g, ' ').trim() : '';
};
window.focused = () => document.activeElement.id || document.activeElement.tagName;
"""


@dataclass
class Shown:
    page: Page
    #: The address of the service, without a slash at the end.
    home: str

    async def says(self, selector: str, words: str) -> None:
        """Wait until the element contains `words`, with any kind of spaces."""
        plain = words.replace("\u00a0", " ").replace("\u202f", " ")
        await self.page.until(f"said({selector!r}).includes({plain!r})")

    async def text(self, selector: str) -> str:
        return str(await self.page.js(f"said({selector!r})"))

    async def focus(self) -> str:
        return str(await self.page.js("focused()"))
