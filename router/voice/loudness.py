"""Sound as arrays: trimmed, band-limited, evenly loud, encoded for Asterisk.

Samples are float32 from -1 to 1, mono. Loudness is in LUFS (`bs1770`), peaks are in dBFS.
"""

import math
from dataclasses import dataclass

import numpy as np
from G722 import G722
from numpy.typing import NDArray

from router.voice import bs1770

Samples = NDArray[np.float32]

WIDE_HZ = 16_000
NARROW_HZ = 8_000
#: How loud a prompt is: enough to be understood in a street, with room for peaks.
TARGET_LUFS = -23.0
#: No peak is higher.
PEAK_DBFS = -3.5
#: How finely silence is told from sound.
_FRAME_S = 0.01
#: At both ends, frames that are softer than the loudest one by more than this are silence.
_SILENCE_DB = 42.0


@dataclass(frozen=True, slots=True)
class Sound:
    """A finished prompt: its file by suffix, and its length."""

    files: dict[str, bytes]
    seconds: float


def finished(raw: bytes, head_s: float, tail_s: float) -> Sound | None:
    """Return what float32 samples at 16 kHz become: trimmed, evenly loud; None if silent."""
    samples = trim(np.frombuffer(raw, dtype=np.float32), WIDE_HZ, head_s, tail_s)
    if bs1770.integrated(samples, WIDE_HZ) == -math.inf:
        return None
    wide = even(samples, WIDE_HZ)
    slim = even(narrow(wide), NARROW_HZ)
    return Sound(
        {"alaw": alaw(slim), "sln16": linear(wide), "g722": g722(wide)},
        len(wide) / WIDE_HZ,
    )


