"""A caller's number is forgotten; what is counted stays."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from callcenter.asks import EraseParty
from callcenter.codec import CODEC
from callcenter.erase import ACTION, Eraser
from callcenter.events import ActionTaken
from foundation.db import make_engine, make_sessions
from foundation.errors import NotFound, Unavailable
from foundation.ids import PartyId
from foundation.journal import Journal
from telephony.calls.parties import PartyBook
from telephony.calls.store import PartyStore
from tests.support.database import fresh_sessions

LI = "+8613900000001"


class Register:
    """Book, table and journal with one caller in them."""

    def __init__(self, store: PartyStore, journal: Journal) -> None:
        self.store, self.journal = store, journal
        self.book = PartyBook({}, store.save, lambda: PartyId("p-li"))
        self.book.find_or_add(LI)
        self.eraser = Eraser(self.book, store, journal, journal.publish)

    async def kept_events(self) -> list[object]:
        return [record.event async for record in self.journal.reader.read()]


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    journal = await Journal.open(tmp_path / "journal.db", CODEC)
    yield journal
    await journal.close()


@pytest.fixture
async def register(journal: Journal) -> AsyncIterator[Register]:
    async with fresh_sessions() as sessions:
        yield Register(PartyStore(sessions), journal)


@pytest.mark.parametrize("number", [LI, "13900000001", "0086 139 0000 0001"])
async def test_number_is_forgotten_in_memory_and_on_disk_however_it_is_written(
    register: Register, number: str
) -> None:
    done = await register.eraser.erase(EraseParty(number, "sue"))

    assert register.book.find_number(PartyId("p-li")) is None
    assert await register.store.load() == {}
    assert done.seq == 1
    assert await register.kept_events() == [ActionTaken("sue", ACTION, "p-li")]


async def test_number_that_never_called_is_not_found(register: Register) -> None:
    with pytest.raises(NotFound, match="Nobody has called from \\+8613900000002"):
        await register.eraser.erase(EraseParty("13900000002", "sue"))

    assert register.book.find_party(LI) == "p-li"
    assert await register.kept_events() == []


async def test_number_stays_known_while_the_database_is_away(
    tmp_path: Path, journal: Journal
) -> None:
    engine = make_engine("sqlite:///without-tables.db", tmp_path)
    register = Register(PartyStore(make_sessions(engine)), journal)

    with pytest.raises(Unavailable):
        await register.eraser.erase(EraseParty(LI, "sue"))

    assert register.book.find_party(LI) == "p-li"
    assert await register.kept_events() == []
    await engine.dispose()
