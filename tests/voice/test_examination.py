"""Recordings that will do, and those that will not, decoded by sox."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from router.asterisk.toolbox import Toolbox
from router.core.ids import PromptId
from router.voice import Prompt, loudness
from router.voice.examination import examined, faults
from router.voice.synthesis import run
from tests.voice.studio import Studio, tone, write_wav

RATE = 48_000
PROMPT = Prompt(PromptId("goodbye"), "Merci, et au revoir.", "Merci, et au revoir.", "last")


def take(level: float = 0.3, seconds: float = 1.5, ends_s: float = 0.5) -> loudness.Samples:
    """Return a tone between two silences, as a good recording has them."""
    return np.pad(tone(seconds, RATE, level), int(ends_s * RATE))


def clipped() -> loudness.Samples:
    return np.clip(take(0.9), -0.5, 0.5)


def with_a_gap() -> loudness.Samples:
    return np.concatenate([take(seconds=0.7), take(seconds=0.7, ends_s=0.6)])


def beyond_all_gaps() -> loudness.Samples:
    return np.concatenate([take(seconds=0.7, ends_s=0.9), take(seconds=0.7, ends_s=0.9)])


def noisy() -> loudness.Samples:
    noise = np.random.default_rng(1).normal(0, 0.05, len(take()))
    return (take() + noise).astype(np.float32)


@pytest.mark.parametrize(
    ("make", "rate", "said"),
    [
        (take, RATE, []),
        (with_a_gap, RATE, []),
        (take, 8_000, ["8000 Hz: wideband phones need 16000 at least", "lasts"]),
        (clipped, RATE, ["clipped in 1"]),
        (lambda: take(0.003), RATE, ["very soft, -55 LUFS"]),
        (lambda: take(0.0), RATE, ["is silent"]),
        (lambda: take(ends_s=0.0), RATE, ["begins without silence", "ends without silence"]),
        (noisy, RATE, ["begins without silence", "ends without silence"]),
        (beyond_all_gaps, RATE, ["a silence of 1.8 s inside"]),
        (lambda: take(seconds=6), RATE, ["lasts 6.0 s, where about 1.4 s would be usual"]),
        (lambda: take(seconds=0.3), RATE, ["lasts 0.3 s, where about 1.4 s"]),
    ],
)
def test_each_fault_is_said(
    make: Callable[[], loudness.Samples],
    rate: int,
    said: list[str],
    tmp_path: Path,
    toolbox: Toolbox,
) -> None:
    wav = tmp_path / "goodbye.wav"
    write_wav(wav, make(), rate)
    found = list(faults(wav, PROMPT, toolbox))
    assert [one[: len(start)] for one, start in zip(found, said, strict=True)] == said


def test_both_channels_are_examined_and_any_depth(tmp_path: Path, toolbox: Toolbox) -> None:
    left, right, both = (tmp_path / name for name in ("left.wav", "right.wav", "goodbye.flac"))
    write_wav(left, take(), RATE)
    write_wav(right, clipped(), RATE)
    run(toolbox, "sox", "-M", str(left), str(right), "-b", "24", str(both))
    assert [one[:10] for one in faults(both, PROMPT, toolbox)] == ["clipped in"]


def test_the_whole_folder_is_examined(studio: Studio, toolbox: Toolbox) -> None:
    write_wav(studio.recordings / "goodbye.WAV", take(seconds=0.8), RATE)
    write_wav(studio.recordings / "godbye.wav", take(), RATE)
    (studio.recordings / "goodbye.flac").touch()
    (studio.recordings / "minutes-1.mp3").touch()
    (studio.recordings / "minutes-2.wav").write_text("no sound")
    (studio.recordings / "README.md").touch()
    *told, unreadable = map(str, examined(studio.recordings, studio.catalogue, toolbox))
    assert told == [
        "recordings/goodbye.flac: is not used, as another recording has the same name: remove one",
        "recordings/minutes-1.mp3: is neither WAV nor FLAC, so nobody hears it: convert it",
        "recordings/godbye: no prompt has this id; did you mean goodbye?",
    ]
    assert unreadable.startswith(
        "recordings/minutes-2.wav: cannot be read as sound: sox failed (2): "
    )
