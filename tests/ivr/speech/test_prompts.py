"""Names become files that can be played."""

import asyncio
import logging
import wave
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from foundation.errors import Overloaded, Unavailable
from ivr.speech import audio
from ivr.speech.free_text import MOST_WAITING, FreeText
from ivr.speech.prompts import BREATH, NOTHING, PromptOptions, Prompts
from ivr.speech.sounds import Sounds
from ivr.speech.spoken import Item, Kind, Prompt, Spoken, Value

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
    assert "prompt 'bye' in 'fr': no voice is configured for the language 'fr'" in problems
    assert len(prompts.named("greeting", BOTH)) == 1
    assert len(prompts.named("music", ())) == 1


async def test_unknown_name_plays_a_moment_of_silence_and_is_logged(
    options: PromptOptions, caplog: pytest.LogCaptureFixture
) -> None:
    prompts = Prompts({}, FakeSynthesiser(), options)
    with caplog.at_level(logging.WARNING):
        assert prompts.named("nope", BOTH) == ["silence:100"]
    assert "'nope'" in caplog.text


# -- sentences with values -------------------------------------------------------------------------

ORDER = Spoken(
    {
        "en": ("Your order ", Value(Kind.DIGITS, "10086"), " costs ", price := Value(
            Kind.MONEY, Decimal("12.50")
        ), "."),
        "zh": ("订单", Value(Kind.DIGITS, "10086"), "共", price, "。"),
    }
)  # fmt: skip
KNOWN = [
    ("en", "Your order "), ("en", Kind.DIGITS), ("en", " costs "), ("en", Kind.MONEY), ("en", "."),
    ("zh", "订单"), ("zh", Kind.DIGITS), ("zh", "共"), ("zh", Kind.MONEY), ("zh", "。"),
]  # fmt: skip


async def test_sentence_with_values_is_said_without_synthesis(options: PromptOptions) -> None:
    await Prompts({}, FakeSynthesiser(), options, KNOWN).prepare()
    prompts = Prompts({}, FakeSynthesiser(dead=True), options, KNOWN)
    assert await prompts.prepare() == []
    english = prompts.find([ORDER], ["en"])
    assert english is not None
    # your order · 5 digits · costs · twelve point five yuan
    assert len(english) == 1 + 5 + 1 + 4
    both = prompts.find([ORDER], BOTH)
    assert both is not None
    assert both[: len(english)] == english
    assert len(both) == len(english) + 1 + 5 + 1 + 4


async def test_prompts_and_sentences_are_played_in_their_order(options: PromptOptions) -> None:
    prompts = Prompts(GREETING, FakeSynthesiser(), options, KNOWN)
    await prompts.prepare()
    found = prompts.find([Prompt("greeting"), ORDER], ["zh"])
    assert found is not None
    assert found[:1] == prompts.named("greeting", ["zh"])


async def test_digits_of_a_long_number_have_breaths_between(options: PromptOptions) -> None:
    prompts = Prompts({}, FakeSynthesiser(), options, [("zh", Kind.DIGITS)])
    await prompts.prepare()
    found = prompts.find([Spoken({"zh": (Value(Kind.DIGITS, "13800138000"),)})], ["zh"])
    assert found is not None
    assert [at for at, item in enumerate(found) if item == BREATH] == [3, 8]


async def test_recorded_number_word_wins_over_the_voice(options: PromptOptions) -> None:
    record(options, "say_five.en.wav")
    voice = FakeSynthesiser()
    prompts = Prompts({}, voice, options, [("en", Kind.NUMBER)])
    await prompts.prepare()
    texts = [text for text, _ in voice.asked]
    assert "five" not in texts
    assert "six" in texts
    assert prompts.find([Spoken({"en": (Value(Kind.NUMBER, Decimal(5)),)})], ["en"]) is not None


def free(text: str) -> Spoken:
    return Spoken({"en": (Value(Kind.TEXT, text),)})


async def test_free_text_is_spoken_once_and_then_at_hand(options: PromptOptions) -> None:
    voice = FakeSynthesiser()
    prompts = Prompts({}, voice, options)
    await prompts.prepare()
    voice.asked.clear()
    assert prompts.find([free("Ms Li")], ["en"]) is None
    made = await prompts.make([free("Ms Li")], ["en"])
    assert prompts.find([free("Ms Li")], ["en"]) == made
    assert await prompts.make([free("Ms Li")], ["en"]) == made
    assert voice.asked == [("Ms Li", "en-us+f3")]

    later = Prompts({}, FakeSynthesiser(dead=True), options)
    await later.prepare()
    assert later.find([free("Ms Li")], ["en"]) == made


