"""How loud speech is: the active speech level of ITU-T P.56, method B, in dBov.

The level counts what is spoken only: a sample is active while the smoothed envelope was above a
threshold within the last 200 ms, and of all thresholds the one counts that lies 15.9 dB below the
level it leads to. 0 dBov is the power of a square wave at full scale, so a sine reaches -3 dBov.
Telephone networks are built for speech of -26 dBov (ITU-T P.830, G.711's nominal level).
"""

import math
from functools import cache

import numpy as np
import numpy.typing as npt

SMOOTHING_S = 0.03
HANGOVER_S = 0.2
MARGIN_DB = 15.9
_THRESHOLDS = 16
"Halved again and again: 96 dB in steps of 6."
_KERNEL_SPANS = 12
"Time constants after which the smoothing has forgotten a sample."

_Samples = npt.NDArray[np.floating]


def active_level_dbov(samples: _Samples, rate: int) -> float:
    """-inf for silence. `samples` within ±1."""
    x = samples.astype(np.float64)
    energy = float(np.dot(x, x))
    if energy == 0.0:
        return -math.inf
    held = _held(_envelope(np.abs(x), rate), int(HANGOVER_S * rate))
    before: tuple[float, float] | None = None
    for step in range(_THRESHOLDS, -1, -1):
        threshold = 2.0**-step
        active = int(np.count_nonzero(held >= threshold))
        if active == 0:
            break
        level_db = 10 * math.log10(energy / active)
        above_db = level_db - 20 * math.log10(threshold)
        if above_db <= MARGIN_DB:
            return _between(before, (level_db, above_db))
        before = level_db, above_db
    return before[0] if before is not None else 10 * math.log10(energy / len(x))


def _between(before: tuple[float, float] | None, after: tuple[float, float]) -> float:
    """The level where the margin is met exactly."""
    if before is None:
        return after[0]
    share = (before[1] - MARGIN_DB) / (before[1] - after[1])
    return before[0] + share * (after[0] - before[0])


def _envelope(rectified: npt.NDArray[np.float64], rate: int) -> npt.NDArray[np.float64]:
    """Smoothed twice by a first-order filter, done as one convolution by FFT."""
    kernel = _kernel(rate)
    size = 1 << (len(rectified) + len(kernel) - 1).bit_length()
    spectrum = np.fft.rfft(rectified, size) * np.fft.rfft(kernel, size)
    return np.fft.irfft(spectrum, size)[: len(rectified)]


@cache
def _kernel(rate: int) -> npt.NDArray[np.float64]:
    keep = math.exp(-1 / (SMOOTHING_S * rate))
    n = np.arange(int(_KERNEL_SPANS * SMOOTHING_S * rate))
    kernel: npt.NDArray[np.float64] = (1 - keep) ** 2 * (n + 1) * keep**n
    return kernel


def _held(envelope: npt.NDArray[np.float64], span: int) -> npt.NDArray[np.float64]:
    """At each sample the largest of the last `span`; running maxima of blocks from both ends."""
    padded = np.concatenate([np.zeros(span), envelope])
    blocks = np.pad(padded, (0, -len(padded) % span)).reshape(-1, span)
    forward = np.maximum.accumulate(blocks, axis=1).ravel()
    backward = np.maximum.accumulate(blocks[:, ::-1], axis=1)[:, ::-1].ravel()
    count = len(envelope)
    return np.maximum(backward[1 : count + 1], forward[span : span + count])
