"""Speech as 8 kHz mono 16-bit samples: even level, no silence round it, soft edges, WAV files."""

import math
import os
import wave
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import soxr

from foundation.errors import RemoteError
from ivr.speech.loudness import active_level_dbov

Samples: TypeAlias = npt.NDArray[np.float32]
"Full scale is ±1."

RATE = 8000
LEVEL_DBOV = -26.0
"Active speech level by ITU-T P.56: what telephone networks are built for."
PEAK_DBFS = -1.5
FADE_MS = 5
_SILENCE_DB = -45.0
"What is quieter than this against the peak, before the first and after the last sound, is cut off."
_KEEP_MS = 15
"Of that silence; a sound does not begin at its first loud sample."
_SILENCE = 10 ** (_SILENCE_DB / 20)


class UnusableWav(RemoteError):
    """A recorded prompt that cannot be played."""


def to_8k(samples: Samples, rate: int) -> Samples:
    if rate == RATE:
        return samples
    resampled: Samples = soxr.resample(samples, rate, RATE).astype(np.float32)
    return resampled


def even(samples: Samples) -> bytes:
    """Bring speech to the house's level, never into clipping; 16-bit PCM without silent ends."""
    samples = trim(samples)
    level_dbov = active_level_dbov(samples, RATE)
    if level_dbov == -math.inf:
        return to_pcm(samples)
    gain = min(10 ** ((LEVEL_DBOV - level_dbov) / 20), headroom(samples))
    return to_pcm(fade(samples * np.float32(gain)))


def headroom(samples: Samples) -> float:
    """The gain that brings the peak to where it may be at most."""
    return float(10 ** (PEAK_DBFS / 20) / np.abs(samples).max())


def trim(samples: Samples) -> Samples:
    """Without the silence before and behind; silence alone stays as it is."""
    loud = np.flatnonzero(np.abs(samples) > np.abs(samples).max(initial=0.0) * _SILENCE)
    if not len(loud):
        return samples
    keep = _KEEP_MS * RATE // 1000
    return samples[max(int(loud[0]) - keep, 0) : int(loud[-1]) + 1 + keep]


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
