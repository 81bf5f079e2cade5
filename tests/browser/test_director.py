"""The director's page on paper, and on the narrowest screen."""

import base64
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from router.config import Goals, load
from router.core.facts import BallotFact, CallFact, DutyFact, SubjectFact, VoteFact
from router.report import Report, board_of, publish, year_before
from router.report.director import Board, board
from router.report.director_page import as_page
from tests.browser.chromium import Page
from tests.browser.test_narrow import STICKS_OUT, WIDTH
from tests.report.days import realistic
from tests.report.test_director import MONDAY, OLDER, year_of
from tests.report.test_votes import SENTENCES

pytestmark = pytest.mark.browser

LOADED = load(None)
PLAN = LOADED.plan
#: Everything that can be on it, with the longest names.
PUBLICATION = replace(
    LOADED.publication,
    goals=Goals(in_time=0.8, callbacks_kept=0.995, answered=0.9, abandoned_max=0.05, satisfied=0.9),
)
WEEK = MONDAY, MONDAY.replace(day=27)


def week(first, last, *, late: int) -> Report:  # type: ignore[no-untyped-def]
    facts = list(realistic(PLAN, first, last, seed=1, calls_per_hour=110))
    asked = {BallotFact(day, "satisfaction"): late for day in (first, last)}  # type: ignore[arg-type]
    return publish(
        PLAN,
        first,
        last,
        [one for one in facts if isinstance(one, CallFact)],
        Counter(one for one in facts if isinstance(one, SubjectFact)),
        Counter(one for one in facts if isinstance(one, VoteFact)),
        [one for one in facts if isinstance(one, DutyFact)],
        SENTENCES,
        ballots=asked,
        today=last,
    )


THIS = week(*WEEK, late=2000)
FULL = board_of(
    PLAN, PUBLICATION, replace(THIS, reconciles=False), week(*year_before(*WEEK), late=0)
)
YEARS = replace(PUBLICATION, published=(*PUBLICATION.published, OLDER))
SIMULATED = board(PLAN, YEARS, replace(year_of(THIS, 2025), simulated="Chiffres simulés. " * 12))
BOARDS = {"measured": FULL, "simulated": SIMULATED}


@pytest.fixture(params=BOARDS)
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    told: Board = BOARDS[request.param]
    (tmp_path / "page.html").write_text(as_page(told))
    return (tmp_path / "page.html").as_uri()


def test_the_fullest_page_says_all_that_can_be_said() -> None:
    assert len(FULL.notes) == 5
    assert FULL.before


async def test_it_is_printed_on_one_sheet(page: Page, address: str) -> None:
    await page.goto(address)
    printed = await page.call("Page.printToPDF", preferCSSPageSize=True)
    pdf = base64.b64decode(printed["data"])
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
    (box,) = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert [round(float(one)) for one in box] == [595, 842]  # A4, in points


@pytest.mark.parametrize("width", [WIDTH, 600, 960, 980, 1280])
async def test_it_overflows_no_screen(page: Page, address: str, width: int) -> None:
    await page.look(width)
    await page.goto(address)
    assert await page.js(STICKS_OUT) == []
    assert await page.js("[innerWidth, document.documentElement.scrollWidth]") == [width, width]


async def test_a_telephone_is_told_the_column_of_every_value(page: Page, address: str) -> None:
    await page.look(WIDTH)
    await page.goto(address)
    said = await page.js(
        "[...document.querySelectorAll('td')]"
        ".filter((one) => getComputedStyle(one).display !== 'none')"
        ".map((one) => [one.dataset.head, getComputedStyle(one, '::before').content])"
    )
    assert len(said) > 20
    assert all(content == f'"{head}\u00a0: "' for head, content in said)
