"""The archive: the same samples in less room, and never a moment without a whole file."""

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from foundation.errors import NotFound
from foundation.ids import RecordingId
from recordings.archiving.archive import FolderShelf, open_audio, read_side
from recordings.archiving.archive_messages import (
    AudioFailed,
    AudioGone,
    AudioWork,
    KeepAudio,
    LeaseAudio,
)
from recordings.archiving.archive_store import ArchiveState
from recordings.archiving.archiver import STAGING
from recordings.archiving.flac import FlacAudio, UnreadableFlac
from recordings.archiving.peaks import PeakFinder, as_columns
from recordings.marking.marks import Mark, MarkKind
from recordings.recording import TranscriptState
from telephony.calls.events import Side
from tests.support.archive_house import ArchiveHouse, Fate, Killed, voices
from tests.support.database import fresh_sessions, sqlite_file

ONE = RecordingId("r-1")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[ArchiveHouse]:
    async with fresh_sessions(sqlite_file(tmp_path)) as sessions:
        yield ArchiveHouse(tmp_path / "recordings", sessions)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> None:
    (tmp_path / "recordings").mkdir()


# -- what is archived ----------------------------------------------------------------------------


async def test_archived_audio_is_the_same_to_the_sample_and_the_wav_is_gone(
    house: ArchiveHouse,
) -> None:
    spoken = voices(3.7)
    await house.ended(1, spoken)

    await house.archiver().work_once()

    assert not (house.folder / "r-1.wav").exists()
    assert np.array_equal(await house.frames(1), spoken)
    archived = await house.archives.find(ONE)
    assert archived is not None
    assert archived.flac_bytes < archived.wav_bytes == 44 + 4 * len(spoken)


async def test_each_side_is_read_alike_from_wav_and_from_archive(house: ArchiveHouse) -> None:
    await house.ended(1, voices(1.5))
    before = await _sides(house)

    await house.archiver().work_once()

    assert await _sides(house) == before


async def _sides(house: ArchiveHouse) -> list[tuple[bytes, int]]:
    with await house.audio(1) as audio:
        return [read_side(audio, side) for side in Side]


async def test_any_stretch_can_be_read_without_the_rest(house: ArchiveHouse) -> None:
    spoken = voices(4)
    await house.ended(1, spoken)
    await house.archiver().work_once()

    with await house.audio(1) as audio:
        for start, count in ((0, 10), (31_990, 100), (8000, 8000), (16_001, 3), (40_000, 5)):
            assert np.array_equal(audio.read(start, count), spoken[start : start + count])


async def test_marks_stand_in_the_flac_as_a_comment(house: ArchiveHouse) -> None:
    await house.ended(1, voices(1))
    await house.marks.save(ONE, [Mark(1, MarkKind.PAUSE, 0.2, 0.4)])

    await house.archiver().work_once()

    archived = await house.archives.find(ONE)
    assert archived is not None
    with FlacAudio(house.shelf.open(archived.audio_key), "r-1") as audio:
        assert audio.comment == "pause"


async def test_peaks_are_the_outline_of_each_side(house: ArchiveHouse) -> None:
    spoken = voices(1.02)
    await house.ended(1, spoken)
    await house.archiver().work_once()
    archived = await house.archives.find(ONE)
    assert archived is not None

    with house.shelf.open(archived.peaks_key) as file:
        caller, agent = as_columns(file.read(), 2)

    assert len(caller) == len(agent) == 21  # the last one is of 20 ms
    assert caller[3] == [spoken[1200:1600, 0].min() >> 8, spoken[1200:1600, 0].max() >> 8]
    assert agent[20] == [spoken[8000:, 1].min() >> 8, spoken[8000:, 1].max() >> 8]


def test_peaks_do_not_depend_on_the_pieces() -> None:
    spoken = voices(2.3)
    whole, torn = PeakFinder(8000, 2), PeakFinder(8000, 2)
    whole.feed(spoken)
    for start in range(0, len(spoken), 777):
        torn.feed(spoken[start : start + 777])

    assert torn.finish() == whole.finish()


