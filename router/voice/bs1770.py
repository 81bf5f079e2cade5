"""Loudness as it is heard: ITU-R BS.1770-4, for one channel, at any rate.

Samples are float32 from -1 to 1, mono; loudness is in LUFS, which is in dB.
"""

import numpy as np
from numpy.typing import NDArray

_BLOCK_S = 0.4
#: Between the beginnings of two blocks: they overlap by three quarters.
_STEP_S = 0.1
#: Blocks that are softer than this are silence.
_SILENCE_LUFS = -70.0
#: So are those that are softer than the mean of the others by more than this.
_RELATIVE_LU = 10.0
#: What the standard's filter adds to a tone of 997 Hz, taken off again.
_OFFSET_LU = -0.691


def integrated(samples: NDArray[np.float32], rate: int) -> float:
    """Return the loudness of the whole, pauses left out (-inf for silence).

    A sound that is shorter than a block of 0.4 s, which the standard leaves open, is one block.
    """
    powers = _block_powers(weighted(samples, rate), rate)
    powers = powers[powers > _power(_SILENCE_LUFS)]
    if not len(powers):
        return float("-inf")
    powers = powers[powers > np.mean(powers) * 10 ** (-_RELATIVE_LU / 10)]
    return float(10 * np.log10(np.mean(powers)) + _OFFSET_LU)


def weighted(samples: NDArray[np.float32], rate: int) -> NDArray[np.float64]:
    """Return the samples as the ear weighs them ("K"): high sounds count more, low ones less.

    Both filters at once, in the spectrum; the zeros behind keep the end from ringing into the
    beginning.
    """
    size = 1 << (len(samples) + rate - 1).bit_length()
    turn = np.exp(-2j * np.pi * np.fft.rfftfreq(size))
    response = np.ones_like(turn)
    for above, below in filters(rate):
        response *= np.polyval(above[::-1], turn) / np.polyval(below[::-1], turn)
    return np.fft.irfft(np.fft.rfft(samples, size) * response, size)[: len(samples)]


Coefficients = tuple[float, float, float]


def filters(rate: int) -> tuple[tuple[Coefficients, Coefficients], ...]:
    """Return numerator and denominator of the head's shelf, and of the high-pass below it.

    The standard gives them for 48 kHz only; these are the same two analogue filters for any rate.
    """
    k, q = np.tan(np.pi * 1681.974450955533 / rate), 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    a0 = 1 + k / q + k * k
    shelf = (
        (high + band * k / q + k * k) / a0,
        2 * (k * k - high) / a0,
        (high - band * k / q + k * k) / a0,
    )
    shelf_poles = (1.0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0)
    k, q = np.tan(np.pi * 38.13547087602444 / rate), 0.5003270373238773
    a0 = 1 + k / q + k * k
    pass_poles = (1.0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0)
    return (shelf, shelf_poles), ((1.0, -2.0, 1.0), pass_poles)


def _block_powers(samples: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    if not len(samples):
        return samples
    block, step = min(int(rate * _BLOCK_S), len(samples)), int(rate * _STEP_S)
    sums = np.concatenate(([0.0], np.cumsum(samples**2)))
    starts = np.arange(0, len(samples) - block + 1, step)
    return np.asarray((sums[starts + block] - sums[starts]) / block)


def _power(lufs: float) -> float:
    return float(10 ** ((lufs - _OFFSET_LU) / 10))
