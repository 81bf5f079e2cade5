"""What axe-core finds wrong on a page, and what the keyboard reaches."""

from functools import cache
from typing import Any

from tests.browser.chromium import Page
from tests.page_tools import packages

#: WCAG 2.2 at A and AA, and axe's own best practices.
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@cache
def _axe() -> str:
    return (packages() / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


async def violations(page: Page) -> list[str]:
    """Return each rule that is broken, or that axe cannot decide, with the elements."""
    if not await page.js("typeof axe === 'object'"):
        await page.js(_axe())
    options: dict[str, Any] = {"runOnly": {"type": "tag", "values": _TAGS}}
    found = await page.js(
        f"axe.run(document, {options})"
        ".then(({ violations, incomplete }) => [...violations, ...incomplete])"
    )
    return [
        f"{one['id']} ({one['impact']}): {one['help']}: "
        + "; ".join(f"{node['target']} {node.get('failureSummary', '')}" for node in one["nodes"])
        for one in found
    ]


#: What the focus is on: its place in the document, "" for nothing.
_PLACE = (
    "document.activeElement === document.body ? ''"
    " : String([...document.querySelectorAll('*')].indexOf(document.activeElement))"
)


async def reached(page: Page) -> int:
    """Press Tab from the page's first element on; return on how many elements the focus was."""
    await page.js("document.querySelector('.skip').focus()")
    where = [await page.js(_PLACE)]
    while True:
        await page.press("Tab")
        now = await page.js(_PLACE)
        if not now or now in where:
            return len(where)
        where.append(now)


async def operable(page: Page) -> int:
    """Return how many elements there are to be reached; a group of radio buttons is one."""
    count = await page.js(
        "(() => {"
        " const there = [...document.querySelectorAll('button, summary, a, input, select')]"
        "   .filter((one) => one.checkVisibility());"
        " const radios = there.filter((one) => one.type === 'radio');"
        " return there.length - radios.length + new Set(radios.map((one) => one.name)).size;"
        "})()"
    )
    return int(count)