# -- when ----------------------------------------------------------------------------------------


async def test_who_waits_for_a_transcript_is_archived_after_it(house: ArchiveHouse) -> None:
    house.transcribe = True
    house.restart_core()
    await house.ended(1, voices(0.5), TranscriptState.QUEUED)

    assert await house.archiver().work_once() > 0
    await house.recordings.save_transcript(ONE, [])
    assert await house.archiver().work_once() == 0

    assert await house.archives.find(ONE) is not None


async def test_without_transcription_nobody_is_waited_for(house: ArchiveHouse) -> None:
    await house.ended(1, voices(0.5), TranscriptState.QUEUED)

    await house.archiver().work_once()

    assert await house.archives.find(ONE) is not None


async def test_archiver_rests_while_media_is_near_its_limit(house: ArchiveHouse) -> None:
    await house.ended(1, voices(3))
    archiver = house.archiver()
    house.is_media_busy = True
    assert await archiver.work_once() == 2.0

    house.is_media_busy = False
    ask = house.ask

    async def busy_in_the_middle(message: object) -> object:
        if isinstance(message, KeepAudio) and not house.slept:
            house.is_media_busy = True
        return await ask(message)  # type: ignore[arg-type]  # whatever the archiver asks

    house.ask = busy_in_the_middle  # type: ignore[method-assign,assignment]
    await archiver.work_once()

    assert house.slept == [2.0]
    assert await house.archives.find(ONE) is not None


# -- what goes wrong -----------------------------------------------------------------------------


async def test_archiver_killed_at_any_instant_loses_nothing(tmp_path: Path) -> None:
    spoken = voices(2.5)
    async with fresh_sessions(sqlite_file(tmp_path)) as sessions:
        house = ArchiveHouse(tmp_path / "recordings", sessions)
        for number in range(1, 100):
            await house.ended(number, spoken)
            house.fate = Fate(kill_before=number)
            try:
                await house.archiver().work_once()
                is_over = True
            except Killed:
                is_over = False
            assert np.array_equal(await house.frames(number), spoken)
            house.fate = Fate()
            while await house.archiver().work_once() == 0:
                pass
            assert np.array_equal(await house.frames(number), spoken)
            assert not (house.folder / f"r-{number}.wav").exists()
            if is_over:
                break
        assert 15 < number < 99


async def test_wav_that_a_killed_core_did_not_remove_goes_at_the_next_start(
    house: ArchiveHouse,
) -> None:
    await house.ended(1, voices(0.5))
    kept = (house.folder / "r-1.wav").read_bytes()
    await house.archiver().work_once()
    (house.folder / "r-1.wav").write_bytes(kept)
    await house.archives._change(ONE, state=ArchiveState.PROVED.value)

    await house.desk.open()

    assert not (house.folder / "r-1.wav").exists()
    assert await house.archives.with_wav() == []


async def test_unreadable_wav_is_given_up_and_stays(house: ArchiveHouse) -> None:
    await house.ended(1, voices(0.5))
    (house.folder / "r-1.wav").write_bytes(b"RIFF" + bytes(100))

    for _ in range(4):
        await house.archiver().work_once()
        house.now += 60

    assert (house.folder / "r-1.wav").exists()
    assert await house.archives.waiting(10, also_untranscribed=True) == []
    assert await house.archives.find(ONE) is None


async def test_full_disk_costs_no_attempt(house: ArchiveHouse) -> None:
    await house.ended(1, voices(0.5))
    for _ in range(10):
        work = await house.desk.answer(LeaseAudio(worker="a", run="1"))
        assert isinstance(work, AudioWork)
        full = AudioFailed(worker="a", recording_id=ONE, sentence="disk full", is_passing=True)
        await house.desk.answer(full)
        house.now += 60

    await house.archiver().work_once()

    assert await house.archives.find(ONE) is not None


