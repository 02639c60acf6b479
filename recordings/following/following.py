"""Follows talks while they go on: audio of one side in, sentences out to whoever reads them.

    media worker ─ 100 ms at a time ─▶ LiveAudio ─▶ models, in niced threads ─▶ Said, Saying ─▶ web

A talk never waits for this. What the models do not keep up with is left out: first the media
worker drops what finds the socket full, then audio that has waited too long here is skipped.
"""

import asyncio
import logging
import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from foundation import clock
from recordings.following import listen_messages as m
from recordings.following.live_words import Began, Over, Said, Saying, Told
from recordings.recogniser import Following, TalkRecogniser, Word
from recordings.transcribing.readable import joined, sentences
from telephony.media.sound.g711 import SAMPLE_RATE_HZ

log = logging.getLogger(__name__)

NICENESS = 10
"Of the threads, as the transcriber has it."
THREADS = 2
MOST_BEHIND_S = 8.0
"Audio that has waited longer is skipped."
SURE_AFTER_S = 2.0
"Of understood speech: then it is known which language is spoken."
MOST_KEPT = 400
"Sentences of a side that a reader who comes late is told."


class Source(Protocol):
    """`following.live_audio.LiveAudio`, or a test's."""

    async def samples(self) -> np.ndarray:
        """All that has come, some at least; raises `NoAudio` at the end."""


@dataclass(slots=True, eq=False)
class _Side:
    follow: m.Follow
    began: Began
    said: deque[Said] = field(default_factory=lambda: deque(maxlen=MOST_KEPT))
    saying: Saying | None = None


@dataclass(slots=True)
class _Ear:
    """One model on one side."""

    following: Following
    words: list[Word] = field(default_factory=list)
    "That are sure and were not told yet."
    partly: str = ""

    @property
    def understood_s(self) -> float:
        return sum(word.confidence * (word.end_s - word.start_s) for word in self.words)


class Followers:
    """All sides that are followed."""

    def __init__(self, models: Mapping[str, TalkRecogniser], tell: Callable[[Told], None]) -> None:
        """`models`: by language; may be filled later."""
        self._models = models
        self._tell = tell
        self._sides: list[_Side] = []
        # os.nice lowers the calling thread alone on Linux: questions of flows are not slowed.
        self._pool = ThreadPoolExecutor(THREADS, "follow", os.nice, (NICENESS,))

    def why_not(self, follow: m.Follow) -> str:
        """'' when some model knows one of the languages."""
        if any(language in self._models for language in follow.languages):
            return ""
        return f"there is no speech model for {', '.join(follow.languages) or 'no language'}"

    def told_so_far(self) -> Iterator[Told]:
        """What one who begins to read now must know."""
        for side in self._sides:
            yield side.began
            yield from side.said
            if side.saying is not None:
                yield side.saying

    async def follow(self, follow: m.Follow, source: Source) -> None:
        """Until it is cancelled, or the audio ends (`NoAudio`)."""
        who = {"call_id": follow.call_id, "side": follow.side}
        side = _Side(follow, Began(**who, at_s=clock.monotonic_s()))
        self._sides.append(side)
        self._tell(side.began)
        try:
            await self._hear(side, source)
        finally:
            self._sides.remove(side)
            self._tell(Over(**who))

    async def _hear(self, side: _Side, source: Source) -> None:
        ears = {
            language: _Ear(self._models[language].follow(SAMPLE_RATE_HZ))
            for language in side.follow.languages
            if language in self._models
        }
        skipped_s = 0.0
        loop = asyncio.get_running_loop()
        while True:
            pcm = await source.samples()
            behind_s = len(pcm) / SAMPLE_RATE_HZ
            if behind_s > MOST_BEHIND_S:
                log.info("[%s] %.0f s were not followed", side.follow.call_id, behind_s)
                skipped_s += behind_s
                continue
            for ear in ears.values():
                words, ear.partly = await loop.run_in_executor(
                    self._pool, ear.following.feed, pcm.tobytes()
                )
                ear.words += words
            ears = _settled(ears)
            self._tell_news(side, ears, side.began.at_s + skipped_s)

    def _tell_news(self, side: _Side, ears: Mapping[str, _Ear], began_s: float) -> None:
        """Sentences when the language is known, until then what the best model makes of it."""
        language = max(ears, key=lambda one: _promise(ears[one]))
        ear = ears[language]
        if len(ears) == 1 and ear.words:
            for said in _said(side.follow, language, ear.words, began_s):
                side.said.append(said)
                self._tell(said)
            ear.words = []
        text = joined([*(word.text for word in ear.words), *ear.partly.split()])
        if text != (side.saying.text if side.saying else ""):
            side.saying = Saying(call_id=side.follow.call_id, side=side.follow.side, text=text)
            self._tell(side.saying)


def _settled(ears: dict[str, _Ear]) -> dict[str, _Ear]:
    """The one that understands most, as soon as that is sure; all of them before."""
    best = max(ears, key=lambda one: ears[one].understood_s)
    return {best: ears[best]} if ears[best].understood_s >= SURE_AFTER_S else ears


def _promise(ear: _Ear) -> tuple[float, int]:
    return ear.understood_s, len(ear.partly)


def _said(follow: m.Follow, language: str, words: Sequence[Word], began_s: float) -> list[Said]:
    return [
        Said(
            call_id=follow.call_id,
            side=follow.side,
            text=each.text,
            language=language,
            at_s=began_s + each.start_s,
            end_s=began_s + each.end_s,
        )
        for each in sentences(words, language)
    ]