def trim(samples: Samples, rate: int, head_s: float, tail_s: float) -> Samples:
    """Make the silence at both ends exactly `head_s` and `tail_s` seconds long.

    Returns an empty array if nothing is audible.
    """
    start, end = audible(samples, rate)
    if start == end:
        return samples[:0]
    head, tail = int(rate * head_s), int(rate * tail_s)
    kept = samples[max(0, start - head) : end + tail]
    before = max(0, head - start)
    after = head + (end - start) + tail - before - len(kept)
    padded = np.pad(kept, (before, after))
    fade = min(int(rate * 0.005), len(padded) // 2)
    if fade:
        slope = np.linspace(0, 1, fade, dtype=np.float32)
        padded[:fade] *= slope
        padded[-fade:] *= slope[::-1]
    return padded


def audible(samples: Samples, rate: int) -> tuple[int, int]:
    """Return where sound begins and ends, in samples; the same twice if nothing is audible."""
    frame = int(rate * _FRAME_S)
    levels = frame_levels(samples, frame)
    if not len(levels) or levels.max() < -60:
        return 0, 0
    loud = np.flatnonzero(levels > levels.max() - _SILENCE_DB)
    return int(loud[0]) * frame, int(loud[-1] + 1) * frame


def peak(samples: Samples) -> float:
    """Return the highest sample in dBFS (-inf for silence)."""
    highest = float(np.max(np.abs(samples), initial=0.0))
    return float(20 * np.log10(highest)) if highest else float("-inf")


def even(samples: Samples, rate: int) -> Samples:
    """Bring sound to `TARGET_LUFS`, with peaks below `PEAK_DBFS`.

    The few peaks above it are turned down over some milliseconds, and the loudness is corrected
    for that; nothing is clipped.
    """
    for _ in range(3):
        too_soft_db = TARGET_LUFS - bs1770.integrated(samples, rate)
        if too_soft_db == math.inf:  # a whistle, of which the telephone's band has nothing
            return samples
        samples = samples * np.float32(10 ** (too_soft_db / 20))
        samples = _limit(samples, rate)
    return samples


def narrow(samples: Samples) -> Samples:
    """Return 16 kHz samples at 8 kHz, low-passed to the telephone band (3.4 kHz)."""
    return np.convolve(samples, _TELEPHONE_BAND, "same")[::2].astype(np.float32)


def linear(samples: Samples) -> bytes:
    """Return 16-bit signed linear, little endian (Asterisk's slin, slin16)."""
    return _integers(samples).astype("<i2").tobytes()


def alaw(samples: Samples) -> bytes:
    """Return A-law (ITU-T G.711)."""
    return _ALAW[_integers(samples).astype(np.int32) + 32768].tobytes()


def g722(samples: Samples) -> bytes:
    """Return 64 kbit/s G.722 of 16 kHz samples, without header (Asterisk's g722)."""
    even_count = samples[: len(samples) // 2 * 2]
    return bytes(G722(WIDE_HZ, 64_000).encode(_integers(even_count)))


def from_linear(content: bytes) -> Samples:
    """Return the samples of 16-bit signed linear, little endian."""
    return (np.frombuffer(content, "<i2") / 32768).astype(np.float32)


def from_alaw(content: bytes) -> Samples:
    """Return the samples of A-law."""
    return _ALAW_VALUES[np.frombuffer(content, np.uint8)]


def _limit(samples: Samples, rate: int) -> Samples:
    ceiling = 10 ** (PEAK_DBFS / 20)
    magnitude = np.abs(samples)
    if magnitude.max(initial=0.0) <= ceiling:
        return samples
    half = max(1, rate // 400)  # 2.5 ms
    gain = np.minimum(1.0, ceiling / np.maximum(magnitude, ceiling))
    # The lowest gain around each sample, then a weighted mean of those: never above what the
    # peak allows.
    around = np.lib.stride_tricks.sliding_window_view(
        np.pad(gain, 2 * half, constant_values=1.0), 2 * half + 1
    ).min(axis=1)
    weights = np.hanning(2 * half + 3)[1:-1]
    smooth = np.convolve(around, weights / weights.sum(), "valid")
    return (samples * smooth).astype(np.float32)


def frame_levels(samples: Samples, frame: int) -> NDArray[np.float64]:
    """Return the level in dBFS (RMS) of each `frame` samples, one after another."""
    count = len(samples) // frame
    power = np.mean(samples[: count * frame].reshape(count, frame).astype(float) ** 2, axis=1)
    with np.errstate(divide="ignore"):
        return np.asarray(10 * np.log10(power))


def _integers(samples: Samples) -> NDArray[np.int16]:
    return np.clip(np.rint(samples * 32767), -32768, 32767).astype(np.int16)


def _low_pass(cut_hz: float, rate: int, taps: int) -> NDArray[np.float64]:
    """A windowed sinc (Kaiser, 60 dB)."""
    middle = np.arange(taps) - (taps - 1) / 2
    response = np.sinc(2 * cut_hz / rate * middle) * np.kaiser(taps, 5.65)
    return np.asarray(response / response.sum())


def _alaw_table() -> NDArray[np.uint8]:
    """A-law of every 16-bit value: 13 bits are coded as sign, segment and step (G.711 table 1)."""
    value = np.arange(-32768, 32768) >> 3
    positive = value >= 0
    magnitude = np.where(positive, value, -value - 1)
    segment = np.clip(np.floor(np.log2(np.maximum(magnitude, 1))).astype(int) - 4, 0, 7)
    step = (magnitude >> np.maximum(segment, 1)) & 0x0F
    code = (segment << 4 | step) ^ np.where(positive, 0xD5, 0x55)
    return np.asarray(code, dtype=np.uint8)


_TELEPHONE_BAND = _low_pass(3600, WIDE_HZ, 127)
_ALAW = _alaw_table()
#: The middle of the values that each code stands for.
_ALAW_VALUES = (
    np.bincount(_ALAW, weights=np.arange(-32768, 32768)) / np.bincount(_ALAW) / 32768
).astype(np.float32)
