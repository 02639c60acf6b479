"""Talks to judge, written as text with times."""

from collections.abc import Sequence

from recordings.quality.pack import Pack
from recordings.quality.talk import SideTalk, Span, Stretch, Talk, Voice
from recordings.quality.written import parse
from recordings.recogniser import Word
from telephony.calls.events import EndedBy

WORD_S = 0.3


def pack(text: str, name: str = "test") -> Pack:
    return parse(text, f"{name}.yaml", name)


def words(text: str, start_s: float = 1.0, confidence: float = 1.0) -> list[Word]:
    """One word after the other, as a recogniser gives them: apart by spaces."""
    return [
        Word(word, start_s + at * WORD_S, start_s + (at + 1) * WORD_S, confidence)
        for at, word in enumerate(text.split())
    ]


def voice(stretches: Sequence[Stretch] = (), level_dbfs: float = -26.0) -> Voice:
    return Voice(60.0, level_dbfs if stretches else -90.0, tuple(stretches))


def speech(*spans: Span, pitch_hz: float = 120.0, level_dbfs: float = -26.0) -> Voice:
    return voice([Stretch(start, end, pitch_hz, level_dbfs) for start, end in spans], level_dbfs)


def talk(
    agent: Sequence[Word] = (),
    caller: Sequence[Word] = (),
    *,
    language: str = "zh",
    agent_voice: Voice | None = None,
    caller_voice: Voice | None = None,
    duration_s: float = 60.0,
    holds: Sequence[Span] = (),
    ended_by: EndedBy | None = EndedBy.CALLER,
) -> Talk:
    return Talk(
        caller=SideTalk(language, tuple(caller), caller_voice),
        agent=SideTalk(language, tuple(agent), agent_voice),
        duration_s=duration_s,
        holds=tuple(holds),
        ended_by=ended_by,
    )
