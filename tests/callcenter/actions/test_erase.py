"""A caller's number is forgotten; what is counted stays."""

import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from pprint import pformat

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from acd.events import CallAbandoned, CallbackQueued, CallQueued
from callcenter.actions.callers_data import CallersDataFinder
from callcenter.actions.erase import ACTION, Eraser, forgetting
from callcenter.asks import EraseParty
from callcenter.codec import CODEC
from callcenter.events import ActionTaken
from foundation import clock
from foundation.db import make_engine, make_sessions
from foundation.errors import Conflict, NotFound, Unavailable
from foundation.ids import CallbackId, CallId, PartyId, QueueId
from foundation.journal import Journal
from recordings.archiving.archive import FolderShelf
from recordings.archiving.archive_store import Archived, ArchiveStore
from recordings.archiving.master_keys import KeyFile
from recordings.archiving.sealed import SealedShelf
from recordings.erasing.certificate import BadCertificate, Certificates
from recordings.erasing.vault import Vault
from recordings.erasing.vault_store import VaultStore
from recordings.events import DeletedFor, RecordingDeleted, RecordingEnded, RecordingStarted
from recordings.recogniser import Word
from recordings.recording import Recording, SideTranscript, TranscriptState
from recordings.searching.search_store import Indexed, SearchStore
from recordings.store import Ended, RecordingStore
from recordings.terms import index_parts
from telephony.calls.events import CallArrived, Side
from telephony.calls.parties import PartyBook
from telephony.calls.store import PartyStore
from tests.support.database import fresh_sessions, sqlite_file
from tests.support.recording_fakes import recording
from wallboard.fold.board import Board

LI = "+8613900000001"
LI_ID, OTHERS = PartyId("p-li"), PartyId("p-wang")
WATCHED = {
    "party",
    "recording",
    "recording_archive",
    "transcript",
    "transcript_index",
    "fts_transcript",
    "call_class",
}


class Register:
    """Book, table and journal with one caller in them."""

    def __init__(
        self, sessions: async_sessionmaker[AsyncSession], journal: Journal, folder: Path
    ) -> None:
        self.store, self.journal, self.folder = PartyStore(sessions), journal, folder
        self.held, self.recordings = VaultStore(sessions), RecordingStore(sessions)
        self.archives, self.search = ArchiveStore(sessions), SearchStore(sessions)
        self.certificates = Certificates(folder / "certificates", b"secret")
        self.shelf = SealedShelf(FolderShelf(folder), KeyFile(folder / "recordings.keys"))
        self.vault = Vault(
            folder, self.shelf, self.held, self.certificates, journal.publish, clock.utc_now
        )
        self.cancelled: list[CallbackId] = []
        self.also_erased: list[PartyId] = []
        self.book = PartyBook({}, self.store.save, lambda: PartyId("p-li"))
        self.book.find_or_add(LI)
        finder = CallersDataFinder(journal.reader, self.held)
        self.eraser = Eraser(
            *(self.book, self.store, journal, journal.publish, finder, self.vault, self.held),
            self._cancel,
            [self._erase_other],
            forgetting(sessions),
        )

    async def _erase_other(self, party_id: PartyId) -> None:
        self.also_erased.append(party_id)

    def _cancel(self, callback_id: CallbackId) -> bool:
        self.cancelled.append(callback_id)
        return True

    async def talk(self, number: int, party: PartyId = LI_ID, word: str = "hello") -> Recording:
        """A call of that party, recorded, archived and transcribed."""
        one = replace(recording(number), call_id=CallId(f"c-{number}"))
        self.journal.publish(CallArrived(one.call_id, party, "8000"))
        await self.recordings.add(one)
        await self.archives.queue(one.recording_id)
        await self.recordings.end(Ended(one.recording_id, 1.0, True, TranscriptState.QUEUED))
        said = SideTranscript(Side.CALLER, "en", (Word(word, 0.0, 0.5, 1.0),))
        await self.recordings.save_transcript(one.recording_id, [said])
        await self.search.put(
            one.recording_id, [Indexed(Side.CALLER, tuple(index_parts(said.words)))]
        )
        await self.recordings.classify((one.call_id, "queue", "orders"))
        keys = [self._shelved(f"{one.recording_id}.{end}") for end in ("flac", "peaks")]
        await self.archives.keep(one.recording_id, Archived(keys[0], keys[1], 100, 50))
        return one

    def _shelved(self, name: str) -> str:
        path = self.folder / "new" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(name.encode())
        return self.shelf.put(path)

    async def rows(self) -> dict[str, int]:
        """Of all tables, the search's too, that have any."""
        async with self.store._sessions() as session:
            names = await session.scalars(text("SELECT name FROM sqlite_master WHERE type='table'"))
            tables = [name for name in names if name in WATCHED]
            found = {
                name: await session.scalar(text(f"SELECT count(*) FROM {name}")) for name in tables
            }
        return {name: count for name, count in found.items() if count}

    async def kept_events(self) -> list[object]:
        return [record.event async for record in self.journal.reader.read()]


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    journal = await Journal.open(tmp_path / "journal.db", CODEC)
    yield journal
    await journal.close()


