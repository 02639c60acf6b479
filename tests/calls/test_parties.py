"""Callers have ids; their numbers stand apart from history and can be erased."""

import asyncio
from pathlib import Path

import pytest

from foundation.db import Base, make_engine, make_sessions
from foundation.errors import Unavailable
from foundation.ids import PartyId
from telephony.calls import parties as parties_module
from telephony.calls.parties import PartyBook
from telephony.calls.store import ROWS_AT_ONCE, PartyStore
from tests.support.database import fresh_sessions

LI = "+8613900000001"
WANG = "+8613900000002"


class Saved(list[tuple[PartyId, str]]):
    def save(self, party_id: PartyId, number: str) -> None:
        self.append((party_id, number))


def test_a_number_has_one_id_and_is_saved_once() -> None:
    saved = Saved()
    book = PartyBook({}, saved.save)
    li = book.find_or_add(LI)
    assert book.find_or_add(LI) == li
    assert book.find_or_add(WANG) != li
    assert [number for _, number in saved] == [LI, WANG]
    assert book.find_number(li) == LI


def test_who_is_known_from_disk_keeps_the_id_and_is_not_saved_again() -> None:
    saved = Saved()
    book = PartyBook({LI: PartyId("p-li")}, saved.save)
    assert book.find_or_add(LI) == "p-li"
    assert saved == []


def test_erased_party_has_no_number_and_calls_again_as_somebody_new() -> None:
    book = PartyBook({LI: PartyId("p-li")}, Saved().save)
    book.erase(PartyId("p-li"))
    book.erase(PartyId("p-li"))
    assert book.find_number(PartyId("p-li")) is None
    assert book.find_or_add(LI) != "p-li"


def test_full_book_gives_ids_that_it_does_not_remember(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parties_module, "MAX_PARTIES", 1)
    saved = Saved()
    book = PartyBook({LI: PartyId("p-li")}, saved.save)
    assert book.find_or_add(WANG) != book.find_or_add(WANG)
    assert saved == []


async def test_saved_parties_are_there_after_a_restart(tmp_path: Path) -> None:
    engine = make_engine("sqlite:///parties.db", tmp_path)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    store = PartyStore(make_sessions(engine))
    store.save(PartyId("p-li"), LI)
    assert await store.load() == {}, "save returns before anything is written"
    assert await store.flush()
    await engine.dispose()
    again = make_engine("sqlite:///parties.db", tmp_path)
    assert await PartyStore(make_sessions(again)).load() == {LI: "p-li"}
    await again.dispose()


async def test_the_task_writes_what_was_saved(tmp_path: Path) -> None:
    async with fresh_sessions(f"sqlite:///{tmp_path}/parties.db") as sessions:
        store = PartyStore(sessions)
        task = asyncio.create_task(store.run())
        store.save(PartyId("p-li"), LI)
        async with asyncio.timeout(10):
            while not (found := await store.load()):
                pass
        task.cancel()
        assert found == {LI: "p-li"}


async def test_a_batch_of_any_size_may_be_written_twice() -> None:
    async with fresh_sessions() as sessions:
        store = PartyStore(sessions)
        for _ in range(2):
            for number in range(ROWS_AT_ONCE + 1):
                store.save(PartyId(f"p-{number}"), str(number))
            assert await store.flush()
        assert len(await store.load()) == ROWS_AT_ONCE + 1


async def test_erased_party_is_gone_from_disk_even_if_it_still_waited() -> None:
    async with fresh_sessions() as sessions:
        store = PartyStore(sessions)
        store.save(PartyId("p-li"), LI)
        store.save(PartyId("p-wang"), WANG)
        await store.erase(PartyId("p-li"))
        await store.flush()
        assert await store.load() == {WANG: "p-wang"}


async def test_a_database_that_is_not_ready_gets_the_parties_later(tmp_path: Path) -> None:
    engine = make_engine("sqlite:///parties.db", tmp_path)
    store = PartyStore(make_sessions(engine))
    store.save(PartyId("p-li"), LI)
    assert not await store.flush()
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    assert await store.flush()
    assert await store.load() == {LI: "p-li"}
    await engine.dispose()


async def test_nothing_is_erased_while_the_database_is_away(tmp_path: Path) -> None:
    engine = make_engine("sqlite:///parties.db", tmp_path)
    store = PartyStore(make_sessions(engine))
    store.save(PartyId("p-li"), LI)
    with pytest.raises(Unavailable, match="nothing was erased"):
        await store.erase(PartyId("p-li"))
    assert store.waiting == 1, "what waits would bring the number back"
    await engine.dispose()


def test_book_finds_the_party_of_a_number() -> None:
    book = PartyBook({LI: PartyId("p-li")}, lambda party_id, number: None)

    assert book.find_party(LI) == "p-li"
    assert book.find_party(WANG) is None
