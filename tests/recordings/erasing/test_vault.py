"""Deletion for good: by time, never of what is held, finished by the next try after a kill."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest

from foundation.errors import Conflict, NotFound
from foundation.ids import QueueId, RecordingId
from recordings.archiving.archive import FolderShelf
from recordings.archiving.archive_store import Archived, ArchiveStore
from recordings.erasing.certificate import Certificates
from recordings.erasing.vault import BY_RETENTION, Vault, VaultEvent
from recordings.erasing.vault_store import VaultStore
from recordings.events import DeletedFor, RecordingDeleted, RecordingHeld, RecordingReleased
from recordings.recording import TranscriptState
from recordings.store import Ended, RecordingStore
from tests.support.database import fresh_sessions, sqlite_file
from tests.support.recording_fakes import recording

ORDERS, COMPLAINTS = QueueId("orders"), QueueId("complaints")
NOW = datetime(2026, 11, 28, 3, tzinfo=UTC)


class Killed(BaseException): ...


class MortalShelf(FolderShelf):
    is_mortal = False
    pause: tuple[Event, Event] | None = None
    "Reached, and left."

    def delete(self, key: str) -> None:
        if self.pause is not None:
            reached, go_on = self.pause
            reached.set()
            go_on.wait(timeout=10)
        super().delete(key)
        if self.is_mortal:
            raise Killed


@dataclass
class House:
    folder: Path
    store: RecordingStore
    archives: ArchiveStore
    held: VaultStore
    shelf: MortalShelf
    vault: Vault
    certificates: Certificates
    told: list[VaultEvent] = field(default_factory=list)

    async def old(self, number: int, days: float, queue: QueueId = ORDERS) -> RecordingId:
        """An archived one of a talk that began so many days ago."""
        one = replace(recording(number), queue=queue, started=NOW - timedelta(days=days))
        await self.store.add(one)
        await self.archives.queue(one.recording_id)
        await self.store.end(Ended(one.recording_id, 1.0, True, TranscriptState.NONE))
        keys = []
        for end in ("flac", "peaks"):
            path = self.folder / "new" / f"{one.recording_id}.{end}"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"audio")
            keys.append(self.shelf.put(path))
        await self.archives.keep(one.recording_id, Archived(keys[0], keys[1], 1, 1))
        return one.recording_id

    async def left(self) -> set[str]:
        return {place.recording_id for place in await self.archives.places()}

    def files(self) -> set[str]:
        return {Path(key).name for key in self.shelf.all_keys()}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with fresh_sessions(sqlite_file(tmp_path)) as sessions:
        shelf, held = MortalShelf(tmp_path / "shelf"), VaultStore(sessions)
        certificates = Certificates(tmp_path / "certificates", b"secret")
        told: list[VaultEvent] = []
        vault = Vault(tmp_path, shelf, held, certificates, told.append, lambda: NOW)
        archives = ArchiveStore(sessions)
        yield House(
            tmp_path, RecordingStore(sessions), archives, held, shelf, vault, certificates, told
        )


async def test_each_queue_keeps_its_recordings_as_long_as_it_is_to(house: House) -> None:
    await house.old(1, 31)
    await house.old(2, 29)
    await house.old(3, 31, COMPLAINTS)
    await house.old(4, 3000, QueueId("for ever"))

    assert await house.vault.sweep({ORDERS: 30, COMPLAINTS: 365}.get) == 1
    assert await house.left() == {"r-2", "r-3", "r-4"}
    assert house.files() == {f"r-{n}.{end}" for n in (2, 3, 4) for end in ("flac", "peaks")}
    [told] = house.told
    assert isinstance(told, RecordingDeleted)
    assert (told.recording_id, told.why, told.by) == ("r-1", DeletedFor.RETENTION, BY_RETENTION)
    content = house.certificates.read(told.certificate)
    assert (content["queue"], content["keep_days"]) == (ORDERS, 30)
    assert content["counts"] == {"recordings": 1, "transcripts": 0, "files": 2, "bytes": 10}


async def test_a_sweep_that_finds_nothing_leaves_no_certificate(house: House) -> None:
    await house.old(1, 29)

    assert await house.vault.sweep({ORDERS: 30}.get) == 0
    assert not (house.folder / "certificates").exists()


async def test_what_is_held_or_goes_on_outlives_its_time(house: House) -> None:
    held = await house.old(1, 400)
    await house.store.add(replace(recording(2), started=NOW - timedelta(days=400)))
    await house.vault.hold([held], "ben", "case 4711")

    assert await house.vault.sweep({ORDERS: 30}.get) == 0
    await house.vault.release([held], "ben")
    assert await house.vault.sweep({ORDERS: 30}.get) == 1
    assert house.told[:2] == [
        RecordingHeld(held, "ben", "case 4711"),
        RecordingReleased(held, "ben"),
    ]


async def test_nothing_goes_when_one_of_them_is_held(house: House) -> None:
    held = await house.old(1, 1)
    await house.old(2, 1)
    await house.vault.hold([held], "ben", "case 4711")
    both = await house.held.of_calls({recording(1).call_id, recording(2).call_id})

    with pytest.raises(Conflict, match="r-1 is held by ben since 2026-11-28: case 4711"):
        await house.vault.delete(both, DeletedFor.ERASURE, "sue")
    assert await house.left() == {"r-1", "r-2"}
    assert len(house.files()) == 4


async def test_release_of_what_is_not_held_is_not_found(house: House) -> None:
    with pytest.raises(NotFound):
        await house.vault.release([await house.old(1, 1)], "ben")


async def test_a_kill_half_way_is_finished_by_the_next_sweep(house: House) -> None:
    await house.old(1, 40)
    house.shelf.is_mortal = True
    with pytest.raises(Killed):
        await house.vault.sweep({ORDERS: 30}.get)
    [begun] = (house.folder / "certificates").iterdir()
    assert house.certificates.read(begun.name)["finished"] is None
    assert await house.left() == {"r-1"}
    house.shelf.is_mortal = False

    assert await house.vault.sweep({ORDERS: 30}.get) == 1
    assert await house.left() == set()
    assert house.files() == set()


async def test_what_is_being_deleted_at_an_orderly_end_is_told_and_certified(house: House) -> None:
    await house.old(1, 40)
    house.shelf.pause = (Event(), Event())
    reached, go_on = house.shelf.pause
    sweeping = asyncio.create_task(house.vault.sweep({ORDERS: 30}.get))
    await asyncio.to_thread(reached.wait)

    sweeping.cancel()
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.wait([sweeping])

    assert sweeping.cancelled()
    [told] = house.told
    assert isinstance(told, RecordingDeleted)
    assert house.certificates.read(told.certificate)["finished"] is not None
    assert (await house.left(), house.files()) == (set(), set())


async def test_recording_that_was_deleted_a_moment_ago_is_held_no_more(house: House) -> None:
    gone = await house.old(1, 31)
    await house.vault.sweep({ORDERS: 30}.get)
    house.told.clear()

    with pytest.raises(NotFound, match="deleted"):
        await house.vault.hold([gone], "sue", "a complaint")
    assert house.told == []
