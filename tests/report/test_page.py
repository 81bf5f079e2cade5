"""The page, parsed: it is self-contained, and accessible."""

import re
from collections import Counter
from datetime import date
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given

from router.core.facts import CallFact, SubjectFact, VoteFact
from router.core.ids import FicheId, PromptId, QuestionId
from router.core.plan import Fiche, Question
from router.report import Report, as_page, publish
from router.report.figures import DEFINITIONS
from tests.report.days import call_facts, realistic, repeated
from tests.service_plan import FICHE, HOUSING, small_plan

FIRST, LAST = date(2025, 9, 1), date(2025, 11, 30)
QUESTION = Question(QuestionId("satisfaction"), PromptId("vote"), {"1": 1, "2": 2}, frozenset({2}))
WICKED = FicheId("F666")
PLAN = small_plan(
    name="L’essai <b>&",
    questions=(QUESTION,),
    fiches={
        FICHE: Fiche(FICHE, "Bail", HOUSING),
        WICKED: Fiche(WICKED, '<script>alert(1)</script> & "quoted"', HOUSING),
    },
)
#: HTML elements that have no end.
VOID = frozenset({"meta", "br"})


class Page(HTMLParser):
    """A page as tests read it: its elements and its texts ("td.n", "42"), in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == [], "left open"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        words = {name: value or "" for name, value in attrs}
        assert len(words) == len(attrs), f"an attribute of {tag} comes twice"
        self.elements.append((tag, words))
        if tag not in VOID:
            self._open.append(f"{tag}.{words['class']}" if "class" in words else tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().partition(".")[0] == tag, f"{tag} closed out of order"

    def handle_data(self, data: str) -> None:
        if data.strip() and self._open:
            self.texts.append((self._open[-1], data.strip()))

    def all(self, tag: str) -> list[dict[str, str]]:
        return [words for name, words in self.elements if name == tag]


def report_of(facts: list[object]) -> Report:
    return publish(
        PLAN,
        FIRST,
        LAST,
        [one for one in facts if isinstance(one, CallFact)],
        Counter(one for one in facts if isinstance(one, SubjectFact)),
        Counter(one for one in facts if isinstance(one, VoteFact)),
        [],
        {QUESTION.prompt: "Êtes-vous satisfait ? Si oui, tapez 2."},
    )


@pytest.fixture(scope="module")
def text() -> str:
    return as_page(report_of(list(realistic(PLAN, FIRST, LAST, seed=7, calls_per_hour=20))))


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def test_it_needs_nothing_from_outside(text: str, page: Page) -> None:
    assert not re.search(r"https?:|//[a-z]|@import|url\(", text)
    tags = {tag for tag, _ in page.elements}
    assert tags.isdisjoint({"script", "link", "img", "iframe", "object", "video", "audio"})
    for _, attributes in page.elements:
        assert attributes.keys().isdisjoint({"src", "href", "onclick", "onload"})


def test_it_is_in_french_and_fits_a_telephone(page: Page) -> None:
    assert page.all("html") == [{"lang": "fr"}]
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in page.all(
        "meta"
    )
    assert page.all("main") == [{}]


def test_headings_descend_one_by_one(page: Page) -> None:
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))


def test_ids_are_unique_and_those_referred_to_exist(page: Page) -> None:
    ids = [words["id"] for _, words in page.elements if "id" in words]
    assert len(set(ids)) == len(ids)
    for _, words in page.elements:
        assert set(words.get("aria-labelledby", "").split()) <= set(ids)


def test_every_chart_has_title_and_description_and_a_table_after_it(page: Page) -> None:
    charts = page.all("svg")
    assert len(charts) >= 6
    for chart in charts:
        assert chart["role"] == "img"
        assert chart["aria-labelledby"].split()[0].endswith("-title")
        assert chart["aria-labelledby"].split()[1].endswith("-desc")
    order = [tag for tag, _ in page.elements if tag in ("svg", "table", "h2", "h3")]
    for here, tag in enumerate(order):
        assert tag != "svg" or order[here + 1] == "table"


def test_every_table_says_what_its_cells_are(page: Page) -> None:
    tables = page.all("table")
    assert len(page.all("caption")) == len(tables)
    for head in page.all("th"):
        assert head["scope"] in ("row", "col")
    regions = [div for div in page.all("div") if div.get("role") == "region"]
    assert len(regions) == len(tables)
    assert all(one["tabindex"] == "0" and one["aria-label"] for one in regions)


def test_every_figure_has_its_definition_there(text: str, page: Page) -> None:
    ids = {words for _, words in page.texts}
    assert DEFINITIONS.keys() <= ids
    assert all(one.name in text for one in DEFINITIONS.values())


def test_what_comes_from_the_plan_is_escaped(text: str, page: Page) -> None:
    assert ("h1", "L’essai <b>&") in page.texts
    assert "<script>" not in text
    assert any("<script>alert(1)</script>" in words for _, words in page.texts)


@given(calls=repeated(call_facts()))
def test_any_page_is_well_formed_and_keeps_small_numbers_to_itself(calls: list[CallFact]) -> None:
    """Not in cells, on bars or in tooltips; the totals of the service are published."""
    page = Page(as_page(report_of(list(calls))))
    headings = [n for n, (tag, _) in enumerate(page.texts) if tag == "h2"]
    breakdowns = page.texts[headings[2] : headings[-1]]  # after Les appels, before Définitions
    numbers = {words for tag, words in breakdowns if tag in ("td.n", "text.value")}
    numbers |= {
        words.rpartition("\u00a0: ")[2].partition(" ")[0]
        for tag, words in breakdowns
        if tag == "title"
    }
    assert {"1", "2", "3", "4"}.isdisjoint(numbers)


def test_an_empty_period_says_so() -> None:
    text = as_page(report_of([]))
    page = Page(text)
    assert ("p.note", "Aucun appel n’a été compté sur cette période.") in page.texts
    assert "NaN" not in text


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_is_enough(text: str, scheme: str) -> None:
    """WCAG 2.2, 1.4.3 (4.5 for text) and 1.4.11 (3 for what is drawn)."""
    blocks = re.findall(r":root \{([^}]*)\}", text)
    light = dict(re.findall(r"--(\w+): (#[0-9a-f]{3,6})", blocks[0]))
    dark = dict(re.findall(r"--(\w+): (#[0-9a-f]{3,6})", blocks[1]))
    colours = {**light, **(dark if scheme == "dark" else {})}
    for ground in ("paper", "card"):
        assert contrast(colours["ink"], colours[ground]) >= 4.5
        assert contrast(colours["soft"], colours[ground]) >= 4.5
        assert contrast(colours["c1"], colours[ground]) >= 3
    assert contrast(colours["c2"], colours["paper"]) >= 3
    darkest = mixed(colours["c1"], colours["paper"], 0.38)  # the fullest cell of the crossed table
    assert contrast(colours["ink"], darkest) >= 4.5


def mixed(colour: str, ground: str, part: float) -> str:
    pairs = zip(channels(colour), channels(ground), strict=True)
    return "#" + "".join(f"{round(255 * (a * part + b * (1 - part))):02x}" for a, b in pairs)


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def channels(colour: str) -> list[float]:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    return [int(digits[n : n + 2], 16) / 255 for n in (0, 2, 4)]


def luminance(colour: str) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
