"""The design's colours: pairs that meet are told apart by everybody (WCAG 2.2, AA)."""

import re

import pytest

from router.web.page_files import FOLDER

SHEET = (FOLDER / "shared" / "design.css").read_text()
TONES = ("ready", "busy", "pause", "wrap-up", "away", "alarm")
#: Text on its ground.
TEXTS = [
    *((text, ground) for text in ("ink", "soft", "accent") for ground in ("paper", "sheet")),
    ("on-accent", "accent"),
    *((tone, ground) for tone in TONES for ground in ("paper", "sheet", f"{tone}-soft")),
    *(("ink", f"{tone}-soft") for tone in TONES),
]
#: Borders, shapes and rings on their ground.
SHAPES = [(shape, ground) for shape in ("line", "focus") for ground in ("paper", "sheet")]


def schemes() -> dict[str, dict[str, str]]:
    """The colours by name, for each scheme."""
    light, _, dark = SHEET.partition("@media (prefers-color-scheme: dark)")
    named = r"--([a-z-]+): (#[0-9a-f]{6});"
    bright = dict(re.findall(named, light))
    return {"light": bright, "dark": bright | dict(re.findall(named, dark))}


def luminance(colour: str) -> float:
    """Relative luminance, https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_worked_out_as_it_is_defined() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(scheme: str) -> None:
    colours = schemes()[scheme]
    poor = {
        (text, ground): round(contrast(colours[text], colours[ground]), 2)
        for text, ground in TEXTS
        if contrast(colours[text], colours[ground]) < 4.5
    }
    assert poor == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_shapes_can_be_seen(scheme: str) -> None:
    colours = schemes()[scheme]
    poor = {
        (shape, ground): round(contrast(colours[shape], colours[ground]), 2)
        for shape, ground in SHAPES
        if contrast(colours[shape], colours[ground]) < 3
    }
    assert poor == {}


def test_both_schemes_have_every_colour() -> None:
    dark = SHEET.partition("@media (prefers-color-scheme: dark)")[2]
    names = set(re.findall(r"--([a-z-]+): #", SHEET))
    assert names == set(re.findall(r"--([a-z-]+): #", dark))
    assert {one for pair in (*TEXTS, *SHAPES) for one in pair} <= names


def test_no_other_sheet_has_a_colour_of_its_own() -> None:
    for path in FOLDER.rglob("*.css"):
        if path.name != "design.css":
            assert re.findall(r"#[0-9a-fA-F]{3,8}\b|rgba?\(|hsla?\(", path.read_text()) == [], path
