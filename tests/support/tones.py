"""Tones to say and to find again: 16-bit PCM at 8 kHz, mono."""

import wave
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

RATE_HZ = 8000
PIECE = 320
"Samples in 40 ms, the shortest stretch in which tones 25 Hz apart are told from each other."
Samples = npt.NDArray[np.float64]


@lru_cache(maxsize=16)
def tone(freq_hz: float, seconds: float, level_db: float = -26.0) -> bytes:
    """A sine at `level_db` below full scale (its RMS)."""
    amplitude = 32768 * 10 ** (level_db / 20) * np.sqrt(2)
    at_s = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    samples: bytes = (
        np.round(amplitude * np.sin(2 * np.pi * freq_hz * at_s)).astype("<i2").tobytes()
    )
    return samples


def write_wav(file: Path, pcm_8k: bytes) -> Path:
    with wave.open(str(file), "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(RATE_HZ)
        writer.writeframes(pcm_8k)
    return file


def read_wav(file: Path) -> bytes:
    """The first channel's 16-bit samples."""
    with wave.open(str(file)) as reader:
        channels = reader.getnchannels()
        data = np.frombuffer(reader.readframes(reader.getnframes()), "<i2")
    return data[::channels].tobytes()


def loudest_second(pcm_8k: bytes, freq_hz: float) -> Samples:
    """The second in which the tone is strongest; empty when there is less than a second."""
    samples = np.frombuffer(pcm_8k, "<i2").astype(float)
    starts = range(0, max(len(samples) - RATE_HZ + 1, 0), RATE_HZ // 50)
    seconds = [samples[at : at + RATE_HZ] for at in starts]
    if not seconds:
        return np.zeros(0)
    return max(seconds, key=lambda second: _tone_power(second, freq_hz))


def signal_to_noise_db(pcm_8k: bytes, freq_hz: float) -> float:
    """Of the best second: the power of the tone against all that is not the tone."""
    second = loudest_second(pcm_8k, freq_hz)
    if not len(second):
        return -99.0
    signal = _tone_power(second, freq_hz)
    noise = max(float(np.mean(second**2)) - signal, 1e-9)
    return float(10 * np.log10(max(signal, 1e-9) / noise))


def seconds_of_tone(pcm_8k: bytes, freq_hz: float, level_db: float = -50.0) -> float:
    """How long, in all, hardly anything but this tone was heard; `freq_hz` a multiple of 25."""
    samples = np.frombuffer(pcm_8k, "<i2").astype(float)
    pieces = samples[: len(samples) // PIECE * PIECE].reshape(-1, PIECE)
    floor = (32768 * 10 ** (level_db / 20)) ** 2
    whole = np.mean(pieces**2, axis=1)
    is_tone = (whole > floor) & (_tone_powers(pieces, freq_hz) > 0.8 * whole)
    return int(np.count_nonzero(is_tone)) * PIECE / RATE_HZ


def _tone_power(samples: Samples, freq_hz: float) -> float:
    """Mean square of the best-fitting sine of that frequency (whole periods fit a second)."""
    return float(_tone_powers(samples[np.newaxis], freq_hz)[0])


def _tone_powers(pieces: Samples, freq_hz: float) -> Samples:
    """Of each row. All at once: those who listen ask twenty times a second."""
    at_s = np.arange(pieces.shape[1]) / RATE_HZ
    turned = pieces @ np.exp(-2j * np.pi * freq_hz * at_s) / pieces.shape[1]
    powers: Samples = 2 * np.abs(turned) ** 2
    return powers
