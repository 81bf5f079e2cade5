"""The director's page, parsed: everything on the board is there, and accessible."""

import re
from dataclasses import fields, replace
from datetime import date

import pytest

from router.report.director import Board, Row, board, board_of
from router.report.director_page import as_page
from tests.report.test_director import DAY, PLAN, PUBLICATION, PUBLISHED, calls, report_of, year_of
from tests.report.test_page import Page
from tests.simulation.test_text import BAD_FRENCH

SIMULATED = board(PLAN, PUBLICATION, replace(year_of(DAY, 2025), simulated="Chiffres simulés."))
MEASURED = board_of(PLAN, PUBLICATION, DAY, report_of(calls(20, 5, 5), day=date(2025, 11, 24)))


@pytest.fixture(params=[MEASURED, SIMULATED], ids=["measured", "simulated"])
def told(request: pytest.FixtureRequest) -> Board:
    assert isinstance(request.param, Board)
    return request.param


@pytest.fixture
def page(told: Board) -> Page:
    return Page(as_page(told))


def test_it_needs_nothing_from_outside_and_is_in_french(told: Board, page: Page) -> None:
    assert not re.search(r"https?:|//[a-z]|@import|url\(", as_page(told))
    assert {tag for tag, _ in page.elements}.isdisjoint({"script", "link", "img", "iframe"})
    assert page.all("html") == [{"lang": "fr"}]
    assert len(page.all("h1")) == 1


def test_everything_of_the_board_is_on_it(told: Board, page: Page) -> None:
    words = {words for _, words in page.texts}
    for _, rows in told.groups:
        for row in rows:
            assert {getattr(row, one.name) for one in fields(Row)} - {""} <= words
    assert {told.days, told.about, *told.notes} <= words
    assert {name for name, _ in told.groups} <= words


def test_a_column_is_there_if_something_is_known_in_it(told: Board, page: Page) -> None:
    heads = [words for tag, words in page.texts if re.match("th(?=$|[.])", tag)]
    columns = [one for one in (told.published, told.before) if one]
    assert heads[: 4 + len(columns)] == ["Chiffre", told.now, *columns, "Cible", "Remarque"]


def test_it_stays_a_table_where_it_is_not_laid_out_as_one(page: Page) -> None:
    """A block on a phone is still a cell by its role, and names its column."""
    roles = {
        "table": {"table"},
        "thead": {"rowgroup"},
        "tbody": {"rowgroup"},
        "tr": {"row"},
        "td": {"cell"},
        "th": {"columnheader", "rowheader"},
    }
    for tag, expected in roles.items():
        assert {one["role"] for one in page.all(tag)} <= expected
    assert all(one["data-head"] for one in page.all("td"))
    assert all(one["scope"] in ("row", "col", "rowgroup") for one in page.all("th"))
    assert len(page.all("caption")) == 1


def test_every_line_has_every_column(page: Page) -> None:
    columns = sum(one["scope"] == "col" for one in page.all("th"))
    lines = sum(one["scope"] == "row" for one in page.all("th"))
    assert len(page.all("td")) == lines * (columns - 1)
    assert {one["colspan"] for one in page.all("th") if "colspan" in one} == {str(columns)}


def test_an_empty_cell_says_that_it_is(page: Page) -> None:
    for one in page.all("td"):
        empty = "none" in one.get("class", "").split()
        assert ("aria-label" in one) is empty
        assert not empty or one["aria-label"] == f"{one['data-head']}\u00a0: rien"


def test_it_is_careful_french(page: Page) -> None:
    for tag, words in page.texts:
        said = words.replace(PLAN.name, "")
        assert tag == "style" or not BAD_FRENCH.search(said), said


def test_what_comes_from_the_plan_is_escaped() -> None:
    publication = replace(PUBLICATION, published=(replace(PUBLISHED, source="<b>Bilan</b>"),))
    text = as_page(board_of(replace(PLAN, name="L’essai <b>&"), publication, DAY))
    assert "<b>" not in text
    assert ("h1", "L’essai <b>&\u00a0: tableau de bord") in Page(text).texts
