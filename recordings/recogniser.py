"""The port to speech recognition: samples of one person in, words with times out.

What stands behind it (Vosk, or a fake in tests) is chosen by whoever starts the transcriber.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from foundation.errors import ResourceError

UNKNOWN = "[unk]"
"What a model answers for a sound that is none of its words."


class NoModel(ResourceError):
    """The speech model is missing, half-written or not one that can be loaded."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word that was heard; times count from the first sample of the recording."""

    text: str
    start_s: float
    end_s: float
    confidence: float
    "0 to 1, the recogniser's own opinion."


class Listening(Protocol):
    """One person's speech being recognised, piece by piece. All calls block: off the event loop."""

    def feed(self, pcm: bytes) -> None:
        """Mono 16-bit samples, continuing those before; any length of whole samples."""

    def finish(self) -> list[Word]:
        """All words from the start; nothing may be fed after it."""


class LiveListening(Protocol):
    """One answer being recognised while it is spoken. All calls block: off the event loop."""

    def feed(self, pcm: bytes) -> str:
        """Mono 16-bit samples; returns what is understood so far, unknown words included."""

    def finish(self) -> list[Word]:
        """All words, those that are unknown with the text `UNKNOWN`."""


class Following(Protocol):
    """One person's talk being recognised while it goes on. All calls block: off the event loop."""

    def feed(self, pcm: bytes) -> "tuple[list[Word], str]":
        """Mono 16-bit samples; returns the words that are sure now, and what is understood of
        those after them, which may still change."""

    def finish(self) -> list[Word]:
        """The last words."""


class TalkRecogniser(Protocol):
    """A loaded model that can follow a talk while it goes on."""

    def follow(self, rate: int) -> Following:
        """Anything may be said."""


class LiveRecogniser(TalkRecogniser, Protocol):
    """A loaded model that can listen to people while they speak."""

    def listen_live(self, rate: int, phrases: Sequence[str]) -> LiveListening:
        """`phrases`: all that may be said; empty, or of words that it does not know: anything."""


class Recogniser(Protocol):
    """A loaded model of one language."""

    def listen(self, rate: int) -> Listening:
        """Starts on speech of `rate` samples per second."""

    def transcribe(self, pcm: bytes, rate: int) -> list[Word]:
        """Mono 16-bit samples of one person, all at once; blocks while it listens."""
