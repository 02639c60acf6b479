"""Prompts, tones and the clock that paces them."""

import os
import wave
from pathlib import Path

import numpy as np
import pytest

from telephony.media.errors import PromptUnusable
from telephony.media.sound.g711 import SILENCE, Law, decode
from telephony.media.sound.playout import (
    SLOTS,
    TICK_S,
    FrameClock,
    Player,
    PromptCache,
    silence,
    tone,
)
from tests.support.media_phone import loudness


def save(path: Path, samples: int, rate: int = 8000, channels: int = 1) -> str:
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(channels)
        wav.setsampwidth(2)
        wav.setframerate(rate)
        wav.writeframes(np.full(samples, 1000, np.int16).tobytes())
    return str(path)


@pytest.fixture
def cache() -> PromptCache:
    return PromptCache(most_bytes=1_000_000)


def test_a_wav_is_played_in_frames_the_last_one_filled_up(
    cache: PromptCache, tmp_path: Path
) -> None:
    prompt = cache.get(save(tmp_path / "a.wav", 8000 + 200))

    frames = [prompt.frame(n, Law.PCMA) for n in range(prompt.frames)]

    assert [len(frame) for frame in frames] == [160] * 52
    assert frames[51][40:] == SILENCE[Law.PCMA] * 120
    assert abs(int(decode(frames[50], Law.PCMA)[0]) - 1000) < 40


def test_a_file_is_read_once_until_it_changes(cache: PromptCache, tmp_path: Path) -> None:
    path = save(tmp_path / "a.wav", 160)
    first = cache.get(path)

    assert cache.get(path) is first
    save(tmp_path / "a.wav", 320)
    os.utime(path, (1, 1))
    assert cache.get(path).frames == 2


def test_the_cache_forgets_what_was_not_played_for_longest(tmp_path: Path) -> None:
    cache = PromptCache(most_bytes=3 * 4 * 8000)
    paths = [save(tmp_path / f"{n}.wav", 8000) for n in range(4)]
    kept = [cache.get(path) for path in paths[:3]]
    cache.get(paths[0])

    cache.get(paths[3])

    assert cache.get(paths[0]) is kept[0]
    assert cache.get(paths[1]) is not kept[1]


@pytest.mark.parametrize("item", ["tone:440", "tone:a:1", "tone:440:99999999", "silence:", "tone"])
def test_items_that_mean_nothing_are_unusable(cache: PromptCache, item: str) -> None:
    with pytest.raises(PromptUnusable):
        cache.get(item)


@pytest.mark.parametrize(("rate", "channels"), [(16000, 1), (8000, 2)])
def test_files_of_another_shape_are_unusable(
    cache: PromptCache, tmp_path: Path, rate: int, channels: int
) -> None:
    with pytest.raises(PromptUnusable, match="8 kHz mono"):
        cache.get(save(tmp_path / "a.wav", 160, rate, channels))


def test_files_that_are_no_wav_are_unusable(cache: PromptCache, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"RIFF")

    with pytest.raises(PromptUnusable):
        cache.get(str(tmp_path / "a.wav"))
    with pytest.raises(PromptUnusable):
        cache.get(str(tmp_path))


def test_a_tone_has_its_frequency_and_length(cache: PromptCache) -> None:
    prompt = cache.get("tone:1000:100")

    pcm = decode(b"".join(prompt.frame(n, Law.PCMU) for n in range(prompt.frames)), Law.PCMU)
    assert len(pcm) == 800
    assert loudness(pcm, 1000) > 7000
    assert loudness(pcm, 700) < 300


def test_items_follow_each_other_and_end() -> None:
    player = Player("p", [tone(440, 40), silence(0), silence(20)], loop=False)

    frames = [player.next_frame(Law.PCMU) for _ in range(4)]

    assert frames[2] == SILENCE[Law.PCMU] * 160
    assert [frame is None for frame in frames] == [False, False, False, True]


def test_a_loop_begins_again_and_an_empty_one_ends() -> None:
    player = Player("p", [tone(440, 40)], loop=True)
    frames = [player.next_frame(Law.PCMU) for _ in range(5)]

    assert frames[0] == frames[2] == frames[4]
    assert Player("p", [], loop=True).next_frame(Law.PCMU) is None


def test_each_slot_comes_round_every_20_ms() -> None:
    clock = FrameClock(100.0)

    slots = [(n, clock.take(100.0 + n * TICK_S)) for n in range(9)]

    assert [slot for _, slot in slots] == [n % SLOTS for n, _ in slots]
    assert clock.take(100.0 + 8.5 * TICK_S) is None


def test_a_short_delay_is_caught_up_and_a_stall_left_out() -> None:
    clock = FrameClock(0.0)
    assert not clock.is_late(0.020)
    assert clock.is_late(0.021)

    clock.skip_stall(0.050)
    assert clock.number == 0
    clock.skip_stall(10.0)

    missed = 0
    while clock.take(10.0) is not None:
        missed += 1
    assert missed == 5 * SLOTS + 1
