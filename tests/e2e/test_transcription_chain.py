"""What the demo's people say comes out right: speech, telephone line, stereo WAV, Vosk."""

from pathlib import Path

import pytest
import soxr

from ivr.speech.synthesis import Utterance
from recordings import wav
from recordings.error_rate import compare, micro_average
from recordings.transcribing.model_folders import model_folder
from recordings.transcribing.vosk_recogniser import VoskRecogniser
from telephony.calls.events import Side
from tests.support.telephone_speech import (
    demo_callers,
    say,
    spoken_dialogues,
    talk,
    write_wav,
)

pytestmark = pytest.mark.e2e

HIGHEST_RATE = 0.10


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_demos_talks_are_transcribed_with_few_errors(language: str, tmp_path: Path) -> None:
    callers = [c for c in demo_callers() if c["language"] == language and "turns" in c]
    recogniser = VoskRecogniser(model_folder(f"tiny-{language}", tmp_path))
    path = tmp_path / "talk.wav"
    rates, heard = [], []
    for frames, said in spoken_dialogues(callers):
        write_wav(path, frames)
        duration_s = wav.inspect(path).duration_s
        for side in Side:
            words = recogniser.transcribe(*wav.read_side(path, side))
            heard.append(" ".join(word.text for word in words))
            rates.append(compare(said[side], heard[-1], language))
            assert all(0 <= w.start_s < w.end_s <= duration_s for w in words)
            assert all(0 <= w.confidence <= 1 for w in words)

    assert micro_average(rates).said > 100
    assert micro_average(rates).rate <= HIGHEST_RATE, list(zip(map(str, rates), heard, strict=True))


def test_no_talk_of_the_demo_is_longer_than_its_minute_can_bear() -> None:
    callers = [caller for caller in demo_callers() if "turns" in caller]

    durations_s = [len(frames) / 8000 for frames, _ in spoken_dialogues(callers)]

    assert all(8 <= duration_s <= 17 for duration_s in durations_s), durations_s


def test_words_stand_at_the_time_they_were_said(tmp_path: Path) -> None:
    path = tmp_path / "talk.wav"
    question, answer = say(
        [
            Utterance("Of course. What is your email address?", "en-us+m3"),
            Utterance("My email address is anna at mail dot com.", "en-us+f2"),
        ]
    )
    write_wav(path, talk([(Side.AGENT, question), (Side.CALLER, answer)]))
    recogniser = VoskRecogniser(model_folder("tiny-en", tmp_path))

    agent = recogniser.transcribe(*wav.read_side(path, Side.AGENT))
    caller = recogniser.transcribe(*wav.read_side(path, Side.CALLER))

    answer_at_s = 0.4 + len(question) / 8000 + 0.4
    assert [word.text for word in agent][:2] == ["of", "course"]
    assert [word.text for word in caller][:2] == ["my", "email"]
    assert agent[0].start_s == pytest.approx(0.4, abs=0.15)
    assert caller[0].start_s == pytest.approx(answer_at_s, abs=0.15)


def test_a_model_may_be_fed_speech_of_another_rate(tmp_path: Path) -> None:
    (narrow,) = say([Utterance("I am very sorry for the delay.", "en-us")])
    wide = soxr.resample(narrow, 8000, 16000)
    recogniser = VoskRecogniser(model_folder("tiny-en", tmp_path))

    words = recogniser.transcribe(wide.tobytes(), 16000)

    assert " ".join(word.text for word in words) == "i am very sorry for the delay"
