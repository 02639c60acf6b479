"""Speech as a call's recording holds it: synthesised, through a G.711 line, in a stereo WAV."""

import wave
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

import callcenter.demo
from ivr.speech.synthesis import Utterance, synthesise_all
from recordings import wav
from telephony.calls.events import Side
from telephony.media.sound.g711 import Law, decode, encode

RATE = 8000
PAUSE_S = 0.4
"Between two turns."

Samples = npt.NDArray[np.int16]


def demo_callers() -> list[dict[str, Any]]:
    """The demo's callers with their dialogues, as written."""
    text = (Path(callcenter.demo.__path__[0]) / "dialogues.yaml").read_text(encoding="utf-8")
    callers: list[dict[str, Any]] = yaml.safe_load(text)["callers"]
    return callers


def say(utterances: Sequence[Utterance]) -> list[Samples]:
    """8 kHz samples as they come out of a mu-law line; needs a helper process."""
    return [through_line(np.frombuffer(pcm, "<i2")) for pcm in synthesise_all(utterances)]


def through_line(samples: Samples) -> Samples:
    return decode(encode(samples, Law.PCMU), Law.PCMU)


def talk(turns: Sequence[tuple[Side, Samples]]) -> Samples:
    """One turn after the other, as stereo frames; the other side is silent meanwhile."""
    pause = np.zeros((int(PAUSE_S * RATE), 2), np.int16)
    parts = [pause]
    for side, speech in turns:
        part = np.zeros((len(speech), 2), np.int16)
        part[:, wav.CHANNEL_OF[side]] = speech
        parts += [part, pause]
    return np.concatenate(parts)


def spoken_dialogues(callers: Sequence[dict[str, Any]]) -> list[tuple[Samples, dict[Side, str]]]:
    """Each caller's talk as stereo frames, and what each side says in it."""
    turns = [list(_turns(caller)) for caller in callers]
    spoken = iter(say([Utterance(text, voice) for each in turns for _, text, voice in each]))
    return [
        (
            talk([(side, next(spoken)) for side, _, _ in each]),
            {side: " ".join(text for who, text, _ in each if who is side) for side in Side},
        )
        for each in turns
    ]


def _turns(caller: dict[str, Any]) -> Iterator[tuple[Side, str, str]]:
    """Side, sentence, voice."""
    for turn in caller["turns"]:
        for who, text in turn.items():
            yield Side(who), text, caller[f"{who}_voice"]


def write_wav(path: Path, frames: Samples, rate: int = RATE) -> None:
    """Makes the folder as the media worker does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2 if frames.ndim == 2 else 1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(frames.tobytes())
