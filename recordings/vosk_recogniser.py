"""Vosk behind the recogniser's port; the only file that knows Vosk.

Telephone speech comes at 8 kHz. The model says in its `mfcc.conf` what it was trained on: the small
ones here 8 kHz, the official ones 16 kHz, for which soxr adds the missing samples (never vosk
itself: Kaldi only drops them).

Never import `kaldifst` in a process that uses this file: the two clash and hang or crash.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import msgspec
import numpy as np
import soxr
import vosk

from recordings.recogniser import NoModel, Word

CHUNK_S = 0.2
"How much speech goes to vosk in one call."
UNKNOWN = "[unk]"
"""What a model answers for a sound that is none of its words. It is dropped: a transcript holds
words, and the gap in their times shows that something else was said."""

_NEEDED = ("am/final.mdl", "conf/mfcc.conf", "conf/model.conf")
_WHOLE_GRAPH = ("graph/HCLG.fst",)
_COMPOSED_GRAPH = ("graph/HCLr.fst", "graph/Gr.fst")
"Two halves that vosk composes while it listens; small models come so."
_SAMPLE_FREQUENCY = re.compile(r"^--sample-frequency=(\d+)", re.MULTILINE)
_DEFAULT_RATE = 16000
"Kaldi's, when mfcc.conf does not name one."

vosk.SetLogLevel(-1)


class _Decoder(Protocol):
    """What is used of `vosk.KaldiRecognizer`, which has no types."""

    def SetWords(self, enable_words: bool) -> None: ...

    def AcceptWaveform(self, data: bytes) -> int: ...

    def Result(self) -> str: ...

    def FinalResult(self) -> str: ...


class _HeardWord(msgspec.Struct):
    word: str
    start: float
    end: float
    conf: float


class _Heard(msgspec.Struct):
    """What `Result()` returns; without `result` when nothing was said."""

    result: list[_HeardWord] = []


class VoskRecogniser:
    """One loaded model; any number of listenings may share it, each in one thread at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        problem = find_problem(folder)
        if problem is not None:
            raise NoModel(f"the speech model {folder} cannot be used: {problem}")
        self.rate = model_rate(folder)
        try:
            self._model = vosk.Model(str(folder))
            vosk.KaldiRecognizer(self._model, self.rate)
        except Exception as error:  # vosk raises the bare class
            raise NoModel(f"the speech model {folder} cannot be loaded: {error}") from error

    def listen(self, rate: int) -> "VoskListening":
        return VoskListening(vosk.KaldiRecognizer(self._model, self.rate), rate, self.rate)

    def transcribe(self, pcm: bytes, rate: int) -> list[Word]:
        listening = self.listen(rate)
        listening.feed(pcm)
        return listening.finish()


class VoskListening:
    """One person's speech on its way through vosk."""

    def __init__(self, decoder: _Decoder, rate: int, model_rate: int) -> None:
        decoder.SetWords(True)
        self._decoder = decoder
        self._chunk_bytes = 2 * int(CHUNK_S * rate)
        self._upward = (
            None
            if rate == model_rate
            else soxr.ResampleStream(rate, model_rate, num_channels=1, dtype="int16")
        )
        self._words: list[Word] = []

    def feed(self, pcm: bytes) -> None:
        for at in range(0, len(pcm), self._chunk_bytes):
            self._accept(pcm[at : at + self._chunk_bytes], last=False)

    def finish(self) -> list[Word]:
        self._accept(b"", last=True)
        self._words += _words(self._decoder.FinalResult())
        return self._words

    def _accept(self, pcm: bytes, *, last: bool) -> None:
        if self._upward is not None:
            pcm = self._upward.resample_chunk(np.frombuffer(pcm, "<i2"), last=last).tobytes()
        if pcm and self._decoder.AcceptWaveform(pcm):
            self._words += _words(self._decoder.Result())


def find_problem(folder: Path) -> str | None:
    """Why vosk could not use this folder, as half a sentence; None when all its files are there.

    Vosk itself says nothing clear of a missing file, and of a missing Gr.fst only much later.
    """
    if not folder.is_dir():
        return "there is no such folder"
    composed = any((folder / name).exists() for name in _COMPOSED_GRAPH)
    needed = _NEEDED + (_COMPOSED_GRAPH if composed else _WHOLE_GRAPH)
    lacking = [name for name in needed if not _has_bytes(folder / name)]
    return f"missing or empty: {', '.join(lacking)}" if lacking else None


def model_rate(folder: Path) -> int:
    """Samples per second that the model was trained on."""
    found = _SAMPLE_FREQUENCY.search((folder / "conf/mfcc.conf").read_text(encoding="utf-8"))
    return int(found[1]) if found else _DEFAULT_RATE


def _has_bytes(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _words(result: str) -> Iterator[Word]:
    for heard in msgspec.json.decode(result, type=_Heard).result:
        if heard.word != UNKNOWN:
            yield Word(heard.word, heard.start, heard.end, heard.conf)
