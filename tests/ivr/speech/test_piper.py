"""Piper's voices: a tiny one of ours, a 440 Hz tone of 100 ms for each symbol, through the real
package where it is installed; `tests/support/tone_voice.onnx` is a graph of nine nodes."""

import importlib.util
import shutil
from pathlib import Path

import numpy as np
import pytest

from ivr.speech import audio
from ivr.speech.piper import NoPiper, Piper

VOICE = Path(__file__).parents[2] / "support" / "tone_voice.onnx"
IS_INSTALLED = importlib.util.find_spec("piper") is not None


@pytest.mark.skipif(not IS_INSTALLED, reason="the extra 'piper' (piper-tts) is not installed")
def test_voice_speaks_at_8_khz_and_faster_when_asked() -> None:
    voice = Piper(VOICE)
    usual, fast = voice.say("abcabc", 150), voice.say("abcabc", 300)
    assert len(usual) > audio.RATE / 2
    assert len(fast) == pytest.approx(len(usual) / 2, rel=0.05)
    spectrum = np.abs(np.fft.rfft(usual[: audio.RATE // 2]))
    assert 2 * int(spectrum.argmax()) == pytest.approx(440, abs=4)


@pytest.mark.skipif(not IS_INSTALLED, reason="the extra 'piper' (piper-tts) is not installed")
def test_file_that_is_no_voice_is_named(tmp_path: Path) -> None:
    shutil.copy(f"{VOICE}.json", tmp_path / "x.onnx.json")
    (tmp_path / "x.onnx").write_bytes(b"not a voice")
    with pytest.raises(NoPiper, match=r"x\.onnx cannot be loaded"):
        Piper(tmp_path / "x.onnx")


@pytest.mark.skipif(IS_INSTALLED, reason="piper-tts is installed")
def test_missing_package_is_told_with_its_cure() -> None:
    with pytest.raises(NoPiper, match=r"piper-tts, which is not installed.*callcenter\[piper\]"):
        Piper(VOICE)


def test_missing_voice_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoPiper, match=r"there is no file .*amy\.onnx$"):
        Piper(tmp_path / "amy.onnx")
    shutil.copy(VOICE, tmp_path / "amy.onnx")
    with pytest.raises(NoPiper, match=r"there is no file .*amy\.onnx\.json"):
        Piper(tmp_path / "amy.onnx")
