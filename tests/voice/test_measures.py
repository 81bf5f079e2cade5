"""What finished prompts measure, and what is told of those that are not even."""

from dataclasses import replace
from pathlib import Path

import pytest

from router.core.ids import PromptId
from router.errors import VoiceError
from router.voice import loudness
from router.voice.measures import as_table, measured
from tests.voice.studio import Studio, tone


def test_rendered_prompts_are_as_they_should_be(studio: Studio) -> None:
    studio.render()
    rows = list(measured(studio.out, studio.catalogue.prompts))
    assert [row.prompt for row in rows] == list(studio.catalogue.prompts)
    for row in rows:
        assert row.faults == []
        assert row.lufs == pytest.approx(-23, abs=0.1)
        assert row.narrow_lufs == pytest.approx(-23, abs=0.1)
        head_s, tail_s = (0.08, 0.15) if row.prompt in ("welcome", "goodbye") else (0.02, 0.05)
        assert (row.before_s, row.after_s) == pytest.approx((head_s, tail_s), abs=0.011)
    *_, last = as_table(rows)
    assert last.startswith("5 prompts, ")
    assert last.endswith(" 0 not as they should be")


def test_an_uneven_prompt_is_pointed_at(tmp_path: Path) -> None:
    loud = tone(1, 16_000, 0.9)
    (tmp_path / "goodbye.sln16").write_bytes(loudness.linear(loud))
    (tmp_path / "goodbye.alaw").write_bytes(loudness.alaw(loud[::2]))
    (row,) = measured(tmp_path, [PromptId("goodbye")])
    assert row.seconds == 1
    assert [fault.split()[-3:] for fault in row.faults[:2]] == [
        ["a", "wide", "line"],
        ["a", "narrow", "line"],
    ]
    assert row.faults[2] == "peaks at -0.9 dBFS"
    heads, line, last = as_table([row])
    assert heads.split() == ["prompt", "s", "LUFS", "narrow", "peak", "before", "after"]
    assert "  ! peaks at -0.9 dBFS" in line
    assert last.endswith(" 1 not as they should be")
    assert replace(row, peak_dbfs=-3.5, lufs=-23.2, narrow_lufs=-22.8).faults == []


def test_a_table_of_nothing_has_its_heads_alone() -> None:
    assert len(list(as_table([]))) == 1


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(VoiceError, match=r"goodbye\.sln16: No such file"):
        list(measured(tmp_path, [PromptId("goodbye")]))
