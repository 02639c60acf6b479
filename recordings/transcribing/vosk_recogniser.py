"""Vosk behind the recogniser's port; the only file that knows Vosk.

Telephone speech comes at 8 kHz. The model says in its `mfcc.conf` what it was trained on: the small
ones here 8 kHz, the official ones 16 kHz, for which soxr adds the missing samples (never vosk
itself: Kaldi only drops them).

Never import `kaldifst` in a process that uses this file: the two clash and hang or crash.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import msgspec
import numpy as np
import soxr
import vosk

from recordings.recogniser import UNKNOWN, NoModel, Word

CHUNK_S = 0.2
"How much speech goes to vosk in one call."
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

    def PartialResult(self) -> str: ...

    def FinalResult(self) -> str: ...


class _HeardWord(msgspec.Struct):
    word: str
    start: float
    end: float
    conf: float


class _Heard(msgspec.Struct):
    """What `Result()` returns; without `result` when nothing was said."""

    result: list[_HeardWord] = []


class _HeardPartly(msgspec.Struct):
    partial: str = ""


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

    def listen_live(self, rate: int, phrases: Sequence[str]) -> "VoskLive":
        grammar = self._grammar(phrases)
        if grammar is None:
            return VoskLive(vosk.KaldiRecognizer(self._model, self.rate), rate, self.rate)
        text = json.dumps([*grammar, UNKNOWN], ensure_ascii=False)
        return VoskLive(vosk.KaldiRecognizer(self._model, self.rate, text), rate, self.rate)

    def follow(self, rate: int) -> "VoskFollowing":
        return VoskFollowing(vosk.KaldiRecognizer(self._model, self.rate), rate, self.rate)

    def _grammar(self, phrases: Sequence[str]) -> list[str] | None:
        """The phrases in words of the model; None where there is none, or one has other words."""
        split = [split_into_words(phrase, self._knows) for phrase in phrases]
        words = [" ".join(one) for one in split if one]
        return words if words and len(words) == len(phrases) else None

    def _knows(self, word: str) -> bool:
        return int(self._model.vosk_model_find_word(word)) >= 0

    def transcribe(self, pcm: bytes, rate: int) -> list[Word]:
        listening = self.listen(rate)
        listening.feed(pcm)
        return listening.finish()


class _Stream:
    """Samples on their way into vosk, at the model's rate."""

    def __init__(self, decoder: _Decoder, rate: int, model_rate: int) -> None:
        decoder.SetWords(True)
        self._decoder = decoder
        self._upward = (
            None
            if rate == model_rate
            else soxr.ResampleStream(rate, model_rate, num_channels=1, dtype="int16")
        )

    def accept(self, pcm: bytes, *, last: bool) -> bool:
        """True: vosk has a result."""
        if self._upward is not None:
            pcm = self._upward.resample_chunk(np.frombuffer(pcm, "<i2"), last=last).tobytes()
        return bool(pcm and self._decoder.AcceptWaveform(pcm))


class VoskLive(_Stream):
    """One answer while it is spoken."""

    def __init__(self, decoder: _Decoder, rate: int, model_rate: int) -> None:
        super().__init__(decoder, rate, model_rate)
        self._words: list[Word] = []

    def feed(self, pcm: bytes) -> str:
        if self.accept(pcm, last=False):
            self._words += _heard(self._decoder.Result())
        partly = msgspec.json.decode(self._decoder.PartialResult(), type=_HeardPartly)
        return " ".join([*(word.text for word in self._words), partly.partial]).strip()

    def finish(self) -> list[Word]:
        self.accept(b"", last=True)
        self._words += _heard(self._decoder.FinalResult())
        return self._words


class VoskFollowing(_Stream):
    """One side of a talk while it goes on."""

    def feed(self, pcm: bytes) -> tuple[list[Word], str]:
        sure = list(_words(self._decoder.Result())) if self.accept(pcm, last=False) else []
        partly = msgspec.json.decode(self._decoder.PartialResult(), type=_HeardPartly).partial
        return sure, " ".join(word for word in partly.split() if word != UNKNOWN)

    def finish(self) -> list[Word]:
        self.accept(b"", last=True)
        return list(_words(self._decoder.FinalResult()))


class VoskListening(_Stream):
    """One person's speech on its way through vosk."""

    def __init__(self, decoder: _Decoder, rate: int, model_rate: int) -> None:
        super().__init__(decoder, rate, model_rate)
        self._chunk_bytes = 2 * int(CHUNK_S * rate)
        self._words: list[Word] = []

    def feed(self, pcm: bytes) -> None:
        for at in range(0, len(pcm), self._chunk_bytes):
            self._accept(pcm[at : at + self._chunk_bytes], last=False)

    def finish(self) -> list[Word]:
        self._accept(b"", last=True)
        self._words += _words(self._decoder.FinalResult())
        return self._words

    def _accept(self, pcm: bytes, *, last: bool) -> None:
        if self.accept(pcm, last=last):
            self._words += _words(self._decoder.Result())


def split_into_words(phrase: str, knows: Callable[[str], bool]) -> list[str]:
    """'不是的' as 不是 的: Chinese is cut into the longest words that are known; [] where a word
    is unknown."""
    words: list[str] = []
    for written in phrase.lower().split():
        if knows(written) or written.isascii():
            words += [written] if knows(written) else [""]
        else:
            words += _longest_words(written, knows)
    return words if all(words) else []


def _longest_words(text: str, knows: Callable[[str], bool]) -> Iterator[str]:
    """'' stands for what is unknown."""
    while text:
        lengths = (length for length in range(len(text), 0, -1) if knows(text[:length]))
        length = next(lengths, 0)
        yield text[:length]
        text = text[length or 1 :]


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
    """Without those that are unknown: a transcript holds words, and the gap in their times shows
    that something else was said."""
    return (word for word in _heard(result) if word.text != UNKNOWN)


def _heard(result: str) -> Iterator[Word]:
    for heard in msgspec.json.decode(result, type=_Heard).result:
        yield Word(heard.word, heard.start, heard.end, heard.conf)