async def test_free_text_takes_no_more_room_than_it_may(options: PromptOptions) -> None:
    narrow = replace(options, free_text_bytes=20_000)  # a fake's text takes 8 kB and its header
    prompts = Prompts({}, FakeSynthesiser(), narrow)
    await prompts.prepare()
    for text in ("one", "two", "one", "three"):
        await prompts.make([free(text)], ["en"])
    assert prompts.find([free("two")], ["en"]) is None
    assert prompts.find([free("one")], ["en"]) is not None
    assert len(list((options.cache / "free").glob("*.wav"))) == 2


async def test_text_that_nobody_speaks_is_left_out_and_the_rest_is_heard(
    options: PromptOptions, caplog: pytest.LogCaptureFixture
) -> None:
    voice = FakeSynthesiser()
    prompts = Prompts(GREETING, voice, options)
    await prompts.prepare()
    voice.dead = True
    items: list[Item] = [Prompt("greeting"), free("Ms Li")]
    with caplog.at_level(logging.WARNING):
        assert await prompts.make(items, ["en"]) == prompts.named("greeting", ["en"])
        assert await prompts.make([free("x" * 501)], ["en"]) == [NOTHING]
    assert "speech synthesis is away" in caplog.text
    assert "501 characters are too many" in caplog.text


async def test_caller_waits_for_free_text_only_so_long(options: PromptOptions) -> None:
    class Slow(FakeSynthesiser):
        async def synthesise(self, text: str, voice: str, speed: int) -> bytes:
            if text == "slow":
                await asyncio.Event().wait()
            return await super().synthesise(text, voice, speed)

    prompts = Prompts({}, Slow(), replace(options, free_text_within_s=0.0))
    await prompts.prepare()
    assert await prompts.make([free("slow")], ["en"]) == [NOTHING]


async def test_only_so_many_texts_may_wait_to_be_spoken(options: PromptOptions) -> None:
    gate = asyncio.Event()

    class Held(FakeSynthesiser):
        async def synthesise(self, text: str, voice: str, speed: int) -> bytes:
            await gate.wait()
            return await super().synthesise(text, voice, speed)

    voice = Held()
    free_text = FreeText(Sounds(voice, options), options)
    waiting = [
        asyncio.create_task(free_text.make(str(number), "en")) for number in range(MOST_WAITING)
    ]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await free_text.make("one more", "en")
    gate.set()
    assert len({*await asyncio.gather(*waiting)}) == MOST_WAITING


# -- expected wait ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expected_s", "english", "chinese"),
    [
        (20.0, "Your wait will be less than one minute.", "预计等待时间不到一分钟。"),
        (60.0, "Your wait will be about one minute.", "预计等待时间约一分钟。"),
        (120.0, "Your wait will be about two minutes.", "预计等待时间约两分钟。"),
        (700.0, "Your wait will be about fifteen minutes.", "预计等待时间约十五分钟。"),
        (3601.0, "Your wait may be more than one hour.", "预计等待时间超过一小时。"),
    ],
)
async def test_expected_wait_is_told(
    options: PromptOptions, expected_s: float, english: str, chinese: str
) -> None:
    prompts = Prompts({}, FakeSynthesiser(), options)
    await prompts.prepare()
    sounds = Sounds(FakeSynthesiser(), options)
    assert prompts.wait(expected_s, False, BOTH) == [
        str(sounds.file_of(english, "en")),
        str(sounds.file_of(chinese, "zh")),
    ]


async def test_wait_that_grows_is_owned_up_to_and_an_unknown_one_is_not_told(
    options: PromptOptions,
) -> None:
    prompts = Prompts({}, FakeSynthesiser(), options)
    await prompts.prepare()
    assert prompts.wait(None, False, BOTH) == []
    assert prompts.wait(None, True, BOTH) == prompts.named("wait_longer", BOTH)


async def test_progress_is_told_to_its_end(options: PromptOptions) -> None:
    told: list[tuple[int, int]] = []
    prompts = Prompts(GREETING, FakeSynthesiser(), options)
    await prompts.prepare(progress=lambda done, total: told.append((done, total)))
    total = told[0][1]
    assert [done for done, _ in told] == list(range(total + 1))


async def test_dead_synthesis_is_not_asked_for_every_word(options: PromptOptions) -> None:
    prompts = Prompts({}, FakeSynthesiser(dead=True), options, KNOWN)
    problems = await prompts.prepare()
    assert len(problems) == 4
    assert "prompts more were not tried" in problems[-1]
