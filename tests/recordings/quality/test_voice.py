"""Samples as numbers: speech found in noise, its level, its pitch through a telephone line."""

import numpy as np
import numpy.typing as npt
import pytest

from recordings.quality.voice import SILENT_DBFS, measure
from tests.support.telephone_speech import through_line

RATE = 8000


def hum(
    hertz: float, seconds: float, peak: float = 0.2, lowest_hz: float = 0.0
) -> npt.NDArray[np.float64]:
    """A voice of harmonics; a line takes those below `lowest_hz` away."""
    t = np.arange(int(seconds * RATE)) / RATE
    tones = [n * hertz for n in range(1, 12) if n * hertz < 3400 and n * hertz >= lowest_hz]
    wave = sum(np.sin(2 * np.pi * tone * t) / (1 + at) for at, tone in enumerate(tones))
    wave = np.asarray(wave)
    return np.asarray(peak * wave / np.abs(wave).max())


def quiet(seconds: float, peak: float = 0.0) -> npt.NDArray[np.float64]:
    return np.random.default_rng(1).standard_normal(int(seconds * RATE)) * peak


def pcm(*parts: npt.NDArray[np.float64]) -> bytes:
    samples = (np.concatenate(parts) * 32767).astype(np.int16)
    return through_line(samples).tobytes()


@pytest.mark.parametrize("noise", [0.0, 0.003])
def test_speech_is_found_between_silence_and_noise(noise: float) -> None:
    voice = measure(
        pcm(quiet(2, noise), hum(120, 1.5), quiet(1, noise), hum(120, 1), quiet(3, noise)), RATE
    )

    spans = [(one.start_s, one.end_s) for one in voice.stretches]
    assert spans == [pytest.approx((2.0, 3.5), abs=0.05), pytest.approx((4.5, 5.5), abs=0.05)]
    assert voice.duration_s == 8.5


def test_short_pause_does_not_part_speech_and_a_click_is_none() -> None:
    voice = measure(pcm(hum(120, 1), quiet(0.2), hum(120, 1), quiet(1), hum(120, 0.05)), RATE)

    assert [(one.start_s, one.end_s) for one in voice.stretches] == [
        pytest.approx((0.0, 2.2), abs=0.05)
    ]


def test_long_speech_is_cut_for_moods_change() -> None:
    assert len(measure(pcm(quiet(1), hum(120, 13), quiet(1)), RATE).stretches) == 3


@pytest.mark.parametrize("hertz", [85, 120, 180, 240, 330])
def test_pitch_is_heard_though_the_line_takes_the_fundamental(hertz: float) -> None:
    [stretch] = measure(pcm(quiet(1), hum(hertz, 2, lowest_hz=300), quiet(1)), RATE).stretches

    assert stretch.pitch_hz == pytest.approx(hertz, rel=0.04)


def test_noise_has_no_pitch() -> None:
    [stretch] = measure(pcm(quiet(1), quiet(2, 0.1), quiet(1)), RATE).stretches

    assert stretch.pitch_hz == 0.0


def test_level_is_that_of_the_speech_and_not_of_the_silence_around_it() -> None:
    alone = measure(pcm(hum(120, 2), quiet(0.5)), RATE).level_dbfs
    rare = measure(pcm(quiet(20), hum(120, 2), quiet(20)), RATE).level_dbfs
    louder = measure(pcm(quiet(1), hum(120, 2, peak=0.4), quiet(1)), RATE).level_dbfs

    assert rare == pytest.approx(alone, abs=0.5)
    assert louder == pytest.approx(alone + 6.0, abs=0.5)


@pytest.mark.parametrize("samples", [b"", bytes(2 * RATE)])
def test_silence_is_no_speech(samples: bytes) -> None:
    voice = measure(samples, RATE)

    assert (voice.stretches, voice.level_dbfs) == ((), SILENT_DBFS)


def test_wideband_samples_give_the_same_pitch() -> None:
    t = np.arange(2 * 16000) / 16000
    wave = sum(np.sin(2 * np.pi * n * 150 * t) / n for n in range(1, 9)) * 6000
    samples = np.concatenate([np.zeros(16000), wave, np.zeros(16000)]).astype(np.int16)

    [stretch] = measure(samples.tobytes(), 16000).stretches

    assert stretch.pitch_hz == pytest.approx(150, rel=0.03)
