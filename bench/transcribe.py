"""What transcription costs: CPU-seconds per minute of audio, for each language.

    python -m bench.transcribe [--minutes 10] [--model en=FOLDER] [--model zh=FOLDER]

The demo's dialogues are spoken, sent through a G.711 line, repeated to the wanted length, and each
side is transcribed by itself as in a transcriber process. A minute of audio is a minute of a call:
both sides together, of which mostly one is silent. Prints one CSV line for each language.
"""

import argparse
import resource
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from foundation.clock import utc_now
from recordings import wav
from recordings.error_rate import ErrorRate, compare
from recordings.model_folders import model_folder
from recordings.vosk_recogniser import VoskRecogniser
from telephony.calls.events import Side
from tests.support.telephone_speech import RATE, demo_callers, spoken_dialogues, write_wav

COLUMNS = "date,commit,language,model_rate,audio_min,cpu_s_per_audio_min,cpu_load_s,error_rate"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="of audio for each language")
    parser.add_argument("--model", action="append", default=[], metavar="LANGUAGE=FOLDER")
    arguments = parser.parse_args()
    models = {"en": "tiny-en", "zh": "tiny-zh"} | dict(m.split("=", 1) for m in arguments.model)
    print(COLUMNS)
    for language, model in models.items():
        print(measure(language, model_folder(model, Path.cwd()), 60 * arguments.minutes))


def measure(language: str, model: Path, wanted_s: float) -> str:
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
            wrong += compare(said[side], " ".join(word.text for word in words), language)
        cost = (cpu_s() - loaded_s) / audio_min
    return (
        f"{utc_now().date()},{commit()},{language},{recogniser.rate},{audio_min:.1f},"
        f"{cost:.3f},{loaded_s - started_s:.3f},{wrong.rate:.4f}"
    )


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
    main()
