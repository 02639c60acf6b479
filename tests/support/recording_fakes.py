"""Recordings to test with, and a recogniser that hears what the samples spell."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from foundation.errors import Unavailable
from foundation.ids import AgentId, CallId, QueueId, RecordingId
from recordings.messages import Reply, Request
from recordings.recogniser import NoModel, Word
from recordings.recording import Recording

STARTED = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def recording(
    number: int = 1,
    *,
    call: str = "c-1",
    agent: str = "agent0001",
    queue: str = "orders",
    started: datetime = STARTED,
    languages: tuple[str, str] = ("en", "zh"),
) -> Recording:
    return Recording(
        recording_id=RecordingId(f"r-{number}"),
        call_id=CallId(call),
        agent_id=AgentId(agent),
        queue=QueueId(queue),
        file=f"r-{number}.wav",
        started=started,
        languages=languages,
    )


class SpellingRecogniser:
    """Hears one word for each run of equal samples: its value, said at its time."""

    def __init__(self, name: str, confidence: float = 1.0) -> None:
        self.name = name
        self.confidence = confidence
        self.pieces: list[int] = []
        "Bytes of each piece it was fed."

    def listen(self, rate: int) -> "SpellingListening":
        return SpellingListening(self, rate)

    def transcribe(self, pcm: bytes, rate: int) -> list[Word]:
        listening = self.listen(rate)
        listening.feed(pcm)
        return listening.finish()


class SpellingListening:
    def __init__(self, owner: SpellingRecogniser, rate: int) -> None:
        self._owner = owner
        self._rate = rate
        self._pcm = b""

    def feed(self, pcm: bytes) -> None:
        self._owner.pieces.append(len(pcm))
        self._pcm += pcm

    def finish(self) -> list[Word]:
        samples = np.frombuffer(self._pcm, "<i2").tolist()
        starts = [i for i, x in enumerate(samples) if x and (i == 0 or samples[i - 1] != x)]
        return [
            Word(
                f"{self._owner.name}{samples[i]}",
                i / self._rate,
                (i + 1) / self._rate,
                self._owner.confidence,
            )
            for i in starts
        ]


class SpellingModels:
    """Loads a `SpellingRecogniser` named like the folder; `broken` folders fail."""

    def __init__(
        self, broken: frozenset[str] = frozenset(), confidence: Mapping[str, float] | None = None
    ) -> None:
        self.broken = broken
        self.confidence = confidence or {}
        self.loaded: list[SpellingRecogniser] = []

    def __call__(self, folder: Path) -> SpellingRecogniser:
        if folder.name in self.broken:
            raise NoModel(f"the speech model {folder} cannot be used: it is broken")
        confidence = self.confidence.get(folder.name, 1.0)
        self.loaded.append(SpellingRecogniser(folder.name, confidence))
        return self.loaded[-1]


class ScriptedCore:
    """Answers the transcriber's requests by a function; away for the first `away` of them."""

    def __init__(self, answer: Callable[[Request], Reply], away: int = 0) -> None:
        self._answer = answer
        self._away = away
        self.asked: list[Request] = []

    async def ask(self, message: Request) -> Reply:
        if self._away:
            self._away -= 1
            raise Unavailable("core is being started again")
        self.asked.append(message)
        return self._answer(message)
