"""Recordings: whole at every moment, and never in the loop's way."""

import errno
import queue
import threading
import wave
from collections import deque
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from telephony.media.sound.g711 import SILENCE, Law, decode
from telephony.media.taping.recorder import (
    COLLECT_S,
    Begin,
    End,
    Ended,
    Job,
    Recorder,
    Report,
    Troubled,
    Write,
    Writer,
)
from telephony.media.taping.tap import Block
from telephony.media.taping.wav import HEADER_BYTES, DiskFile, StereoWav

LOUD = b"\x00"


def block(frames: int = 1600, right_law: Law = Law.PCMU) -> Block:
    return Block(LOUD * frames, Law.PCMU, SILENCE[right_law] * frames, right_law)


class MemoryFile:
    """A file that may be told to refuse, or to wait."""

    def __init__(self, data: bytes = b"", modified_at: float = 0.0) -> None:
        self.data = bytearray(data)
        self.refuses = False
        self.gate = threading.Event()
        self.gate.set()
        self.is_closed = False
        self._modified_at = modified_at

    def size(self) -> int:
        return len(self.data)

    def modified_at(self) -> float:
        return self._modified_at

    def write_at(self, offset: int, data: bytes) -> None:
        assert self.gate.wait(10)
        if self.refuses:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.data.extend(bytes(max(0, offset + len(data) - len(self.data))))
        self.data[offset : offset + len(data)] = data

    def close(self) -> None:
        self.is_closed = True

    def pcm(self) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
        with wave.open(BytesIO(self.data)) as wav:
            assert (wav.getnchannels(), wav.getsampwidth(), wav.getframerate()) == (2, 2, 8000)
            return np.frombuffer(wav.readframes(wav.getnframes()), "<i2").reshape(-1, 2)


def write(file: MemoryFile, jobs: list[Job]) -> list[Report]:
    """What a writer reports; the thread is left out."""
    reports: deque[Report] = deque()
    writer = Writer(queue.SimpleQueue(), reports, lambda _path: file)
    for job in jobs:
        writer.do(job)  # type: ignore[arg-type]  # Stop is for the thread and in no test's list
    return list(reports)


def test_the_file_is_whole_after_every_block(tmp_path: Path) -> None:
    path = tmp_path / "talks" / "r-1.wav"
    wav = StereoWav(DiskFile(str(path)))
    for n in range(4):
        with wave.open(str(path)) as read:
            assert read.getnframes() == 1600 * n
            assert path.stat().st_size == HEADER_BYTES + 6400 * n
        wav.append(block())
    wav.close()


def test_left_and_right_are_decoded_by_their_own_laws() -> None:
    file = MemoryFile()

    reports = write(file, [Begin("r", ""), Write("r", block(10, Law.PCMA), 0), End("r", 0)])

    assert file.pcm()[:, 0].tolist() == [decode(LOUD, Law.PCMU)[0]] * 10
    assert file.pcm()[:, 1].tolist() == [decode(SILENCE[Law.PCMA], Law.PCMA)[0]] * 10
    assert reports == [Ended("r", 10, complete=True, sentence="")]
    assert file.is_closed


def test_a_gap_is_silence_of_its_length_and_makes_the_recording_incomplete() -> None:
    file = MemoryFile()

    reports = write(
        file, [Begin("r", ""), Write("r", block(), 0), Write("r", block(), 3200), End("r", 0)]
    )

    assert len(file.pcm()) == 1600 + 3200 + 1600
    assert not file.pcm()[1600:4800].any()
    assert isinstance(reports[-1], Ended)
    assert not reports[-1].complete


def test_a_disk_that_refuses_for_a_while_leaves_a_gap_and_is_told() -> None:
    file = MemoryFile()
    reports: deque[Report] = deque()
    writer = Writer(queue.SimpleQueue(), reports, lambda _path: file)
    writer.do(Begin("r", ""))
    for refuses in (False, True, True, False):
        file.refuses = refuses
        writer.do(Write("r", block(), 0))
    writer.do(End("r", 0))

    assert len(file.pcm()) == 4 * 1600
    assert not file.pcm()[1600:4800].any()
    assert file.pcm()[4800:, 0].all()
    *troubled, ended = reports
    assert {type(report) for report in troubled} == {Troubled}
    assert isinstance(ended, Ended)
    assert "No space left" in ended.sentence
    assert not ended.complete


def test_a_file_that_cannot_be_opened_ends_empty_with_the_reason(tmp_path: Path) -> None:
    reports: deque[Report] = deque()
    writer = Writer(queue.SimpleQueue(), reports, DiskFile)
    (tmp_path / "taken").write_text("a file where a folder should be")

    writer.do(Begin("r", str(tmp_path / "taken" / "r.wav")))
    writer.do(Write("r", block(), 0))
    writer.do(End("r", 0))

    assert [type(report) for report in reports] == [Troubled, Ended]
    assert isinstance(reports[-1], Ended)
    assert (reports[-1].frames, reports[-1].complete) == (0, False)


@pytest.mark.parametrize("torn_bytes", [0, 1, 3])
def test_a_killed_workers_file_is_continued_after_a_gap(torn_bytes: int) -> None:
    first = MemoryFile()
    write(first, [Begin("r", ""), Write("r", block(), 0)])
    found = MemoryFile(bytes(first.data) + bytes(torn_bytes), modified_at=0.0)

    reports = write(found, [Begin("r", ""), Write("r", block(), 0), End("r", 0)])

    pcm = found.pcm()
    assert len(pcm) == 1600 + 60 * 8000 + 1600
    assert pcm[:1600, 0].all()
    assert not pcm[1600:-1600].any()
    assert pcm[-1600:, 0].all()
    assert isinstance(reports[-1], Ended)
    assert not reports[-1].complete


def test_a_stalled_disk_never_makes_the_loop_wait() -> None:
    file = MemoryFile()
    recorder = Recorder(queue_blocks=5, open_file=lambda _path: file)
    file.gate.clear()
    recorder.start()
    recorder.begin("r", "")
    for _ in range(50):
        recorder.write("r", block())
    stalled = recorder.collect()

    file.gate.set()
    recorder.end("r")
    recorder.stop(timeout_s=10)
    ended = recorder.collect()

    assert [type(report) for report in stalled] == [Troubled]
    assert len(ended) == 1
    assert isinstance(ended[0], Ended)
    assert not ended[0].complete
    assert 1 <= ended[0].frames // 1600 <= 6


def test_the_thread_is_woken_once_for_what_comes_in_one_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """To be woken for each block costs the loop as much as the blocks."""
    naps, asleep, gate = [], threading.Event(), threading.Event()

    def nap(seconds: float) -> None:
        naps.append(seconds)
        asleep.set()
        assert gate.wait(10)

    monkeypatch.setattr("telephony.media.taping.recorder.time.sleep", nap)
    recorder = Recorder(queue_blocks=100, open_file=lambda _path: MemoryFile())
    recorder.start()
    recorder.begin("r", "")
    assert asleep.wait(10)
    for _ in range(50):
        recorder.write("r", block())
    recorder.end("r")
    gate.set()
    recorder.stop(timeout_s=10)

    [ended] = recorder.collect()
    assert isinstance(ended, Ended)
    assert ended.frames == 50 * 1600
    assert naps[0] == COLLECT_S
    assert len(naps) <= 2, "once more at most, for the word to stop"
