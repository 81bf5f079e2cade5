"""The page of a run, parsed: it is self-contained, accessible and correct."""

import re
from dataclasses import replace

import pytest

from router.report.figures import Figure
from router.report.tables import Line, Table
from router.report.words import decimal, shown
from router.simulation.charts import callback_waits, live_waits, staff
from router.simulation.definitions import DEFINITIONS
from router.simulation.heats import ACCEPTED, KEPT, LOAD, Heat
from router.simulation.page import CARDS, as_page
from router.simulation.text import GIVEN
from tests.report.test_page import Page, contrast
from tests.simulation.test_figures import quiet
from tests.simulation.test_text import BAD_FRENCH
from tests.simulation.week import figures


@pytest.fixture(scope="module")
def text() -> str:
    return as_page(replace(figures(), service="L’essai <b>&"))


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def test_it_needs_nothing_from_outside(text: str, page: Page) -> None:
    assert not re.search(r"https?:|//[a-z]|@import|url\(", text)
    tags = {tag for tag, _ in page.elements}
    assert tags.isdisjoint({"script", "link", "img", "iframe", "object"})
    assert "<b>" not in text
    assert page.all("html") == [{"lang": "fr"}]


def test_it_is_careful_french(page: Page) -> None:
    english = {definition.formula for definition in DEFINITIONS.values()}
    for tag, words in page.texts:
        if tag not in ("style", "title") and words not in english:
            assert not BAD_FRENCH.search(words), words


def test_ids_are_unique_and_those_referred_to_exist(page: Page) -> None:
    ids = [words["id"] for _, words in page.elements if "id" in words]
    assert len(set(ids)) == len(ids)
    for _, words in page.elements:
        assert set(words.get("aria-labelledby", "").split()) <= set(ids)


def test_everything_can_be_heard_and_reached(page: Page) -> None:
    """Every chart has a name and a description, and a table of its values further down."""
    for chart in page.all("svg"):
        assert chart["role"] == "img"
        assert len(chart["aria-labelledby"].split()) == 2
    assert len(page.all("svg")) == 3 + figures().days_open + len(figures().votes)
    order = [tag for tag, _ in page.elements if tag in ("svg", "table", "h2")]
    for here, tag in enumerate(order):
        if tag == "svg":
            assert next(one for one in order[here:] if one != "svg") == "table"
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(head["scope"] in ("row", "col", "rowgroup") for head in page.all("th"))
    regions = [div for div in page.all("div") if div.get("role") == "region"]
    assert len(regions) == len(page.all("table"))
    assert all(one["tabindex"] == "0" and one["aria-label"] for one in regions)


def test_key_figures_and_every_other_are_told(page: Page) -> None:
    cards = [words for tag, words in page.texts if tag == "dd.big"]
    of_votes = [
        shown(one, DEFINITIONS)
        for vote in figures().votes
        for one in (vote.share, vote.mean, vote.response)
        if one is not None
    ]
    assert cards == [shown(figures()[id_], DEFINITIONS) for id_, _, _ in CARDS] + of_votes
    told = {words for tag, words in page.texts}
    for section in figures().sections.values():
        assert {one.id for one in section} <= told
        assert {shown(one, DEFINITIONS) for one in section} <= told
    assert GIVEN in told


def test_the_week_is_shaded_by_what_matters() -> None:
    table = Table(
        "week-load",
        "",
        ("8 h", "9 h", "10 h"),
        (Line("1", "lundi", (Figure("x", 0.5), Figure("x", 1.0), Figure("x", None))),),
        None,
    )
    half, whole, closed = table.lines[0].figures
    assert [LOAD.shade(table)(one) for one in (half, whole, closed)] == [0.5, 1.0, 0.0]
    assert [KEPT.shade(table)(one) for one in (half, whole, closed)] == [1.0, 0.0, 0.0]
    assert KEPT.said(whole) == "100"
    assert KEPT.said(half) == "50,0"
    assert LOAD.said(closed) == ""


@pytest.mark.parametrize("heat", [LOAD, KEPT, ACCEPTED])
def test_cells_of_the_page_are_those_of_the_table(heat: Heat, page: Page) -> None:
    table = figures().tables[heat.table]
    told = [heat.said(one) for line in table.lines for one in line.figures]
    cells = [words for tag, words in page.texts if tag == "td.n"]
    filled = [one for one in told if one]
    starts = [n for n in range(len(cells)) if cells[n : n + len(filled)] == filled]
    assert len(starts) == 1
    assert len(filled) < len(told)


def test_bars_are_the_tables_values(page: Page) -> None:
    table = figures().tables["half-hours"]
    most, half = live_waits(figures()).series
    at_nine = next(n for n, line in enumerate(table.lines) if line.key == "09:00")
    values = {one.id: one.value for one in table.lines[at_nine].figures}
    assert (most.values[at_nine], half.values[at_nine]) == (
        values["live-wait-p95/1"],
        values["live-wait-median/1"],
    )
    most, half = callback_waits(figures()).series
    assert most.values[at_nine] == (values["callback-wait-p95/1"] or 0) / 60
    friday = dict(staff(figures()))["vendredi"]
    names, (there, at_work) = friday.labels, friday.series
    assert (names[0], names[-1], len(names)) == ("13\u00a0h", "16\u00a0h\u00a030", 8)
    pairs = zip(there.values, at_work.values, strict=True)
    assert all((one or 0) > (other or 0) > 0 for one, other in pairs)
    hovered = {words for tag, words in page.texts if tag == "title"}
    for series in (there, at_work):
        told = f"13\u00a0h\u00a0: {decimal(series.values[0] or 0)} {series.name}"
        assert told in hovered


def test_a_run_without_a_call_has_a_page() -> None:
    text = as_page(quiet(1))
    Page(text)
    assert "Toutes les promesses ont été tenues." in text
    assert "NaN" not in text
    assert "None" not in text


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_drawn_can_be_told_apart(text: str, scheme: str) -> None:
    """WCAG 2.2, 1.4.11; bars in front of others have an outline in the colour of the paper."""
    blocks = re.findall(r":root \{([^}]*)\}", text)
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{3,6})", blocks[0]))
    if scheme == "dark":
        colours |= dict(re.findall(r"--(\w+): (#[0-9a-f]{3,6})", blocks[1]))
    assert all(contrast(colours[one], colours["paper"]) >= 3 for one in ("c1", "c2", "c3"))
