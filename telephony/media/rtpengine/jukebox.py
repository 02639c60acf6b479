"""Puts what is to be played into one file that rtpengine can read: it plays one file at a time."""

import hashlib
import os
import wave
from pathlib import Path

import numpy as np

from telephony.media.sound.g711 import SAMPLE_RATE_HZ
from telephony.media.sound.playout import PromptCache


class FileJukebox:
    """Files in `folder`, named by what is in them; made once."""

    def __init__(self, prompts: PromptCache, folder: Path) -> None:
        self._prompts = prompts
        self._folder = folder

    def file(self, items: list[str]) -> tuple[str, float]:
        """Path and seconds; raises `PromptUnusable`."""
        prompts = [self._prompts.get(item) for item in items]
        length_s = sum(len(prompt.pcm_8k) for prompt in prompts) / SAMPLE_RATE_HZ
        if len(items) == 1 and not _is_made_up(items[0]):
            return os.path.abspath(items[0]), length_s
        file = self._folder / f"{_name(items)}.wav"
        if not file.exists():
            self._write(file, np.concatenate([*(prompt.pcm_8k for prompt in prompts), _NOTHING]))
        return str(file.absolute()), length_s

    def _write(self, file: Path, pcm_8k: "np.ndarray[tuple[int], np.dtype[np.int16]]") -> None:
        """In one step, so that nobody plays half a file."""
        self._folder.mkdir(parents=True, exist_ok=True)
        new = file.with_suffix(".new")
        with wave.open(str(new), "wb") as writer:
            writer.setnchannels(1)
            writer.setsampwidth(2)
            writer.setframerate(SAMPLE_RATE_HZ)
            writer.writeframes(pcm_8k.astype("<i2").tobytes())
        new.replace(file)


_NOTHING = np.zeros(0, np.int16)


def _is_made_up(item: str) -> bool:
    return item.startswith(("tone:", "silence:"))


def _name(items: list[str]) -> str:
    """By the files' times and sizes too: a prompt that was recorded again is another one."""
    said = [item if _is_made_up(item) else f"{item} {_stamp(item)}" for item in items]
    return hashlib.sha256("\n".join(said).encode()).hexdigest()[:32]


def _stamp(path: str) -> str:
    status = os.stat(path)
    return f"{status.st_mtime_ns} {status.st_size}"
