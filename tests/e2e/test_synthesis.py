"""espeak-ng really speaks, in its helper process."""

import os
import signal
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from foundation.errors import Unavailable
from ivr.speech import audio
from ivr.speech.loudness import active_level_dbov
from ivr.speech.prompts import PromptOptions, Prompts
from ivr.speech.spoken import Kind, Spoken, Value
from ivr.speech.synthesis import (
    Synthesiser,
    SynthesisOptions,
    SynthesisRefused,
    Utterance,
    synthesise_all,
)

pytestmark = pytest.mark.e2e
ENGLISH = "Welcome to our hotline. This call is recorded."
CHINESE = "欢迎致电服务热线。本次通话将被录音。"


@pytest.fixture
async def synthesiser() -> AsyncIterator[Synthesiser]:
    async with Synthesiser() as started:
        yield started


def duration_s(pcm: bytes) -> float:
    return len(pcm) / 2 / audio.RATE


@pytest.mark.parametrize(
    ("text", "voice"),
    [
        (ENGLISH, "en-us"),
        (ENGLISH, "en-us+m3"),
        (ENGLISH, "en+f3"),
        (CHINESE, "cmn-latn-pinyin+f3"),
        (CHINESE, "cmn-latn-pinyin+m3"),
    ],
)
async def test_speech_is_long_enough_level_and_not_clipped(
    synthesiser: Synthesiser, text: str, voice: str
) -> None:
    pcm = await synthesiser.synthesise(text, voice)
    samples = audio.from_pcm(pcm)
    assert duration_s(pcm) > 1.5
    assert abs(active_level_dbov(samples, audio.RATE) - audio.LEVEL_DBOV) < 1
    assert np.abs(samples).max() < 0.9
    assert samples[0] == 0
    assert samples[-1] == 0


async def test_speech_stays_within_the_band_of_the_telephone(synthesiser: Synthesiser) -> None:
    samples = audio.from_pcm(await synthesiser.synthesise(ENGLISH))
    power = np.abs(np.fft.rfft(samples)) ** 2
    hertz = np.fft.rfftfreq(len(samples), 1 / audio.RATE)
    assert power[(hertz > 80) & (hertz < 3700)].sum() > 0.9 * power.sum()


async def test_faster_is_shorter_and_digits_are_told_one_by_one(synthesiser: Synthesiser) -> None:
    slow = await synthesiser.synthesise(ENGLISH, speed=120)
    fast = await synthesiser.synthesise(ENGLISH, speed=240)
    assert duration_s(fast) < 0.75 * duration_s(slow)
    as_number = await synthesiser.synthesise("第99位", "cmn-latn-pinyin")
    as_digits = await synthesiser.synthesise("工号95599955", "cmn-latn-pinyin")
    assert duration_s(as_digits) > 1.5 * duration_s(as_number)


async def test_end_of_a_chinese_sentence_is_a_pause(synthesiser: Synthesiser) -> None:
    samples = audio.from_pcm(await synthesiser.synthesise(CHINESE, "cmn-latn-pinyin"))
    quiet = "".join("." if peak < 0.01 else "#" for peak in _peaks_of_20_ms(samples))
    assert "." * 15 in quiet.strip(".")


