"""What transcription costs, for each language: CPU-seconds per minute of talk, and the reverse,
seconds of one channel for each CPU-second.

    python -m bench.transcribe [--minutes 10] [--model en=FOLDER] [--model zh=FOLDER]

The demo's dialogues are spoken, sent through a G.711 line, repeated to the wanted length, and each
side is transcribed by itself and made ready for the search, as in a transcriber process. A minute
of audio is a minute of a call: both sides together, of which mostly one is silent. Prints one CSV
line for each language; exit 1 when one of our own models is slower than `LEAST_SPEED`. Others are
measured and shown: what they need is for whoever chooses them.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from foundation.clock import utc_now
from recordings import terms, wav
from recordings.error_rate import ErrorRate, compare
from recordings.transcribing.model_folders import builtin_models, model_folder
from recordings.transcribing.vosk_recogniser import VoskRecogniser
from telephony.calls.events import Side
from tests.support.telephone_speech import RATE, demo_callers, spoken_dialogues, write_wav

LEAST_SPEED = 20.0
"Seconds of one channel for each CPU-second."
COLUMNS = (
    "date,commit,language,model,model_rate,audio_min,cpu_s_per_audio_min,channel_s_per_cpu_s,"
    "cpu_load_s,error_rate"
)


@dataclass(frozen=True, slots=True)
class Measured:
    """One model."""

    language: str
    model: str
    rate: int
    audio_min: float
    cpu_s: float
    load_s: float
    error_rate: float

    @property
    def speed(self) -> float:
        return 60 * self.audio_min * len(Side) / self.cpu_s

    @property
    def is_too_slow(self) -> bool:
        return self.model in builtin_models() and self.speed < LEAST_SPEED

    def __str__(self) -> str:
        return (
            f"{utc_now().date()},{commit()},{self.language},{self.model},{self.rate},"
            f"{self.audio_min:.1f},{self.cpu_s / self.audio_min:.3f},{self.speed:.0f},"
            f"{self.load_s:.3f},{self.error_rate:.4f}"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="of audio for each language")
    parser.add_argument("--model", action="append", default=[], metavar="LANGUAGE=FOLDER")
    arguments = parser.parse_args()
    models = {"en": "tiny-en", "zh": "tiny-zh"} | dict(m.split("=", 1) for m in arguments.model)
    print(COLUMNS)
    is_too_slow = False
    for language, model in models.items():
        measured = measure(language, model_folder(model, Path.cwd()), 60 * arguments.minutes)
        print(measured)
        is_too_slow |= measured.is_too_slow
    return 1 if is_too_slow else 0


def measure(language: str, model: Path, wanted_s: float) -> Measured:
    terms.load()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "talk.wav"
        said = write_talks(path, language, wanted_s)
        audio_min = wav.inspect(path).duration_s / 60
        started_s = cpu_s()
        recogniser = VoskRecogniser(model)
        loaded_s = cpu_s()
        wrong = ErrorRate()
        for side in Side:
            words = recogniser.transcribe(*wav.read_side(path, side))
            terms.index_parts(words)
            wrong += compare(said[side], " ".join(word.text for word in words), language)
        cost_s = cpu_s() - loaded_s
    load_s = loaded_s - started_s
    return Measured(language, model.name, recogniser.rate, audio_min, cost_s, load_s, wrong.rate)


def write_talks(path: Path, language: str, wanted_s: float) -> dict[Side, str]:
    """All talks of a language one after the other, again and again; returns what was said."""
    callers = [c for c in demo_callers() if c["language"] == language and "turns" in c]
    talks = spoken_dialogues(callers)
    once = np.concatenate([frames for frames, _ in talks])
    times = max(1, round(wanted_s * RATE / len(once)))
    write_wav(path, np.tile(once, (times, 1)))
    return {side: " ".join(said[side] for _, said in talks * times) for side in Side}


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def commit() -> str:
    told = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    return told.stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main())
