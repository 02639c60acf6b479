"""Marks: what happened when, in the recording's seconds, in the database and in the file."""

import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from foundation.ids import RecordingId
from recordings import wav
from recordings.marking.marks import Mark, MarkKind, MarkLine, to_chunks, within
from recordings.marking.marks_desk import MarksDesk
from recordings.marking.marks_store import MarkStore
from recordings.store import RecordingStore
from tests.support.database import fresh_sessions, sqlite_file
from tests.support.recording_fakes import STARTED, recording
from tests.support.telephone_speech import write_wav

ONE = RecordingId("r-1")
PAUSE = Mark(1, MarkKind.PAUSE, 0.25, 0.5)
HELD = Mark(2, MarkKind.HOLD, 0.75, 1.0, "agent")
FRAMES = np.arange(16_000, dtype=np.int16).reshape(-1, 2)


# -- the line ------------------------------------------------------------------------------------


def test_mark_is_told_when_it_begins_and_when_it_ends() -> None:
    line = MarkLine(began_at=100.0)

    assert line.open(MarkKind.HOLD, 101.5, "agent") == [Mark(1, MarkKind.HOLD, 1.5, None, "agent")]
    assert line.open(MarkKind.HOLD, 102.0, "agent") == []
    assert line.close(MarkKind.HOLD, 103.0, "agent") == [Mark(1, MarkKind.HOLD, 1.5, 3.0, "agent")]
    assert line.close(MarkKind.HOLD, 104.0, "agent") == []


def test_marks_of_two_sides_and_parties_are_apart() -> None:
    line = MarkLine(0.0)
    line.open(MarkKind.HOLD, 1.0, "caller")
    line.open(MarkKind.HOLD, 2.0, "agent")
    line.open(MarkKind.SUPERVISOR, 2.0, party="boss01")
    line.open(MarkKind.SUPERVISOR, 3.0, party="boss02")

    assert [mark.number for mark in line.close(MarkKind.SUPERVISOR, 4.0, party="boss02")] == [4]
    assert [mark.number for mark in line.close(MarkKind.HOLD, 4.0, "caller")] == [1]


def test_end_of_the_recording_ends_what_goes_on() -> None:
    line = MarkLine(0.0)
    line.open(MarkKind.PAUSE, 1.0)

    assert line.end(5.0) == [Mark(1, MarkKind.PAUSE, 1.0, 5.0)]
    assert line.end(6.0) == []


def test_nothing_goes_on_beyond_the_end_of_the_file() -> None:
    marks = [Mark(1, MarkKind.PAUSE, 0.5, None), Mark(2, MarkKind.TRANSFER, 9.0, 9.5)]

    kept = within(marks, 1.0)

    assert [(mark.from_s, mark.to_s) for mark in kept] == [(0.5, 1.0), (1.0, 1.0)]


# -- in the file ---------------------------------------------------------------------------------


def chunks_of(path: Path) -> dict[bytes, bytes]:
    """As any reader of RIFF finds them."""
    data, at, found = path.read_bytes(), 12, {}
    assert int.from_bytes(data[4:8], "little") == len(data) - 8
    while at < len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        found[data[at : at + 4]] = data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    return found


def test_marks_are_cue_points_with_labels_and_lengths(tmp_path: Path) -> None:
    path = tmp_path / "r-1.wav"
    write_wav(path, FRAMES)

    wav.set_tail(path, to_chunks([PAUSE, HELD], 8000))

    found = chunks_of(path)
    assert found[b"data"] == FRAMES.tobytes()
    assert struct.unpack("<I", found[b"cue "][:4]) == (2,)
    assert struct.unpack("<II4sIII", found[b"cue "][4:28]) == (1, 2000, b"data", 0, 0, 2000)
    assert b"labl\x0a\0\0\0\x01\0\0\0pause\0" in found[b"LIST"]
    assert b"ltxt" in found[b"LIST"]
    assert b"hold agent\0" in found[b"LIST"]


def test_samples_are_the_same_with_marks_behind_them(tmp_path: Path) -> None:
    path = tmp_path / "r-1.wav"
    write_wav(path, FRAMES)
    wav.set_tail(path, to_chunks([PAUSE], 8000))
    whole = path.read_bytes()

    assert wav.inspect(path).frames == len(FRAMES)
    assert wav.repair(path).frames == len(FRAMES)
    assert path.read_bytes() == whole
    wav.set_tail(path, to_chunks([PAUSE], 8000))
    assert path.read_bytes() == whole
    wav.set_tail(path, b"")
    assert wav.inspect(path).tail_bytes == 0


def test_kill_while_the_marks_are_written_leaves_the_samples(tmp_path: Path) -> None:
    path = tmp_path / "r-1.wav"
    write_wav(path, FRAMES)
    plain = path.read_bytes()
    wav.set_tail(path, to_chunks([PAUSE, HELD], 8000))
    whole = path.read_bytes()

    for size in range(len(plain), len(whole)):
        path.write_bytes(plain + whole[len(plain) : size])
        assert wav.repair(path).frames == len(FRAMES)
        assert path.read_bytes() == plain


# -- the desk ------------------------------------------------------------------------------------


class Desk:
    def __init__(self, folder: Path, store: MarkStore) -> None:
        self.now = 1000.0
        self.chores: list[Callable[[], Awaitable[None]]] = []
        self.store = store
        self.folder = folder
        self.restart()

    def restart(self) -> None:
        self.desk = MarksDesk(
            self.folder,
            self.store,
            lambda: STARTED + timedelta(seconds=self.now - 1000.0),
            lambda: self.now + 5.0,
        )
        self.desk.also = self.chores.append

    async def stored(self) -> list[Mark]:
        for chore in self.chores:
            await chore()
        self.chores.clear()
        return await self.store.of(ONE)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with fresh_sessions(sqlite_file(tmp_path)) as sessions:
        await RecordingStore(sessions).add(recording(1))
        yield Desk(tmp_path, MarkStore(sessions))


async def test_mark_that_goes_on_survives_a_killed_core(desk: Desk) -> None:
    desk.desk.begin(ONE)
    desk.now += 2.0
    desk.desk.open(ONE, MarkKind.PAUSE)
    assert await desk.stored() == [Mark(1, MarkKind.PAUSE, 2.0, None)]

    desk.restart()
    await desk.desk.adopt(ONE, STARTED)
    desk.now += 3.0
    desk.desk.open(ONE, MarkKind.PAUSE)
    desk.desk.close(ONE, MarkKind.PAUSE)

    assert await desk.stored() == [Mark(1, MarkKind.PAUSE, 2.0, 5.0)]


async def test_end_writes_the_marks_into_the_file_and_may_be_repeated(desk: Desk) -> None:
    path = desk.folder / "r-1.wav"
    write_wav(path, FRAMES)
    desk.desk.begin(ONE)
    desk.now += 0.5
    desk.desk.open(ONE, MarkKind.HOLD, "caller")
    desk.desk.end(ONE)
    await desk.stored()

    for _ in range(2):
        await desk.desk.finish([(recording(1), wav.repair(path))])

    assert b"hold caller\0" in chunks_of(path)[b"LIST"]
    assert '"from_s": 0.5' in await desk.desk.comment_of(ONE)


async def test_recording_without_marks_stays_as_it_is(desk: Desk) -> None:
    path = desk.folder / "r-1.wav"
    write_wav(path, FRAMES)
    plain = path.read_bytes()

    await desk.desk.finish([(recording(1), wav.repair(path))])

    assert path.read_bytes() == plain
    assert await desk.desk.comment_of(ONE) == ""
