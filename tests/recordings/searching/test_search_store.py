"""The search on SQLite; tests/e2e has the same on PostgreSQL."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.database import fresh_sessions, sqlite_file
from tests.support.search_behaviour import SearchBehaviour, Sessions


@pytest.fixture
async def sessions(tmp_path: Path) -> AsyncIterator[Sessions]:
    async with fresh_sessions(sqlite_file(tmp_path)) as sessions:
        yield sessions


class TestOnSqlite(SearchBehaviour):
    """All of it."""
