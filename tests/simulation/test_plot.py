"""The charts of a run as one picture: a self-contained SVG, or what a program makes of it."""

import struct
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from router.errors import SetupError
from router.simulation.charts import broken_promises, callback_waits, live_waits, staff
from router.simulation.plot import WIDTH, as_png, as_svg, converter
from router.simulation.text import title_of
from tests import page_tools
from tests.simulation.test_figures import quiet
from tests.simulation.week import figures

SVG = "{http://www.w3.org/2000/svg}"


def texts(picture: str) -> list[str]:
    return [one.text or "" for one in ElementTree.fromstring(picture).iter(f"{SVG}text")]


def test_it_stands_alone_and_says_what_it_is() -> None:
    picture = as_svg(replace(figures(), service="L’essai <b>&"))
    root = ElementTree.fromstring(picture)
    assert root.get("width") == str(WIDTH)
    assert root.get("role") == "img"
    assert root.findtext(f"{SVG}title") == root.get("aria-label")
    assert "L’essai <b>&" in (root.get("aria-label") or "")
    assert picture.count("http") == 1  # the name of SVG itself
    assert "href" not in picture
    assert "url(" not in picture


def test_it_has_the_charts_of_the_page_each_with_title_and_legend() -> None:
    picture = as_svg(figures())
    shown = iter(texts(picture))
    assert next(shown) == title_of(figures())
    charts = [
        *(live_waits(figures()), callback_waits(figures()), broken_promises(figures())),
        *(chart for _, chart in staff(figures())),
    ]
    assert len(charts) == 3 + figures().days_open
    for chart in charts:
        words = (chart.title, *(one.name for one in chart.series), chart.labels[0])
        assert all(one in shown for one in words)  # in this order
        assert chart.svg in picture


def test_nothing_is_drawn_outside() -> None:
    root = ElementTree.fromstring(as_svg(figures()))
    height = float(root.get("height") or 0)
    for one in root.iter():
        for axis, most in (("x", WIDTH), ("y", height)):
            place = one.get(axis, "0")
            if not place.endswith("%"):
                assert -60 <= float(place) <= most


def test_a_run_without_a_call_can_be_drawn() -> None:
    assert "None" not in as_svg(quiet(1))


def test_without_a_program_for_png_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SetupError, match=r"ends in \.svg"):
        converter()
    with pytest.raises(SetupError):
        as_png(figures())


def test_a_program_that_fails_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "rsvg-convert"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError, match="rsvg-convert made no PNG"):
        as_png(figures())


def test_what_the_program_draws_is_what_comes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With rsvg-convert's arguments; the stand-in copies the SVG to where the PNG is expected."""
    stand_in = tmp_path / "rsvg-convert"
    stand_in.write_text('#!/bin/sh\n/bin/cp "$2" "${1#--output=}"\n')
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert as_png(figures()).decode() == as_svg(figures())


@pytest.mark.browser
def test_chromium_makes_a_png_of_its_size(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "chromium").symlink_to(page_tools.chromium())
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    picture = as_png(figures())
    height = ElementTree.fromstring(as_svg(figures())).get("height")
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", picture[16:24]) == (WIDTH, int(height or 0))
