"""Speech as 8 kHz mono 16-bit samples: even level, soft edges, WAV files."""

import os
import wave
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import soxr

from foundation.errors import RemoteError

Samples: TypeAlias = npt.NDArray[np.float32]
"Full scale is ±1."

RATE = 8000
LEVEL_DBFS = -18.0
"RMS of the parts that are not pauses."
PEAK_DBFS = -1.5
FADE_MS = 5
_PAUSE_DB = -40.0
"What is quieter than this against the peak is a pause, not speech."


class UnusableWav(RemoteError):
    """A recorded prompt that cannot be played."""


def to_8k(samples: Samples, rate: int) -> Samples:
    if rate == RATE:
        return samples
    resampled: Samples = soxr.resample(samples, rate, RATE).astype(np.float32)
    return resampled


def even(samples: Samples) -> bytes:
    """Bring speech to the house's level, never into clipping; 16-bit PCM."""
    peak = float(np.abs(samples).max(initial=0.0))
    if peak == 0.0:
        return to_pcm(samples)
    spoken = samples[np.abs(samples) > peak * 10 ** (_PAUSE_DB / 20)]
    rms = float(np.sqrt(np.mean(spoken.astype(np.float64) ** 2)))
    gain = min(10 ** (LEVEL_DBFS / 20) / rms, 10 ** (PEAK_DBFS / 20) / peak)
    return to_pcm(fade(samples * np.float32(gain)))


def fade(samples: Samples) -> Samples:
    """No click at either end."""
    length = min(FADE_MS * RATE // 1000, len(samples) // 2)
    ramp = np.linspace(0.0, 1.0, length, dtype=np.float32)
    faded = samples.copy()
    faded[:length] *= ramp
    faded[len(faded) - length :] *= ramp[::-1]
    return faded


def to_pcm(samples: Samples) -> bytes:
    return np.clip(np.rint(samples * 32768), -32768, 32767).astype("<i2").tobytes()


def from_pcm(pcm: bytes) -> Samples:
    return np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32768)


def read_wav(file: Path) -> Samples:
    """Any rate, any number of channels, 16 bit; 8 kHz mono comes out."""
    try:
        with wave.open(str(file), "rb") as wav:
            if wav.getsampwidth() != 2:
                raise UnusableWav(f"{file}: has {8 * wav.getsampwidth()} bits, 16 are needed")
            channels, rate = wav.getnchannels(), wav.getframerate()
            pcm = wav.readframes(wav.getnframes())
    except (wave.Error, EOFError, OSError) as error:
        raise UnusableWav(f"{file}: is not a PCM WAV file: {error}") from None
    whole = pcm[: len(pcm) - len(pcm) % (2 * channels)]
    mono: Samples = from_pcm(whole).reshape(-1, channels).mean(axis=1, dtype=np.float32)
    return to_8k(mono, rate)


def write_wav(file: Path, pcm: bytes) -> None:
    """Whole or not at all: a reader never meets half a file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    with wave.open(str(draft), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(RATE)
        wav.writeframes(pcm)
    draft.replace(file)