@pytest.fixture
async def register(journal: Journal, tmp_path: Path) -> AsyncIterator[Register]:
    async with fresh_sessions(sqlite_file(tmp_path)) as sessions:
        yield Register(sessions, journal, tmp_path)


@pytest.mark.parametrize("number", [LI, "13900000001", "0086 139 0000 0001"])
async def test_number_is_forgotten_in_memory_and_on_disk_however_it_is_written(
    register: Register, number: str
) -> None:
    done = await register.eraser.erase(EraseParty(number, "sue"))

    assert register.book.find_number(PartyId("p-li")) is None
    assert await register.store.load() == {}
    assert done.seq == 1
    assert await register.kept_events() == [ActionTaken("sue", ACTION, "p-li", done.certificate)]


async def test_nothing_of_number_and_words_is_left_in_the_files_of_the_database(
    register: Register, tmp_path: Path
) -> None:
    await register.talk(1, word="zanzibar")

    def in_files(what: str) -> list[str]:
        files = [path for path in tmp_path.glob("*.db*") if path.name != "journal.db"]
        return [path.name for path in files if what.encode() in path.read_bytes()]

    assert await register.store.flush()
    assert in_files(LI)
    assert in_files("zanzibar")

    await register.eraser.erase(EraseParty(LI, "sue"))

    assert in_files(LI) == []
    assert in_files("zanzibar") == []


async def test_number_that_never_called_is_not_found(register: Register) -> None:
    with pytest.raises(NotFound, match="Nobody has called from \\+8613900000002"):
        await register.eraser.erase(EraseParty("13900000002", "sue"))

    assert register.book.find_party(LI) == "p-li"
    assert await register.kept_events() == []


async def test_number_stays_known_while_the_database_is_away(
    tmp_path: Path, journal: Journal
) -> None:
    engine = make_engine("sqlite:///without-tables.db", tmp_path)
    register = Register(make_sessions(engine), journal, tmp_path)

    with pytest.raises(Unavailable):
        await register.eraser.erase(EraseParty(LI, "sue"))

    assert register.book.find_party(LI) == "p-li"
    assert await register.kept_events() == []
    await engine.dispose()


async def test_all_that_the_caller_left_is_gone_and_nothing_of_others(register: Register) -> None:
    li, wang = await register.talk(1), await register.talk(2, OTHERS)
    callback = CallbackId("cb-1")
    register.journal.publish(CallbackQueued(callback, PartyId("p-li"), QueueId("orders")))
    done = await register.eraser.erase(EraseParty(LI, "sue"))

    files = {path.name for path in register.folder.rglob("r-*") if path.is_file()}
    assert files == {"r-2.flac.sealed", "r-2.peaks.sealed"}
    assert register.cancelled == [callback]
    assert register.also_erased == [LI_ID]
    assert await register.rows() == {
        "recording": 1,
        "recording_archive": 1,
        "transcript": 1,
        "transcript_index": 1,
        "fts_transcript": 1,
        "call_class": 1,
    }
    assert (await register.recordings.get(wang.recording_id)).call_id == "c-2"
    assert done.counts == {
        "calls": 1,
        "recordings": 1,
        "transcripts": 1,
        "callbacks": 1,
    }
    assert (await register.kept_events())[-2:] == [
        RecordingDeleted(li.recording_id, li.call_id, DeletedFor.ERASURE, "sue", done.certificate),
        ActionTaken("sue", ACTION, "p-li", done.certificate),
    ]


