"""Speech as a call's recording holds it: synthesised, 8 kHz, through mu-law, in a stereo WAV."""

import json
import subprocess
import sys
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soxr
from pypinyin import Style, lazy_pinyin

from tests.support.espeak_process import RATE as ESPEAK_RATE

RATE = 8000
PAUSE_S = 0.4
"Between two turns."
READINGS = {"谁": "shei2"}
"Characters that pypinyin reads otherwise than the small Chinese model was taught."

Samples = npt.NDArray[np.int16]


class Speaker:
    """The line to the speaking process."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._to, self._from = process.stdin, process.stdout

    def say(self, text: str, language: str, voice: str, words_per_minute: int = 160) -> Samples:
        """8 kHz samples after a G.711 line."""
        spoken = pinyin(text) if language == "zh" else text
        self._to.write(json.dumps([voice, words_per_minute, spoken]).encode() + b"\n")
        self._to.flush()
        size = int.from_bytes(self._from.read(4), "big")
        wide = np.frombuffer(self._from.read(size), np.int16)
        return mu_law_line(soxr.resample(wide, ESPEAK_RATE, RATE))


@contextmanager
def speaker() -> Iterator[Speaker]:
    command = [sys.executable, "-m", "tests.support.espeak_process"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield Speaker(process)


def pinyin(text: str) -> str:
    """What espeak's voice `cmn-latn-pinyin` reads; punctuation stays and makes pauses."""
    syllables = lazy_pinyin(
        text.translate(str.maketrans("，。？！", ",.?!")),
        style=Style.TONE3,
        neutral_tone_with_five=True,
        v_to_u=False,
    )
    return " ".join(syllables)


def mu_law_line(samples: Samples) -> Samples:
    """What is left of samples after G.711 mu-law (ITU-T G.711, 8-bit segments of 14-bit values)."""
    x = np.clip(samples.astype(np.int32), -32635, 32635)
    biased = np.abs(x) + 0x84
    exponent = np.floor(np.log2(biased)).astype(np.int32) - 7
    mantissa = (biased >> (exponent + 3)) & 0x0F
    level = (((mantissa << 3) + 0x84) << exponent) - 0x84
    line: Samples = (np.sign(x) * level).astype(np.int16)
    return line


def talk(turns: list[tuple[int, Samples]]) -> Samples:
    """Turns (channel, speech) one after the other, as stereo frames; the other side is silent."""
    pause = np.zeros((int(PAUSE_S * RATE), 2), np.int16)
    parts = [pause]
    for channel, speech in turns:
        part = np.zeros((len(speech), 2), np.int16)
        part[:, channel] = speech
        parts += [part, pause]
    return np.concatenate(parts)


def write_wav(path: Path, frames: Samples, rate: int = RATE) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2 if frames.ndim == 2 else 1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(frames.tobytes())
