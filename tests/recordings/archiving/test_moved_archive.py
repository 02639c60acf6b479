"""The archive of a centre whose recordings are in a bucket: heard, checked, held, deleted."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from foundation.errors import Conflict, Unavailable
from foundation.ids import CallId, RecordingId
from recordings.archiving.archive import open_audio
from recordings.archiving.archiver import Archiver, ArchiverOptions
from recordings.archiving.master_keys import FILE_NAME, KeyFile
from recordings.archiving.moving_shelf import MovingShelf
from recordings.archiving.sealed import SUFFIX, SealedShelf
from recordings.archiving.verify import Verifier
from recordings.erasing.certificate import Certificates
from recordings.erasing.vault import Vault
from recordings.erasing.vault_store import Doomed, VaultStore
from recordings.events import DeletedFor
from recordings.recording import TranscriptState
from recordings.store import Ended
from tests.support.archive_house import ArchiveHouse, voices
from tests.support.database import fresh_sessions, sqlite_file
from tests.support.memory_bucket import MemoryBucket
from tests.support.recording_fakes import STARTED, recording
from tests.support.telephone_speech import write_wav

ONE = RecordingId("r-1")
SPOKEN = voices(3)
TALK = replace(recording(1), file="2026-03-01/r-1.wav")


class MovedHouse(ArchiveHouse):
    """One talk, archived, sealed and moved."""

    bucket: MemoryBucket

    async def fill(self, keys: KeyFile, certificates: Path) -> None:
        self.bucket = MemoryBucket()
        self.moving = MovingShelf(self.shelf, self.bucket, SUFFIX)
        self.sealed = SealedShelf(self.moving, keys)
        self.held = VaultStore(self.sessions)
        self.certificates = Certificates(certificates, b"secret")
        self.vault = Vault(
            self.folder, self.sealed, self.held, self.certificates, lambda event: None,
            lambda: STARTED,
        )  # fmt: skip
        await self.recordings.add(TALK)
        (self.folder / TALK.file).parent.mkdir()
        write_wav(self.folder / TALK.file, SPOKEN)
        await self.archives.queue(ONE)
        await self.recordings.end(Ended(ONE, len(SPOKEN) / 8000, True, TranscriptState.NONE))
        options = ArchiverOptions(worker="a", run="1", recordings=self.folder, piece_s=1.0)
        await Archiver(options, self, self.sealed, self._sleep).work_once()
        for each in self.moving.waiting():
            self.moving.move(each.key)

    async def doomed(self) -> Sequence[Doomed]:
        return await self.held.of_calls([CallId("c-1")])


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[MovedHouse]:
    (tmp_path / "recordings").mkdir()
    async with fresh_sessions(sqlite_file(tmp_path)) as sessions:
        house = MovedHouse(tmp_path / "recordings", sessions)
        await house.fill(KeyFile(tmp_path / FILE_NAME), tmp_path / "certificates")
        yield house


async def test_nothing_is_left_here_and_every_sample_is_there(house: MovedHouse) -> None:
    assert house.shelf.all_keys() == []
    assert len(house.bucket.keys()) == 2

    key = await house.archives.find_key(ONE)
    with open_audio(house.folder / TALK.file, house.sealed, key) as audio:
        assert np.array_equal(audio.read(0, audio.frames), SPOKEN)


async def test_all_is_there_says_the_check_and_says_what_is_not(house: MovedHouse) -> None:
    async def told() -> AsyncIterator[object]:
        nothing: list[object] = []
        for event in nothing:
            yield event

    check = Verifier(house.folder, house.sealed, house.recordings, house.archives)
    findings = await check.run(told())
    assert (findings.talks, findings.files, findings.problems) == (1, 1, [])

    house.bucket.put_bytes("2026-03-01/r-9.flac.sealed", b"x")
    house.bucket.delete(await house.archives.find_key(ONE))
    problems = (await check.run(told())).problems

    assert [problem.partition(":")[0] for problem in problems] == [
        "Talk r-1",
        "File 2026-03-01/r-9.flac.sealed belongs to no talk.",
    ]


async def test_erasure_takes_it_out_of_the_bucket_with_a_certificate(house: MovedHouse) -> None:
    name = await house.vault.delete(await house.doomed(), DeletedFor.ERASURE, "sue")

    assert house.moving.all_keys() == []
    files = house.certificates.read(name)["files"]
    assert [(file["kind"], len(file["sha256"])) for file in files] == [("audio", 64), ("peaks", 64)]


async def test_what_is_held_stays_in_the_bucket(house: MovedHouse) -> None:
    await house.vault.hold([ONE], "sue", "a court asks")

    with pytest.raises(Conflict, match="a court asks"):
        await house.vault.delete(await house.doomed(), DeletedFor.ERASURE, "sue")

    assert len(house.bucket.keys()) == 2


async def test_erasure_waits_for_a_bucket_that_is_away_and_has_begun_nothing(
    house: MovedHouse,
) -> None:
    house.bucket.trouble = "the bucket does not answer"

    with pytest.raises(Unavailable, match="the bucket does not answer"):
        await house.vault.delete(await house.doomed(), DeletedFor.ERASURE, "sue")

    assert len(house.bucket.keys()) == 2
    assert len(await house.doomed()) == 1
    house.bucket.trouble = ""
    await house.vault.delete(await house.doomed(), DeletedFor.ERASURE, "sue")
    assert house.bucket.keys() == []
