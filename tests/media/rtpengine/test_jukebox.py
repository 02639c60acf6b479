"""One file of what is to be played."""

import os
from pathlib import Path

import numpy as np
import pytest

from telephony.media.errors import PromptUnusable
from telephony.media.rtpengine.jukebox import FileJukebox
from telephony.media.sound.playout import PromptCache
from tests.support.tones import read_wav, tone, write_wav


@pytest.fixture
def jukebox(tmp_path: Path) -> FileJukebox:
    return FileJukebox(PromptCache(10_000_000), tmp_path / "scratch")


def test_a_single_file_is_played_as_it_is(jukebox: FileJukebox, tmp_path: Path) -> None:
    file = write_wav(tmp_path / "a.wav", tone(500, 0.5))

    assert jukebox.file([str(file)]) == (str(file), 0.5)
    assert not (tmp_path / "scratch").exists()


def test_several_are_put_one_after_the_other_sample_by_sample(
    jukebox: FileJukebox, tmp_path: Path
) -> None:
    voices = [tone(500, 0.33), tone(700, 0.11)]
    files = [str(write_wav(tmp_path / f"{n}.wav", voice)) for n, voice in enumerate(voices)]

    path, length_s = jukebox.file([files[0], "silence:100", files[1]])

    assert length_s == pytest.approx(0.54)
    silence = np.zeros(800, "<i2").tobytes()
    assert read_wav(Path(path)) == voices[0] + silence + voices[1]


def test_the_same_is_made_once_and_again_when_a_file_was_recorded_anew(
    jukebox: FileJukebox, tmp_path: Path
) -> None:
    file = write_wav(tmp_path / "a.wav", tone(500, 0.5))
    items = [str(file), "tone:1000:100"]
    first, _ = jukebox.file(items)
    made_at = os.stat(first).st_mtime_ns

    again, _ = jukebox.file(items)
    write_wav(file, tone(600, 0.7))
    anew, length_s = jukebox.file(items)

    assert (again, os.stat(again).st_mtime_ns) == (first, made_at)
    assert anew != first
    assert length_s == pytest.approx(0.8)


@pytest.mark.parametrize("item", ["/nowhere/a.wav", "tone:x:1"])
def test_what_cannot_be_played_is_refused(jukebox: FileJukebox, item: str) -> None:
    with pytest.raises(PromptUnusable):
        jukebox.file(["silence:20", item])
