"""Stereo WAV files: whatever a kill leaves behind becomes whole, and nothing said is lost."""

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings import wav
from telephony.calls.events import Side
from tests.support.telephone_speech import write_wav

FRAMES = np.array([[1, -1], [2, -2], [300, -300]], np.int16)
HEADER_BYTES = 44


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    path = tmp_path / "talk.wav"
    write_wav(path, FRAMES)
    return path


def cut(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])


def test_a_whole_file_is_described_and_left_alone(talk: Path) -> None:
    before = talk.read_bytes()

    info = wav.repair(talk)

    assert (info.rate, info.channels, info.frames) == (8000, 2, 3)
    assert info.duration_s == 3 / 8000
    assert talk.read_bytes() == before


@pytest.mark.parametrize("told", [0, 4, 0xFFFFFFFF])
def test_sizes_of_the_header_follow_the_file_after_repair(talk: Path, told: int) -> None:
    whole = talk.read_bytes()
    wrong = told.to_bytes(4, "little")
    talk.write_bytes(whole[:4] + wrong + whole[8:40] + wrong + whole[44:])

    assert wav.repair(talk).frames == 3
    assert talk.read_bytes() == whole


@given(at=st.integers(0, HEADER_BYTES - 1), byte=st.integers(0, 255))
def test_any_damage_to_the_header_is_mended_or_refused_as_a_wav(
    tmp_path_factory: pytest.TempPathFactory, at: int, byte: int
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "talk.wav"
    write_wav(path, FRAMES)
    whole = path.read_bytes()
    path.write_bytes(whole[:at] + bytes([byte]) + whole[at + 1 :])

    with suppress(wav.UnreadableWav):
        info = wav.repair(path)

        # What is described is what the file says now, and a second look agrees.
        assert wav.inspect(path) == info
        assert wav.is_whole(path)


@given(lost=st.integers(min_value=0, max_value=FRAMES.nbytes))
def test_a_file_cut_anywhere_keeps_all_whole_frames(
    tmp_path_factory: pytest.TempPathFactory, lost: int
) -> None:
    path = tmp_path_factory.mktemp("cut") / "talk.wav"
    write_wav(path, FRAMES)
    cut(path, HEADER_BYTES + FRAMES.nbytes - lost)

    frames = wav.repair(path).frames

    assert frames == (FRAMES.nbytes - lost) // 4
    assert wav.read_side(path, Side.CALLER)[0] == FRAMES[:frames, 0].tobytes()
    assert path.stat().st_size == HEADER_BYTES + 4 * frames
    assert wav.repair(path).frames == frames


def test_left_is_the_caller_and_right_the_agent(talk: Path) -> None:
    assert wav.read_side(talk, Side.CALLER) == (FRAMES[:, 0].tobytes(), 8000)
    assert wav.read_side(talk, Side.AGENT) == (FRAMES[:, 1].tobytes(), 8000)


def test_chunks_before_the_audio_are_skipped(talk: Path) -> None:
    whole = talk.read_bytes()
    odd = b"note" + (3).to_bytes(4, "little") + b"abc" + b"\0"
    talk.write_bytes(whole[:12] + odd + whole[12:])

    info = wav.repair(talk)

    assert (info.data_at, info.frames) == (HEADER_BYTES + len(odd), 3)
    assert wav.read_side(talk, Side.AGENT)[0] == FRAMES[:, 1].tobytes()


@pytest.mark.parametrize("size", [0, 3, 12, 20, 43])
def test_a_file_without_a_whole_header_is_refused(talk: Path, size: int) -> None:
    cut(talk, size)

    with pytest.raises(wav.UnreadableWav, match=r"talk\.wav"):
        wav.repair(talk)


def test_a_file_that_does_not_exist_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(wav.UnreadableWav, match=r"gone\.wav does not exist"):
        wav.inspect(tmp_path / "gone.wav")


def test_samples_other_than_16_bit_pcm_are_refused(talk: Path) -> None:
    whole = talk.read_bytes()
    talk.write_bytes(whole[:34] + b"\x08\0" + whole[36:])

    with pytest.raises(wav.UnreadableWav, match="8 bits"):
        wav.inspect(talk)


def test_a_mono_file_has_no_sides(tmp_path: Path) -> None:
    path = tmp_path / "mono.wav"
    write_wav(path, FRAMES[:, 0])

    with pytest.raises(wav.UnreadableWav, match="1 channels"):
        wav.read_side(path, Side.CALLER)
