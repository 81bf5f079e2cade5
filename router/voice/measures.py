"""What prompts measure, read from their finished files: length, loudness, peak, silence."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from router.core.ids import PromptId
from router.errors import VoiceError
from router.voice import bs1770, loudness

#: A prompt is as loud as the others within this.
EVEN_LU = 0.5


@dataclass(frozen=True, slots=True)
class Measures:
    """One prompt's."""

    prompt: PromptId
    seconds: float
    #: On a wide line, and on a narrow one.
    lufs: float
    narrow_lufs: float
    #: The higher one of both.
    peak_dbfs: float
    #: The silence at both ends, in seconds.
    before_s: float
    after_s: float

    @property
    def faults(self) -> list[str]:
        """What is not as it should be."""
        told = []
        for line, lufs in (("wide", self.lufs), ("narrow", self.narrow_lufs)):
            if abs(lufs - loudness.TARGET_LUFS) > EVEN_LU:
                told.append(f"{lufs:.1f} LUFS on a {line} line")
        if self.peak_dbfs > loudness.PEAK_DBFS + EVEN_LU:
            told.append(f"peaks at {self.peak_dbfs:.1f} dBFS")
        return told


def measured(out: Path, prompts: Iterable[PromptId]) -> Iterator[Measures]:
    """Yield the measures of each of `prompts`, from its files in `out`.

    Raises:
        VoiceError: If a file cannot be read.
    """
    for prompt in prompts:
        try:
            wide = loudness.from_linear((out / f"{prompt}.sln16").read_bytes())
            slim = loudness.from_alaw((out / f"{prompt}.alaw").read_bytes())
        except OSError as error:
            raise VoiceError(prompt, f"{error.filename}: {error.strerror}") from error
        begins, ends = loudness.audible(wide, loudness.WIDE_HZ)
        yield Measures(
            prompt,
            len(wide) / loudness.WIDE_HZ,
            bs1770.integrated(wide, loudness.WIDE_HZ),
            bs1770.integrated(slim, loudness.NARROW_HZ),
            max(loudness.peak(wide), loudness.peak(slim)),
            begins / loudness.WIDE_HZ,
            (len(wide) - ends) / loudness.WIDE_HZ,
        )


def as_table(rows: Iterable[Measures]) -> Iterator[str]:
    """Yield the lines of a table, then one with what all have in common."""
    yield f"{'prompt':34}{'s':>7}{'LUFS':>8}{'narrow':>8}{'peak':>7}{'before':>8}{'after':>7}"
    seen = []
    for row in rows:
        seen.append(row)
        figures = (
            f"{row.seconds:7.2f}{row.lufs:8.2f}{row.narrow_lufs:8.2f}{row.peak_dbfs:7.1f}"
            f"{row.before_s:8.2f}{row.after_s:7.2f}"
        )
        yield f"{row.prompt:34}{figures}" + "".join(f"  ! {fault}" for fault in row.faults)
    if not seen:
        return
    lufs = [value for row in seen for value in (row.lufs, row.narrow_lufs)]
    total_s = math.fsum(row.seconds for row in seen)
    faulty = sum(bool(row.faults) for row in seen)
    yield (
        f"{len(seen)} prompts, {total_s:.0f} s: from {min(lufs):.2f} to {max(lufs):.2f} LUFS "
        f"(spread {float(np.std(lufs)):.2f}), peaks below "
        f"{max(row.peak_dbfs for row in seen):.1f} dBFS, {faulty} not as they should be"
    )
