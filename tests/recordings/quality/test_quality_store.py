"""The store of verdicts on SQLite; the same behaviour on PostgreSQL is in tests/e2e."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from foundation.db import make_engine, make_sessions
from foundation.errors import Unavailable
from recordings.quality.store import QualityStore
from recordings.store import RecordingStore
from tests.support.database import fresh_sessions, sqlite_file
from tests.support.quality_store_behaviour import ONE, QualityStoreBehaviour, Shelf


@pytest.fixture
async def shelf(tmp_path: Path) -> AsyncIterator[Shelf]:
    async with fresh_sessions(sqlite_file(tmp_path)) as sessions:
        yield Shelf(RecordingStore(sessions), QualityStore(sessions))


class TestOnSqlite(QualityStoreBehaviour):
    """All of it."""


async def test_database_without_tables_is_unavailable(tmp_path: Path) -> None:
    engine = make_engine(sqlite_file(tmp_path))
    with pytest.raises(Unavailable, match="no such table"):
        await QualityStore(make_sessions(engine)).kept(ONE)
    await engine.dispose()
