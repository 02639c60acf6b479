"""`callcenter party erase` on a centre that does not run."""

import asyncio
from pathlib import Path

import pytest

from callcenter.codec import CODEC
from callcenter.configuration.settings import load
from callcenter.events import ActionTaken
from foundation.db import make_engine, make_sessions
from foundation.ids import PartyId
from foundation.journal import Journal, JournalReader
from telephony.calls.store import PartyStore
from tests.support.centres import run_command, write_centre
from tests.support.database import put_schema

LI, WANG = "+8613900000001", "+8613900000002"


@pytest.fixture
def centre(tmp_path: Path) -> Path:
    """Li and Wang have called."""
    return write_centre(tmp_path)


async def _with_store(centre: Path, *new: tuple[str, str]) -> dict[str, PartyId]:
    engine = make_engine(load(centre).database_url)
    put_schema(load(centre).database_url)
    store = PartyStore(make_sessions(engine))
    for party_id, number in new:
        store.save(PartyId(party_id), number)
    assert await store.flush()
    known = await store.load()
    await engine.dispose()
    return known


def test_number_is_erased_and_the_journal_says_by_whom(centre: Path) -> None:
    asyncio.run(_with_store(centre, ("p-li", LI), ("p-wang", WANG)))
    result = run_command("party", "erase", "13900000001", "--dir", centre)

    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("13900000001 is erased.\n0 calls, 0 recordings")
    assert asyncio.run(_with_store(centre)) == {WANG: "p-wang"}

    async def audit() -> list[object]:
        reader = JournalReader(load(centre).journal_path, CODEC)
        return [record.event async for record in reader.read()]

    [line] = asyncio.run(audit())
    assert isinstance(line, ActionTaken)
    assert (line.action, line.target) == ("party erased", "p-li")
    assert line.by.startswith("terminal:")


def test_number_that_never_called_is_named(centre: Path) -> None:
    result = run_command("party", "erase", WANG, "--dir", centre)

    assert result.exit_code == 1
    assert f"Nobody has called from {WANG}" in result.stderr


def test_core_that_is_just_starting_is_not_written_over(centre: Path) -> None:
    async def erase_beside_a_core() -> str:
        journal = await Journal.open(load(centre).journal_path, CODEC)
        result = await asyncio.to_thread(run_command, "party", "erase", LI, "--dir", centre)
        await journal.close()
        assert result.exit_code == 1
        return result.stderr

    assert "another process writes the journal" in asyncio.run(erase_beside_a_core())


def test_problems_of_the_configuration_are_told_as_sentences(tmp_path: Path) -> None:
    result = run_command("party", "erase", LI, "--dir", write_centre(tmp_path, "timezone: Mars\n"))

    assert result.exit_code == 1
    assert "callcenter.yaml:1: timezone" in result.stderr