async def test_certificate_says_what_is_gone_without_the_number_and_cannot_be_changed(
    register: Register,
) -> None:
    await register.talk(1)
    done = await register.eraser.erase(EraseParty(LI, "sue"))
    content = register.certificates.read(done.certificate)

    assert (content["why"], content["by"], content["party_id"]) == ("erasure", "sue", "p-li")
    assert content["finished"]
    assert content["recordings"] == [{"recording_id": "r-1", "call_id": "c-1"}]
    assert content["files"][0] == {
        "kind": "audio",
        "of": "r-1",
        "bytes": len(b"r-1.flac"),
        "sha256": hashlib.sha256(b"r-1.flac").hexdigest(),
    }
    path = register.folder / "certificates" / done.certificate
    assert LI not in path.read_text()
    path.write_text(json.dumps(json.loads(path.read_text()) | {"by": "ben"}))
    with pytest.raises(BadCertificate):
        register.certificates.read(done.certificate)


async def test_what_is_held_keeps_all_and_names_the_hold(register: Register) -> None:
    li = await register.talk(1)
    await register.talk(3)
    await register.vault.hold([li.recording_id], "ben", "case 4711")
    assert await register.store.flush()
    before = await register.rows()
    shown = await register.eraser.erase(EraseParty(LI, "sue", dry_run=True))

    with pytest.raises(Conflict, match=r"r-1 is held by ben since .*: case 4711"):
        await register.eraser.erase(EraseParty(LI, "sue"))
    assert await register.rows() == before
    assert register.book.find_party(LI) == "p-li"
    assert len(shown.held) == 1
    await register.vault.release([li.recording_id], "ben")
    await register.eraser.erase(EraseParty(LI, "sue"))
    assert await register.rows() == {}


async def test_dry_run_counts_and_changes_nothing(register: Register) -> None:
    await register.talk(1)
    before, told = await register.rows(), len(await register.kept_events())
    shown = await register.eraser.erase(EraseParty(LI, "sue", dry_run=True))

    assert shown.counts == {"calls": 1, "recordings": 1, "transcripts": 1}
    assert (shown.certificate, shown.held) == ("", [])
    assert await register.rows() == before
    assert len(await register.kept_events()) == told
    assert not (register.folder / "certificates").exists()


async def test_talk_that_goes_on_is_refused(register: Register) -> None:
    one = recording(1)
    register.journal.publish(CallArrived(one.call_id, PartyId("p-li"), "8000"))
    await register.recordings.add(one)

    with pytest.raises(Conflict, match="still being made"):
        await register.eraser.erase(EraseParty(LI, "sue"))
    assert register.book.find_party(LI) == "p-li"


async def test_history_keeps_its_counts(register: Register) -> None:
    one = await register.talk(1)
    journal = register.journal
    queue = QueueId("orders")
    journal.publish(CallQueued(one.call_id, queue))
    started = (one.agent_id, queue, one.file, one.languages)
    journal.publish(RecordingStarted(one.recording_id, one.call_id, *started))
    journal.publish(RecordingEnded(one.recording_id, 1.0, True))
    journal.publish(CallAbandoned(one.call_id, queue))

    async def figures() -> str:
        board = Board()
        async for record in journal.reader.read():
            board.fold(record)
        return pformat((board.house, board.queues, board.agents, board.calls, board.ended))

    await journal.settled(journal.last_seq)
    before = await figures()
    await register.eraser.erase(EraseParty(LI, "sue"))

    assert await figures() == before
    assert "abandoned=1" in before
