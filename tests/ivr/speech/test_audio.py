"""Speech at an even level, without clicks and clipping."""

import math
import wave
from pathlib import Path

import numpy as np
import pytest

from ivr.speech import audio
from ivr.speech.audio import RATE, UnusableWav, even, from_pcm, read_wav, to_pcm, write_wav
from ivr.speech.loudness import active_level_dbov
from ivr.speech.music import hold_music


def tone(hertz: float, seconds: float, amplitude: float, rate: int = RATE) -> audio.Samples:
    t = np.arange(int(seconds * rate)) / rate
    return (amplitude * np.sin(2 * math.pi * hertz * t)).astype(np.float32)


def dbfs(samples: audio.Samples) -> float:
    return 20 * math.log10(math.sqrt(float(np.mean(samples.astype(np.float64) ** 2))))


def wav_file(file: Path, samples: np.ndarray, rate: int, channels: int, width: int = 2) -> Path:
    with wave.open(str(file), "wb") as wav:
        wav.setnchannels(channels)
        wav.setsampwidth(width)
        wav.setframerate(rate)
        wav.writeframes(samples.tobytes())
    return file


@pytest.mark.parametrize("amplitude", [0.001, 0.1, 1.0])
def test_quiet_and_loud_speech_come_to_the_same_level(amplitude: float) -> None:
    evened = from_pcm(even(tone(300, 1.0, amplitude)))
    assert active_level_dbov(evened, RATE) == pytest.approx(audio.LEVEL_DBOV, abs=0.3)


def test_pauses_do_not_raise_the_level() -> None:
    talk = tone(300, 1.0, 0.2)
    with_pauses = np.concatenate([talk, np.zeros(4 * RATE, np.float32), talk])
    evened = from_pcm(even(with_pauses))
    # 200 ms of hangover after the first of the two seconds count as spoken.
    assert dbfs(evened[:RATE]) == pytest.approx(audio.LEVEL_DBOV + 0.45, abs=0.3)


def test_silence_round_speech_is_cut_off_and_within_it_is_not() -> None:
    quiet = np.full(RATE, 1e-5, np.float32)
    talk = tone(300, 0.5, 0.2)
    evened = from_pcm(even(np.concatenate([quiet, talk, quiet, talk, quiet])))
    assert len(evened) == pytest.approx(2 * RATE, abs=0.04 * RATE)


def test_single_loud_click_limits_the_gain_instead_of_clipping() -> None:
    samples = tone(300, 1.0, 0.01)
    samples[4000] = 1.0
    assert np.abs(from_pcm(even(samples))).max() <= 10 ** (audio.PEAK_DBFS / 20) + 1e-3


def test_edges_are_faded() -> None:
    evened = from_pcm(even(np.ones(RATE, np.float32)))
    assert evened[0] == 0
    assert evened[-1] == 0
    assert evened[20] < evened[RATE // 2]


def test_silence_and_nothing_stay_what_they_are() -> None:
    assert even(np.zeros(10, np.float32)) == bytes(20)
    assert even(np.zeros(0, np.float32)) == b""


def test_recording_of_any_rate_and_channels_becomes_8_khz_mono(tmp_path: Path) -> None:
    left = tone(440, 1.0, 0.5, 44100)
    stereo = np.column_stack([left, left])
    file = wav_file(tmp_path / "x.wav", (stereo * 32767).astype("<i2"), 44100, 2)
    samples = read_wav(file)
    assert len(samples) == pytest.approx(RATE, abs=2)
    spectrum = np.abs(np.fft.rfft(samples[:RATE]))
    assert int(spectrum.argmax()) == pytest.approx(440, abs=1)
    assert dbfs(samples) == pytest.approx(20 * math.log10(0.5 / math.sqrt(2)), abs=0.1)


def test_written_file_is_read_back_as_it_was(tmp_path: Path) -> None:
    pcm = to_pcm(tone(300, 0.5, 0.5))
    write_wav(tmp_path / "new" / "x.wav", pcm)
    assert to_pcm(read_wav(tmp_path / "new" / "x.wav")) == pcm
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["x.wav"]


def test_file_that_is_no_16_bit_wav_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"not a wav")
    with pytest.raises(UnusableWav, match=r"a\.wav: is not a PCM WAV"):
        read_wav(tmp_path / "a.wav")
    wav_file(tmp_path / "b.wav", np.zeros(100, np.uint8), RATE, 1, width=1)
    with pytest.raises(UnusableWav, match=r"b\.wav: has 8 bits"):
        read_wav(tmp_path / "b.wav")


def test_hold_music_is_quieter_than_speech_and_loops_without_a_seam() -> None:
    music = from_pcm(hold_music())
    assert 15 < len(music) / RATE < 40
    assert dbfs(music) == pytest.approx(-30, abs=0.2)
    assert active_level_dbov(music, RATE) < audio.LEVEL_DBOV - 2
    assert np.abs(music).max() < 0.9
    steps = np.abs(np.diff(np.concatenate([music, music[:100]])))
    assert steps[len(music) - 1] <= steps[: len(music) - 1].max()
