"""Names become files that can be played."""

import logging
import wave
from pathlib import Path

import numpy as np
import pytest

from foundation.errors import Unavailable
from ivr import audio
from ivr.prompts import PromptOptions, Prompts

BOTH = ("en", "zh")
GREETING = {"greeting": {"en": "Welcome.", "zh": "欢迎。"}}


class FakeSynthesiser:
    """Half a second of tone for everything; remembers what it was asked for."""

    def __init__(self, *, dead: bool = False) -> None:
        self.asked: list[tuple[str, str]] = []
        self.dead = dead

    async def synthesise(self, text: str, voice: str, speed: int) -> bytes:
        if self.dead:
            raise Unavailable("speech synthesis is away")
        self.asked.append((text, voice))
        return audio.to_pcm(np.full(4000, 0.1, np.float32))


@pytest.fixture
def options(tmp_path: Path) -> PromptOptions:
    (tmp_path / "prompts").mkdir()
    return PromptOptions(own=tmp_path / "prompts", cache=tmp_path / "cache")


def record(options: PromptOptions, name: str) -> None:
    audio.write_wav(options.own / name, audio.to_pcm(np.full(8000, 0.3, np.float32)))


async def test_greeting_is_played_in_both_languages_one_after_the_other(
    options: PromptOptions,
) -> None:
    voice = FakeSynthesiser()
    prompts = Prompts(GREETING, voice, options)
    assert await prompts.prepare() == []

    english, chinese = prompts.named("greeting", BOTH)
    assert english != chinese
    assert prompts.named("greeting", ("zh",)) == [chinese]
    assert ("Welcome.", "en-us+f3") in voice.asked
    assert ("欢迎。", "cmn-latn-pinyin+f3") in voice.asked


async def test_files_are_8_khz_mono_16_bit_with_absolute_paths(options: PromptOptions) -> None:
    prompts = Prompts(GREETING, FakeSynthesiser(), options)
    await prompts.prepare(["1001"])
    for item in [
        *prompts.named("greeting", BOTH),
        *prompts.named("line_fault", BOTH),
        *prompts.named("all_busy", BOTH),
        *prompts.agent_number("1001", BOTH),
        *prompts.position(3, BOTH),
        *prompts.named("music", BOTH),
    ]:
        assert Path(item).is_absolute()
        with wave.open(item, "rb") as wav:
            assert (wav.getframerate(), wav.getnchannels(), wav.getsampwidth()) == (8000, 1, 2)
            assert wav.getnframes() > 0


async def test_what_is_in_the_cache_is_not_spoken_again(options: PromptOptions) -> None:
    await Prompts(GREETING, FakeSynthesiser(), options).prepare(["1001"])
    later = FakeSynthesiser()
    prompts = Prompts({"greeting": {"en": "Hello!", "zh": "欢迎。"}}, later, options)
    await prompts.prepare(["1001"])
    assert later.asked == [("Hello!", "en-us+f3")]


async def test_recording_without_language_is_played_once_for_all_languages(
    options: PromptOptions,
) -> None:
    record(options, "greeting.wav")
    voice = FakeSynthesiser()
    prompts = Prompts(GREETING, voice, options)
    await prompts.prepare()
    assert len(prompts.named("greeting", BOTH)) == 1
    assert "Welcome." not in [text for text, _ in voice.asked]


async def test_recording_of_one_language_wins_over_its_words_only(options: PromptOptions) -> None:
    record(options, "greeting.zh.wav")
    voice = FakeSynthesiser()
    prompts = Prompts(GREETING, voice, options)
    await prompts.prepare()
    assert len(prompts.named("greeting", BOTH)) == 2
    texts = [text for text, _ in voice.asked]
    assert "Welcome." in texts
    assert "欢迎。" not in texts


async def test_changed_recording_is_converted_again(options: PromptOptions) -> None:
    record(options, "greeting.wav")
    prompts = Prompts(GREETING, FakeSynthesiser(), options)
    await prompts.prepare()
    before = prompts.named("greeting", BOTH)
    audio.write_wav(options.own / "greeting.wav", bytes(32000))
    again = Prompts(GREETING, FakeSynthesiser(), options)
    await again.prepare()
    assert again.named("greeting", BOTH) != before


async def test_position_and_agent_are_whole_sentences(options: PromptOptions) -> None:
    voice = FakeSynthesiser()
    prompts = Prompts({}, voice, options)
    await prompts.prepare(["1001"])
    texts = [text for text, _ in voice.asked]
    assert "You are number 3 in the queue." in texts
    assert "您排在第三位。" in texts
    assert "Agent 1 0 0 1 will serve you." in texts
    assert "工号幺零零幺，为您服务。" in texts


async def test_far_back_in_the_queue_the_exact_place_is_not_told(options: PromptOptions) -> None:
    prompts = Prompts({}, FakeSynthesiser(), options)
    await prompts.prepare()
    assert prompts.position(21, BOTH) == prompts.position(500, BOTH)
    assert prompts.position(20, BOTH) != prompts.position(21, BOTH)


async def test_agent_who_came_later_is_announced_too(options: PromptOptions) -> None:
    prompts = Prompts({}, FakeSynthesiser(), options)
    await prompts.prepare()
    assert await prompts.add_agent("1007") == []
    assert len(prompts.agent_number("1007", BOTH)) == 2


async def test_missing_language_falls_back_to_one_that_is_there(options: PromptOptions) -> None:
    prompts = Prompts({"only": {"zh": "好"}}, FakeSynthesiser(), options)
    await prompts.prepare()
    assert len(prompts.named("only", ("en",))) == 1


async def test_own_music_is_looped_instead_of_ours(options: PromptOptions) -> None:
    record(options, "jazz.wav")
    prompts = Prompts({}, FakeSynthesiser(), options)
    await prompts.prepare()
    assert prompts.named("jazz", BOTH) != prompts.named("music", BOTH)


async def test_dead_synthesis_is_told_and_recordings_still_play(options: PromptOptions) -> None:
    record(options, "greeting.wav")
    (options.own / "broken.wav").write_bytes(b"")
    prompts = Prompts(
        {**GREETING, "bye": {"en": "Bye.", "fr": "Salut."}}, FakeSynthesiser(dead=True), options
    )
    problems = await prompts.prepare()
    assert any("broken.wav" in problem for problem in problems)
    assert "prompt 'bye' in 'en': speech synthesis is away" in problems
    assert "prompt 'bye': no voice is configured for the language 'fr'" in problems
    assert len(prompts.named("greeting", BOTH)) == 1
    assert len(prompts.named("music", ())) == 1


async def test_unknown_name_plays_a_moment_of_silence_and_is_logged(
    options: PromptOptions, caplog: pytest.LogCaptureFixture
) -> None:
    prompts = Prompts({}, FakeSynthesiser(), options)
    with caplog.at_level(logging.WARNING):
        assert prompts.named("nope", BOTH) == ["silence:100"]
    assert "'nope'" in caplog.text