def _peaks_of_20_ms(samples: audio.Samples) -> list[float]:
    whole = samples[: len(samples) // 160 * 160].reshape(-1, 160)
    return [float(peak) for peak in np.abs(whole).max(axis=1)]


@pytest.mark.parametrize("voice", ["esperanza", "en-us+nobody"])
async def test_unknown_voice_is_refused_and_the_next_text_is_spoken(
    synthesiser: Synthesiser, voice: str
) -> None:
    with pytest.raises(SynthesisRefused, match=voice.split("+")[-1]):
        await synthesiser.synthesise("Hello.", voice)
    assert duration_s(await synthesiser.synthesise("Hello there.")) > 0.3


async def test_text_without_words_is_silence(synthesiser: Synthesiser) -> None:
    assert await synthesiser.synthesise("", "cmn-latn-pinyin") == b""


async def test_helper_that_was_killed_is_started_again(synthesiser: Synthesiser) -> None:
    await synthesiser.synthesise("One.")
    first = synthesiser.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert duration_s(await synthesiser.synthesise("Two.")) > 0.2
    assert synthesiser.pid not in (None, first)


async def test_helper_that_does_not_answer_is_given_up() -> None:
    async with Synthesiser(SynthesisOptions(answer_within_s=30, tries=1)) as synthesiser:
        await synthesiser.synthesise("One.")
    impatient = Synthesiser(SynthesisOptions(answer_within_s=0.0, tries=2))
    with pytest.raises(Unavailable):
        await impatient.synthesise("Two.")
    assert impatient.pid is None


async def test_closed_helper_is_gone(synthesiser: Synthesiser) -> None:
    await synthesiser.synthesise("One.")
    pid = synthesiser.pid
    assert pid is not None
    await synthesiser.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_several_texts_are_spoken_without_an_event_loop() -> None:
    pcm = synthesise_all([Utterance("One."), Utterance("二", "cmn-latn-pinyin+m3", 140, 40)])
    assert [duration_s(one) > 0.2 for one in pcm] == [True, True]


async def test_announcements_of_a_centre_are_made(synthesiser: Synthesiser, tmp_path: Path) -> None:
    options = PromptOptions(own=tmp_path / "prompts", cache=tmp_path / "cache")
    prompts = Prompts({"greeting": {"en": ENGLISH, "zh": CHINESE}}, synthesiser, options)
    assert await prompts.prepare(["1001"]) == []
    items = [
        *prompts.named("greeting", ("en", "zh")),
        *prompts.named("all_busy", ("en", "zh")),
        *prompts.named("line_fault", ("en", "zh")),
        *prompts.position(1, ("en", "zh")),
        *prompts.agent_number("1001", ("en", "zh")),
    ]
    assert len(set(items)) == 10
    assert all(len(audio.read_wav(Path(item))) > audio.RATE // 2 for item in items)


async def test_sentence_of_pieces_is_level_and_has_no_clicks_at_its_joints(
    synthesiser: Synthesiser, tmp_path: Path
) -> None:
    options = PromptOptions(own=tmp_path / "prompts", cache=tmp_path / "cache")
    known = [("en", "Your order costs"), ("en", Kind.MONEY), ("zh", "订单共"), ("zh", Kind.MONEY)]
    prompts = Prompts({}, synthesiser, options, known)
    assert await prompts.prepare() == []
    price = Value(Kind.MONEY, Decimal("1234.56"))
    sentence = Spoken({"en": ("Your order costs", price), "zh": ("订单共", price)})
    for language in ("en", "zh"):
        items = prompts.find([sentence], [language])
        assert items is not None
        pieces = [audio.read_wav(Path(item)) for item in items]
        for piece in pieces:
            assert abs(active_level_dbov(piece, audio.RATE) - audio.LEVEL_DBOV) < 1
            assert np.abs(piece[:2]).max() < 0.001
            assert np.abs(piece[-2:]).max() < 0.001
            assert _quiet_ends_ms(piece) < 60
        whole = np.concatenate(pieces)
        assert abs(active_level_dbov(whole, audio.RATE) - audio.LEVEL_DBOV) < 1
        joints = np.cumsum([len(piece) for piece in pieces])[:-1]
        assert np.abs(whole[joints] - whole[joints - 1]).max() < 0.001


def _quiet_ends_ms(piece: audio.Samples) -> float:
    loud = np.flatnonzero(np.abs(piece) > 0.01 * np.abs(piece).max())
    return 1000 * float(max(loud[0], len(piece) - 1 - loud[-1])) / audio.RATE


async def test_voice_file_that_is_missing_is_refused_with_its_name(
    synthesiser: Synthesiser, tmp_path: Path
) -> None:
    with pytest.raises(SynthesisRefused, match=r"there is no file .*amy\.onnx"):
        await synthesiser.synthesise("Hello.", f"piper:{tmp_path}/amy.onnx")
    assert duration_s(await synthesiser.synthesise("Hello there.")) > 0.3
