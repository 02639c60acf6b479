"""Sentences with values become files while the caller waits."""

import asyncio
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from callcenter import speaking
from callcenter.speaking import Speaking
from foundation.errors import Unavailable
from foundation.ids import CallId
from ivr import audio
from ivr.prompts import PromptOptions, Prompts
from ivr.spoken import Kind, Prompt, Spoken, Value

C1 = CallId("c-1")
COST = Spoken(
    {
        "en": ("Order ", Value(Kind.DIGITS, "12"), " costs ", Value(Kind.MONEY, Decimal("9.5"))),
        "zh": ("订单", Value(Kind.DIGITS, "12")),
    }
)


def exists(file: str) -> bool:
    return Path(file).exists()


class Voice:
    def __init__(self) -> None:
        self.asked: list[str] = []
        self.may_speak = asyncio.Event()
        self.may_speak.set()
        self.is_dead = False

    async def synthesise(self, text: str, voice: str, speed: int) -> bytes:
        await self.may_speak.wait()
        if self.is_dead:
            raise Unavailable("speech synthesis is away")
        self.asked.append(text)
        return audio.to_pcm(np.full(800, 0.1, np.float32))


class Studio:
    def __init__(self, folder: Path) -> None:
        options = PromptOptions(own=folder / "own", cache=folder / "cache" / "prompts")
        self.voice = Voice()
        self.played: list[list[str]] = []
        self.speaking = Speaking(Prompts({}, self.voice, options), self.voice, options)

    async def say(self, *items: Prompt | Spoken, languages: tuple[str, ...] = ("en",)) -> None:
        has_played = asyncio.Event()

        def play(files: list[str]) -> None:
            self.played.append(files)
            has_played.set()

        self.speaking.say(C1, items, languages, play)
        await has_played.wait()


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


async def test_sentence_is_made_in_each_language_and_kept(studio: Studio) -> None:
    await studio.say(Prompt("nothing"), COST, languages=("en", "zh"))
    silence, english, chinese = studio.played[0]
    assert studio.voice.asked == ["Order 1 2 costs 9.5", "订单幺二"]
    assert silence == "silence:100"
    assert exists(english)
    await studio.say(COST)
    assert studio.played[1] == [english]
    assert len(studio.voice.asked) == 2
    assert chinese != english


async def test_sentence_that_cannot_be_made_is_left_out(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    studio.voice.is_dead = True
    await studio.say(COST)
    assert studio.played == [[]]
    assert "is left out" in caplog.text


async def test_sentence_is_not_played_after_it_was_stopped(studio: Studio) -> None:
    studio.voice.may_speak.clear()
    studio.speaking.say(C1, [COST], ("en",), studio.played.append)
    await asyncio.sleep(0)
    studio.speaking.stop(C1)
    studio.voice.may_speak.set()
    for _ in range(10):
        await asyncio.sleep(0)
    assert studio.played == []


async def test_sentences_said_long_ago_are_deleted(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speaking, "MOST_FILES", 2)
    for order in ("1", "2", "3"):
        await studio.say(Spoken({"en": ("Order ", Value(Kind.DIGITS, order))}))
    assert [exists(played[0]) for played in studio.played] == [False, True, True]


async def test_sentences_of_an_earlier_process_are_deleted(tmp_path: Path) -> None:
    first = Studio(tmp_path)
    await first.say(COST)
    Studio(tmp_path)
    assert not exists(first.played[0][0])
