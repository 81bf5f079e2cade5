"""Whether a recording will do: its format, level, clipping, silence and length."""

import math
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from router.errors import Problem, VoiceError
from router.voice import bs1770, loudness
from router.voice.catalogue import Catalogue, Prompt
from router.voice.recordings import RECORDING_SUFFIXES, recorded, strangers
from router.voice.synthesis import Tools, run

#: Sound that nobody would take for anything else, in formats that are not taken.
_OTHER_SUFFIXES = (".aac", ".aif", ".aiff", ".m4a", ".mp3", ".mp4", ".ogg", ".opus", ".wma")
#: So many equal samples at the highest level are no wave,
_FLAT_SAMPLES = 4
#: unless they are softer than this.
_FLAT_DBFS = -12.0
#: What is softer has to be raised so much that the room is heard.
_SOFTEST_LUFS = -40.0
#: The ends are silent if they are softer than the loudest moment by this much.
_SILENT_DB = 30.0
_END_S = 0.03
#: A silence inside that is longer than this is a gap.
_GAP_S = 1.5
#: How fast people read, in characters a second.
_CHARACTERS_PER_S = 14.0
#: Words of one syllable say little about that.
_SHORTEST_S = 1.0


def examined(folder: Path, catalogue: Catalogue, tools: Tools) -> Iterator[Problem]:
    """Yield what is wrong with the recordings in `folder`, each fault with its file."""
    takes = recorded(folder)
    used = set(takes.values())
    for file in sorted(folder.glob("*")):
        place = f"{folder.name}/{file.name}"
        if file.suffix.lower() in _OTHER_SUFFIXES:
            yield Problem(place, "is neither WAV nor FLAC, so nobody hears it: convert it")
        elif file.suffix.lower() in RECORDING_SUFFIXES and file not in used:
            yield Problem(place, "is not used, as another recording has the same name: remove one")
    yield from strangers(folder, catalogue)
    for id_, prompt in catalogue.prompts.items():
        if id_ in takes:
            for reason in faults(takes[id_], prompt, tools):
                yield Problem(f"{folder.name}/{takes[id_].name}", reason)


def faults(recording: Path, prompt: Prompt, tools: Tools) -> Iterator[str]:
    """Yield why this recording of `prompt` should be made again; nothing if it will do."""
    try:
        channels, rate = _decoded(recording, tools)
    except VoiceError as error:
        yield f"cannot be read as sound: {error.reason}"
        return
    if rate < loudness.WIDE_HZ:
        yield f"{rate} Hz: wideband phones need {loudness.WIDE_HZ} at least"
    mixed = channels.mean(axis=1)
    begins, ends = loudness.audible(mixed, rate)
    if begins == ends:
        yield "is silent"
        return
    if clipped := sum(map(_flat_tops, channels.T)):
        yield f"clipped in {clipped} places: leave 6 dB of room or more"
    if (lufs := bs1770.integrated(mixed, rate)) < _SOFTEST_LUFS:
        yield f"very soft, {lufs:.0f} LUFS: what is raised so much brings its noise along"
    end = int(rate * _END_S)
    for what, part in (("begins", mixed[:end]), ("ends", mixed[-end:])):
        if not _is_silent(part, mixed, rate):
            yield f"{what} without silence: a word is cut off, or the room is noisy"
    if (gap_s := _longest_silence_s(mixed[begins:ends], rate)) > _GAP_S:
        yield f"a silence of {gap_s:.1f} s inside"
    lasts_s, usual_s = (ends - begins) / rate, len(prompt.spoken) / _CHARACTERS_PER_S
    if max(lasts_s, usual_s) > _SHORTEST_S and not usual_s / 2.5 < lasts_s < usual_s * 2.5:
        yield f"lasts {lasts_s:.1f} s, where about {usual_s:.1f} s would be usual: the right text?"


def _decoded(recording: Path, tools: Tools) -> tuple[NDArray[np.float32], int]:
    """Return the samples, a column for each channel, and their rate, both as recorded."""
    # An AU file tells what it holds in its first bytes, and may be of any length.
    au = run(tools, "sox", str(recording), "-t", "au", "-e", "floating-point", "-b", "32", "-")
    begins, _, _, rate, channels = struct.unpack(">5I", au[4:24])
    samples = np.frombuffer(au[begins:], ">f4").astype(np.float32)
    return samples[: len(samples) // channels * channels].reshape(-1, channels), rate


def _flat_tops(samples: NDArray[np.float32]) -> int:
    """Return in how many places the wave stays at its highest level, as cut off by a limit."""
    highest = np.max(np.abs(samples), initial=0.0)
    if highest < 10 ** (_FLAT_DBFS / 20):
        return 0
    at_top = np.abs(samples) >= highest * 0.99997
    changes = np.flatnonzero(np.diff(np.concatenate(([False], at_top, [False])).astype(np.int8)))
    return int(np.sum(changes[1::2] - changes[::2] >= _FLAT_SAMPLES))


def _is_silent(part: NDArray[np.float32], whole: NDArray[np.float32], rate: int) -> bool:
    loudest_db = loudness.frame_levels(whole, rate // 100).max()
    power = float(np.mean(part.astype(float) ** 2)) if len(part) else 0.0
    return power == 0 or 10 * math.log10(power) < loudest_db - _SILENT_DB


def _longest_silence_s(samples: NDArray[np.float32], rate: int) -> float:
    levels = loudness.frame_levels(samples, rate // 100)
    loud = np.flatnonzero(levels > levels.max(initial=-np.inf) - _SILENT_DB)
    return float(np.max(np.diff(loud), initial=0)) / 100
