"""Loudness: the standard's own filter, and the cases by which meters are tested (EBU Tech 3341)."""

import math

import numpy as np
import pytest

from router.voice import bs1770
from tests.voice.studio import tone

#: One channel counts as one: a stereo case of EBU Tech 3341 is 3 dB louder.
_MONO_LU = 10 * math.log10(2)


def test_the_filters_are_those_of_the_standard_at_its_rate() -> None:
    (shelf, shelf_poles), (high_pass, pass_poles) = bs1770.filters(48_000)
    assert shelf == pytest.approx((1.53512485958697, -2.69169618940638, 1.19839281085285))
    assert shelf_poles == pytest.approx((1.0, -1.69065929318241, 0.73248077421585))
    assert high_pass == (1.0, -2.0, 1.0)
    assert pass_poles == pytest.approx((1.0, -1.99004745483398, 0.99007225036621))


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
def test_a_full_tone_of_997_hertz_is_three_below_zero(rate: int) -> None:
    assert bs1770.integrated(tone(5.0, rate, 1.0, 997), rate) == pytest.approx(-3.01, abs=0.05)


def steps(*seconds_at_dbfs: tuple[float, float]) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    parts = [tone(s, 16_000, 10 ** (dbfs / 20), 1000) for s, dbfs in seconds_at_dbfs]
    return np.concatenate(parts)


@pytest.mark.parametrize(
    ("seconds_at_dbfs", "lufs"),
    [
        ([(20, -23)], -23),
        ([(20, -33)], -33),
        ([(10, -36), (60, -23), (10, -36)], -23),
        ([(10, -72), (10, -36), (60, -23), (10, -36), (10, -72)], -23),
        ([(20, -26), (20.1, -20), (20, -26)], -23),
    ],
)
def test_the_cases_of_the_meters(seconds_at_dbfs: list[tuple[float, float]], lufs: float) -> None:
    sound = steps(*seconds_at_dbfs)
    assert bs1770.integrated(sound, 16_000) + _MONO_LU == pytest.approx(lufs, abs=0.1)


def test_low_sounds_count_less_and_high_ones_more() -> None:
    low, middle, high = (
        bs1770.integrated(tone(2.0, 16_000, 0.1, hertz), 16_000) for hertz in (40, 1000, 4000)
    )
    assert low < middle - 3 < middle + 3 < high


def test_a_short_word_is_one_block_and_silence_is_nothing() -> None:
    word = tone(0.1, 16_000, 0.1, 997)
    assert bs1770.integrated(word, 16_000) == pytest.approx(-23.01, abs=0.3)
    assert bs1770.integrated(np.zeros(16_000, np.float32), 16_000) == -math.inf
    assert bs1770.integrated(np.zeros(0, np.float32), 16_000) == -math.inf
