"""The recording store and the search behave on PostgreSQL as on SQLite."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from recordings.quality.store import QualityStore
from recordings.store import RecordingStore
from tests.support.database import fresh_sessions
from tests.support.postgresql import can_become_postgres, find_programs, postgresql
from tests.support.quality_store_behaviour import QualityStoreBehaviour, Shelf
from tests.support.recording_store_behaviour import RecordingStoreBehaviour
from tests.support.search_behaviour import SearchBehaviour, Sessions

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    programs = find_programs()
    if programs is None or not can_become_postgres():
        pytest.skip("PostgreSQL's server is not installed, or user postgres is out of reach")
    # Not pytest's folder: only its owner may enter that, and the server is another user.
    with tempfile.TemporaryDirectory() as folder, postgresql(programs, Path(folder)) as address:
        yield address


@pytest.fixture
async def sessions(url: str) -> AsyncIterator[Sessions]:
    async with fresh_sessions(url) as sessions:
        yield sessions


@pytest.fixture
def store(sessions: Sessions) -> RecordingStore:
    return RecordingStore(sessions)


class TestOnPostgresql(RecordingStoreBehaviour):
    """All of it."""


@pytest.fixture
async def shelf(url: str) -> AsyncIterator[Shelf]:
    async with fresh_sessions(url) as sessions:
        yield Shelf(RecordingStore(sessions), QualityStore(sessions))


class TestVerdictsOnPostgresql(QualityStoreBehaviour):
    """All of it."""


class TestSearchOnPostgresql(SearchBehaviour):
    """All of it."""
