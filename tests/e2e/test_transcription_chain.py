"""What the demo's people say comes out right: speech, telephone line, stereo WAV, Vosk."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import callcenter.demo
from recordings import wav
from recordings.error_rate import ErrorRate, compare, micro_average
from recordings.model_folders import model_folder
from recordings.vosk_recogniser import VoskRecogniser
from telephony.calls.events import Side
from tests.support.telephone_speech import Speaker, speaker, talk, write_wav

pytestmark = pytest.mark.e2e

DIALOGUES = Path(callcenter.demo.__path__[0]) / "dialogues.yaml"
CALLERS: list[dict[str, Any]] = yaml.safe_load(DIALOGUES.read_text(encoding="utf-8"))["callers"]
HIGHEST_RATE = 0.10


@pytest.fixture(scope="module")
def voice() -> Iterator[Speaker]:
    with speaker() as speaking:
        yield speaking


def speak(caller: dict[str, Any], voice: Speaker, path: Path) -> dict[Side, str]:
    """Writes the talk's WAV; returns what each side said in it."""
    turns, said = [], dict.fromkeys(Side, "")
    for turn in caller["turns"]:
        ((who, text),) = turn.items()
        side = Side(who)
        said[side] += f" {text}"
        spoken = voice.say(text, caller["language"], caller[f"{who}_voice"])
        turns.append((wav.CHANNEL_OF[side], spoken))
    write_wav(path, talk(turns))
    return said


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_demos_talks_are_transcribed_with_few_errors(
    language: str, voice: Speaker, tmp_path: Path
) -> None:
    recogniser = VoskRecogniser(model_folder(f"tiny-{language}", tmp_path))
    path = tmp_path / "talk.wav"
    rates: list[ErrorRate] = []
    for caller in CALLERS:
        if caller["language"] != language or "turns" not in caller:
            continue
        said = speak(caller, voice, path)
        duration_s = wav.inspect(path).duration_s
        assert 8 <= duration_s <= 16, caller["id"]
        for side in Side:
            words = recogniser.transcribe(*wav.read_side(path, side))
            rates.append(compare(said[side], " ".join(word.text for word in words), language))
            assert all(0 <= w.start_s < w.end_s <= duration_s for w in words)
            assert all(0 <= w.confidence <= 1 for w in words)

    assert micro_average(rates).said > 100
    assert micro_average(rates).rate <= HIGHEST_RATE, [str(rate) for rate in rates]


def test_words_stand_at_the_time_they_were_said(voice: Speaker, tmp_path: Path) -> None:
    path = tmp_path / "talk.wav"
    first = voice.say("Of course. What is your email address?", "en", "en-us+m3")
    second = voice.say("My email address is anna at mail dot com.", "en", "en-us+f2")
    write_wav(path, talk([(1, first), (0, second)]))
    recogniser = VoskRecogniser(model_folder("tiny-en", tmp_path))

    agent = recogniser.transcribe(*wav.read_side(path, Side.AGENT))
    caller = recogniser.transcribe(*wav.read_side(path, Side.CALLER))

    second_at_s = 0.4 + len(first) / 8000 + 0.4
    assert [word.text for word in agent][:2] == ["of", "course"]
    assert [word.text for word in caller][:2] == ["my", "email"]
    assert agent[0].start_s == pytest.approx(0.4, abs=0.15)
    assert caller[0].start_s == pytest.approx(second_at_s, abs=0.15)


def test_a_model_may_be_fed_speech_of_another_rate(voice: Speaker, tmp_path: Path) -> None:
    import soxr

    narrow = voice.say("I am very sorry for the delay.", "en", "en-us")
    wide = soxr.resample(narrow, 8000, 16000)
    recogniser = VoskRecogniser(model_folder("tiny-en", tmp_path))

    words = recogniser.transcribe(wide.tobytes(), 16000)

    assert " ".join(word.text for word in words) == "i am very sorry for the delay"
