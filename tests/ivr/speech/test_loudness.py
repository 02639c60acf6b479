"""The active speech level of ITU-T P.56."""

import math

import numpy as np
import pytest

from ivr.speech.loudness import _held, active_level_dbov

RATE = 8000


def sine(amplitude: float, seconds: float) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * 1000 * np.arange(int(seconds * RATE)) / RATE)


def test_square_wave_at_full_scale_is_0_dbov() -> None:
    square = np.where(sine(1.0, 2.0) >= 0, 1.0, -1.0)
    assert active_level_dbov(square, RATE) == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize("level_dbov", [-6.0, -26.0, -40.0])
def test_steady_tone_has_the_level_of_its_power(level_dbov: float) -> None:
    tone = sine(math.sqrt(2) * 10 ** (level_dbov / 20), 3.0)
    assert active_level_dbov(tone, RATE) == pytest.approx(level_dbov, abs=0.2)


@pytest.mark.parametrize("share", [1, 2, 9])
def test_long_pauses_count_for_their_hangover_only(share: int) -> None:
    """Two seconds of tone, then pauses of that many seconds, four times over."""
    pause = np.zeros(share * 2 * RATE)
    talk = np.concatenate([np.concatenate([sine(0.1, 2.0), pause]) for _ in range(4)])
    # 2 s of 2.2 s and a little more that the envelope takes to fall count as active.
    assert active_level_dbov(talk, RATE) == pytest.approx(-23.0 - 0.5, abs=0.4)


def test_noise_far_below_the_speech_does_not_count() -> None:
    noise = np.random.default_rng(1).normal(0, 1e-4, 20 * RATE)
    noise[: 4 * RATE] += sine(0.1, 4.0)
    assert active_level_dbov(noise, RATE) == pytest.approx(-23.0, abs=0.5)


def test_level_follows_the_gain() -> None:
    rng = np.random.default_rng(2)
    talk = np.repeat(rng.uniform(0, 0.1, 40), RATE // 10) * rng.normal(0, 1, 4 * RATE)
    first = active_level_dbov(talk, RATE)
    assert active_level_dbov(talk * 0.25, RATE) == pytest.approx(first - 12.04, abs=0.3)


def test_silence_has_no_level() -> None:
    assert active_level_dbov(np.zeros(100), RATE) == -math.inf
    assert active_level_dbov(np.zeros(0), RATE) == -math.inf


def test_hangover_is_the_largest_of_the_last_samples() -> None:
    envelope = np.random.default_rng(3).uniform(0, 1, 57)
    expected = [max(envelope[max(at - 9, 0) : at + 1]) for at in range(57)]
    assert list(_held(envelope, 10)) == pytest.approx(expected)
