"""`callcenter recordings verify` and `rotate-key` on a centre that does not run."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from callcenter.codec import CODEC
from callcenter.commands.asking import terminal
from callcenter.configuration.settings import load
from callcenter.events import ActionTaken
from callcenter.rules.recordings import archive_keys, archive_shelf
from foundation.db import make_engine, make_sessions
from foundation.journal import Journal, JournalReader
from recordings.archive_store import Archived, ArchiveStore
from recordings.events import DeletedFor, RecordingDeleted, RecordingStarted
from recordings.flac import FlacFile
from recordings.recording import TranscriptState
from recordings.sealed import HEAD_BYTES
from recordings.store import Ended, RecordingStore
from tests.support.archive_house import voices
from tests.support.centres import run_command, write_centre
from tests.support.database import put_schema
from tests.support.recording_fakes import recording
from tests.support.telephone_speech import write_wav


@pytest.fixture
def centre(tmp_path: Path) -> Path:
    """r-1 is on the shelf, r-2 a WAV still; two seconds each."""
    write_centre(tmp_path)
    asyncio.run(_fill(tmp_path))
    return tmp_path


async def _fill(centre: Path) -> None:
    settings = load(centre)
    engine = make_engine(settings.database_url)
    put_schema(settings.database_url)
    store, archives = RecordingStore(make_sessions(engine)), ArchiveStore(make_sessions(engine))
    for number in (1, 2):
        stored = recording(number)
        await store.add(stored)
        await archives.queue(stored.recording_id)
        await store.end(Ended(stored.recording_id, 2.0, True, TranscriptState.NONE))
        write_wav(settings.recordings_path / stored.file, voices(2, number))
    path = (settings.recordings_path / recording(1).file).with_suffix(".flac")
    flac = FlacFile(path, 8000, 2, "")
    flac.write(voices(2, 1))
    flac.close()
    path.with_suffix(".peaks").write_bytes(bytes(160))
    shelf = archive_shelf(settings)
    keys = shelf.put(path), shelf.put(path.with_suffix(".peaks"))
    await archives.keep(recording(1).recording_id, Archived(*keys, 64044, 1000))
    (settings.recordings_path / recording(1).file).unlink()
    await engine.dispose()


def tell(centre: Path, *events: object) -> None:
    async def publish() -> None:
        journal = await Journal.open(load(centre).journal_path, CODEC)
        for event in events:
            journal.publish(event)
        await journal.close()

    asyncio.run(publish())


def started(number: int) -> RecordingStarted:
    one = recording(number)
    return RecordingStarted(
        one.recording_id, one.call_id, one.agent_id, one.queue, one.file, one.languages
    )


def sealed_flac(centre: Path) -> Path:
    [found] = load(centre).recordings_path.rglob("*.flac.sealed")
    return found


def test_all_is_there(centre: Path) -> None:
    tell(centre, started(1), started(2))
    result = run_command("recordings", "verify", centre)

    assert result.exit_code == 0, result.stderr
    assert result.stdout == "2 talks, 2 with audio that is whole.\n"


def test_a_bit_that_flipped_is_found(centre: Path) -> None:
    path = sealed_flac(centre)
    data = bytearray(path.read_bytes())
    data[HEAD_BYTES + 100] ^= 1
    path.write_bytes(data)
    result = run_command("recordings", "verify", centre)

    assert result.exit_code == 1
    assert "Talk r-1: r-1.flac.sealed was changed or cut at block 0." in result.stderr


def test_lost_and_foreign_files_are_told(centre: Path) -> None:
    folder = load(centre).recordings_path
    (folder / recording(2).file).unlink()
    (folder / recording(2).file).with_name("r-9.wav").write_bytes(b"RIFF")
    result = run_command("recordings", "verify", centre)

    assert result.exit_code == 1
    assert "Talk r-2: the audio of recording 'r-2' is gone" in result.stderr
    assert "r-9.wav belongs to no talk." in result.stderr
    assert len(result.stderr.strip().splitlines()) == 2


def test_talk_that_only_the_journal_knows_is_told_unless_it_was_deleted(centre: Path) -> None:
    gone = recording(4)
    deleted = RecordingDeleted(
        gone.recording_id, gone.call_id, DeletedFor.RETENTION, "retention", "c.json"
    )
    tell(centre, started(3), started(4), deleted)
    result = run_command("recordings", "verify", centre)

    assert result.exit_code == 1
    assert result.stderr.strip() == "Talk r-3 was recorded, and the database does not know it."


def test_cut_wav_is_told_and_mended_when_that_is_wanted(centre: Path) -> None:
    path = load(centre).recordings_path / recording(2).file
    with path.open("ab") as file:
        file.write(b"\0\0\0")  # half a frame: a kill
    told = run_command("recordings", "verify", centre)
    mended = run_command("recordings", "verify", "--repair", centre)

    assert told.exit_code == 1
    assert "is cut; --repair mends it." in told.stderr
    assert mended.exit_code == 0, mended.stderr
    assert "was cut and is mended." in mended.stdout
    assert run_command("recordings", "verify", centre).exit_code == 0


def test_audio_that_is_too_short_is_told(centre: Path) -> None:
    path = load(centre).recordings_path / recording(2).file
    write_wav(path, np.ones((8000, 2), np.int16))
    result = run_command("recordings", "verify", centre)

    assert result.exit_code == 1
    assert "Talk r-2 took 2.0 s, and its audio 1.0 s." in result.stderr


def test_new_key_wraps_all_files_and_leaves_their_audio(centre: Path) -> None:
    before = sealed_flac(centre).read_bytes()
    result = run_command("recordings", "rotate-key", centre)
    keys = archive_keys(load(centre))

    assert result.exit_code == 0, result.stderr
    assert result.stdout == (
        f"2 files are wrapped with the new key {keys.newest().key_id.hex()}.\n"
    )
    assert len(keys.all()) == 2
    after = sealed_flac(centre).read_bytes()
    assert after[HEAD_BYTES:] == before[HEAD_BYTES:]
    assert keys.newest().key_id in after[:HEAD_BYTES]
    assert keys.all()[0].key_id not in after[:HEAD_BYTES]
    assert run_command("recordings", "verify", centre).exit_code == 0
    new, by = keys.newest().key_id.hex(), terminal()
    assert audit(centre) == [
        ActionTaken(by, "recording key added", new),
        ActionTaken(by, "recordings rewrapped", new, "2 files, 0 problems"),
    ]


def audit(centre: Path) -> list[object]:
    async def read() -> list[object]:
        reader = JournalReader(load(centre).journal_path, CODEC)
        return [each.event async for each in reader.all_of_kinds((ActionTaken,))]

    return asyncio.run(read())


def test_files_that_a_stopped_rotation_left_over_are_wrapped_without_another_key(
    centre: Path,
) -> None:
    keys = archive_keys(load(centre))
    new = keys.add()  # and killed before the first file
    first = run_command("recordings", "rotate-key", "--continue", centre)
    done = sealed_flac(centre).read_bytes()
    again = run_command("recordings", "rotate-key", "--continue", centre)

    name = f"the newest key {new.key_id.hex()}."
    assert first.stdout == f"2 files are wrapped with {name}\n"
    assert again.stdout == f"0 files are wrapped with {name}\n"
    assert keys.newest() == new
    assert sealed_flac(centre).read_bytes() == done
    assert new.key_id in done[:HEAD_BYTES]