async def test_recording_leased_by_one_is_not_given_to_another(house: ArchiveHouse) -> None:
    await house.ended(1, voices(0.5))
    await house.desk.answer(LeaseAudio(worker="a", run="1"))

    assert not isinstance(await house.desk.answer(LeaseAudio(worker="b", run="1")), AudioWork)
    house.now += 61
    assert isinstance(await house.desk.answer(LeaseAudio(worker="b", run="1")), AudioWork)
    lost = await house.desk.answer(KeepAudio(worker="a", recording_id=ONE))
    assert isinstance(lost, AudioGone)


async def test_what_is_on_the_shelf_is_compared_before_the_wav_goes(house: ArchiveHouse) -> None:
    await house.ended(1, voices(2))
    put = FolderShelf.put

    class BadShelf(FolderShelf):
        """One bit is wrong on the way."""

        def put(self, path: Path) -> str:
            data = bytearray(path.read_bytes())
            data[len(data) // 2] ^= 1
            path.write_bytes(data)
            return put(self, path)

    archiver = house.archiver()
    archiver._shelf = BadShelf(house.folder)
    await archiver.work_once()

    assert (house.folder / "r-1.wav").exists()
    assert await house.archives.find(ONE) is None


async def test_leftovers_of_a_killed_archiver_are_cleared_away(house: ArchiveHouse) -> None:
    old = house.folder / STAGING / "day" / "r-9.flac"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"half")
    archiver = house.archiver()

    async def stop(_: float) -> None:
        raise Killed

    archiver._sleep = stop
    with pytest.raises(Killed):
        await archiver.run()

    assert not old.exists()


# -- how long a WAV may be plain -------------------------------------------------------------------


async def test_talk_that_has_waited_too_long_goes_before_its_transcript(
    house: ArchiveHouse,
) -> None:
    house.transcribe, house.plain_at_most_s = True, 600.0
    house.restart_core()
    spoken = voices(2)
    await house.ended(1, spoken, TranscriptState.QUEUED)

    house.age_s = 600
    assert await house.archiver().work_once() > 0
    assert (house.folder / "r-1.wav").exists()

    house.age_s = 601
    assert await house.archiver().work_once() == 0
    assert not (house.folder / "r-1.wav").exists()
    assert np.array_equal(await house.frames(1), spoken)


async def test_talk_that_has_waited_too_long_does_not_rest_for_calls(house: ArchiveHouse) -> None:
    house.plain_at_most_s, house.is_media_busy = 600.0, True
    house.restart_core()
    await house.ended(1, voices(3))

    assert await house.archiver().work_once() > 0
    house.age_s = 601
    assert await house.archiver().work_once() == 0

    assert house.slept == []
    assert not (house.folder / "r-1.wav").exists()


# -- the shelf -----------------------------------------------------------------------------------


def test_shelf_gives_back_what_was_put_and_deletes_it(tmp_path: Path) -> None:
    shelf = FolderShelf(tmp_path / "shelf")
    file = tmp_path / "2026-03-01" / "r-1.flac"
    file.parent.mkdir()
    file.write_bytes(b"first")
    key = shelf.put(file)
    assert not file.exists()
    file.write_bytes(b"second")

    assert shelf.put(file) == key
    with shelf.open(key) as opened:
        opened.seek(3)
        assert opened.read() == b"ond"
    shelf.delete(key)
    shelf.delete(key)
    with pytest.raises(NotFound, match=r"r-1\.flac"):
        shelf.open(key)


def test_what_is_no_flac_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "x.flac").write_bytes(b"nothing of the kind")

    with pytest.raises(UnreadableFlac, match=r"x\.flac cannot be read"):
        open_audio(tmp_path / "x.wav", FolderShelf(tmp_path), "x.flac")


def test_lost_audio_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="'r-7' is gone"):
        open_audio(tmp_path / "r-7.wav", FolderShelf(tmp_path), "")
