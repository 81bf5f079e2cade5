"""Sound: encodings, silence, levels, the telephone band."""

import math
import struct

import numpy as np
import pytest
from G722 import G722

from router.voice import bs1770, loudness
from tests.voice.studio import alaw_value, tone


def test_alaw_of_every_value() -> None:
    values = np.arange(-32768, 32768)
    coded = np.frombuffer(loudness.alaw((values / 32767).astype(np.float32)), np.uint8)
    back = np.array([alaw_value(code) for code in range(256)])[coded]
    assert len(set(coded)) == 256
    assert np.all(np.diff(back) >= 0)
    # Half a step: 8 near zero, then a sixteenth of the segment's lower end.
    assert np.all(np.abs(back - values) <= np.maximum(8, np.abs(values) / 32 + 1))
    again = loudness.alaw((back / 32767).astype(np.float32))
    assert np.array_equal(np.frombuffer(again, np.uint8), coded)


def test_alaw_of_silence_and_of_both_ends() -> None:
    assert loudness.alaw(np.array([0.0, 1.0, -1.0], np.float32)) == b"\xd5\xaa\x2a"


def test_linear_rounds_and_stops_at_the_ends() -> None:
    samples = np.array([0.0, 0.5, 1.5, -1.5], np.float32)
    assert struct.unpack("<4h", loudness.linear(samples)) == (0, 16384, 32767, -32768)


def test_g722_is_one_byte_for_two_samples_and_can_be_decoded() -> None:
    sound = tone(1.0, 16_000, 0.2)
    coded = loudness.g722(sound)
    assert len(coded) == 8_000
    back = np.array(G722(16_000, 64_000).decode(coded)) / 32768
    # The codec's own delay is 22 samples (ITU-T G.722, two QMF banks of 24 taps).
    assert np.corrcoef(back[22:], sound[:-22])[0, 1] > 0.99


def test_trim_cuts_long_silence_and_fills_short() -> None:
    sound = tone(0.5, 16_000, 0.2)
    for silence in (0, 100, 16_000):
        trimmed = loudness.trim(np.pad(sound, silence), 16_000, 0.08, 0.15)
        assert len(trimmed) / 16_000 == pytest.approx(0.73, abs=0.021)
        assert abs(trimmed[0]) < 0.001
        assert abs(trimmed[-1]) < 0.001


def test_trim_fades_the_noise_of_a_recording_in_and_out() -> None:
    noisy = np.pad(tone(0.5, 16_000, 0.2), 16_000) + np.float32(0.001)
    trimmed = loudness.trim(noisy, 16_000, 0.08, 0.15)
    assert trimmed[0] == trimmed[-1] == 0
    assert trimmed[100] == pytest.approx(0.001)


@pytest.mark.parametrize("length", [0, 10, 16_000])
def test_trim_of_silence_is_nothing(length: int) -> None:
    assert len(loudness.trim(np.zeros(length, np.float32), 16_000, 0.08, 0.15)) == 0


def test_where_sound_begins_and_ends() -> None:
    sound = tone(1.0, 16_000, 0.1)
    assert loudness.audible(np.pad(sound, 1_600), 16_000) == (1_600, 17_600)
    assert loudness.audible(np.zeros(1_000, np.float32), 16_000) == (0, 0)
    assert loudness.peak(np.zeros(0, np.float32)) == -math.inf


@pytest.mark.parametrize("level", [0.001, 0.1, 1.0])
@pytest.mark.parametrize("seconds", [0.1, 1.0])
def test_even_reaches_the_target_from_anywhere(level: float, seconds: float) -> None:
    sound = loudness.even(tone(seconds, 16_000, level), 16_000)
    assert bs1770.integrated(sound, 16_000) == pytest.approx(loudness.TARGET_LUFS, abs=0.1)


def test_even_keeps_peaks_down_without_clipping() -> None:
    sound = tone(1.0, 16_000, 0.1)
    sound[4_000:12_000:1_000] = 0.95
    evened = loudness.even(sound, 16_000)
    assert loudness.peak(evened) <= loudness.PEAK_DBFS + 0.01
    assert bs1770.integrated(evened, 16_000) == pytest.approx(loudness.TARGET_LUFS, abs=0.5)
    # Turned down over milliseconds rather than cut: no run of equal samples at the ceiling.
    ceiling = np.max(np.abs(evened))
    assert np.sum(np.abs(evened) > ceiling * 0.999) < 20


def test_what_the_telephone_s_band_has_nothing_of_is_left_as_it_is() -> None:
    whistle = tone(0.5, 16_000, 0.2, 6_000)
    finished = loudness.finished(whistle.tobytes(), 0.1, 0.1)
    assert finished is not None
    assert len(finished.files["alaw"]) == pytest.approx(0.7 * 8_000, abs=160)


def test_narrow_keeps_the_telephone_band_and_stops_what_would_alias() -> None:
    for hertz, gain in ((300.0, 1.0), (1000.0, 1.0), (3000.0, 1.0)):
        sound = loudness.narrow(tone(1.0, 16_000, 0.5, hertz))
        assert rms_dbfs(sound) == pytest.approx(-9.03 * gain, abs=0.3)
    for hertz in (4_100.0, 6_000.0):
        middle = loudness.narrow(tone(1.0, 16_000, 0.5, hertz))[200:-200]
        assert rms_dbfs(middle) < -60


def rms_dbfs(samples: loudness.Samples) -> float:
    return float(10 * np.log10(np.mean(samples.astype(float) ** 2)))
