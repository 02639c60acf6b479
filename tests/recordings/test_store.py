"""The recording store on SQLite; the same behaviour on PostgreSQL is in tests/e2e."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from foundation.db import make_engine, make_sessions
from foundation.errors import Unavailable
from recordings.store import RecordingStore
from tests.support.database import fresh_sessions, sqlite_file
from tests.support.recording_fakes import recording
from tests.support.recording_store_behaviour import RecordingStoreBehaviour


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[RecordingStore]:
    async with fresh_sessions(sqlite_file(tmp_path)) as sessions:
        yield RecordingStore(sessions)


class TestOnSqlite(RecordingStoreBehaviour):
    """All of it."""


async def test_a_database_without_tables_is_unavailable(tmp_path: Path) -> None:
    engine = make_engine(sqlite_file(tmp_path))
    with pytest.raises(Unavailable, match="no such table"):
        await RecordingStore(make_sessions(engine)).add(recording())
    await engine.dispose()
