"""Engines, and the promise that migrations make exactly the tables that the models describe."""

import asyncio
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, select, text

from foundation.db import (
    CACHE_KB,
    REVISIONS,
    Base,
    create_schema,
    is_described,
    make_engine,
    make_sessions,
    newest_revisions,
)
from foundation.errors import ConfigurationError
from foundation.schema import migration_config
from tests.support.database import connections_ended
from tools.migration import import_models


async def test_sqlite_waits_for_locks_and_writes_ahead(tmp_path: Path) -> None:
    engine = make_engine("sqlite:///data/house.db", tmp_path)
    async with make_sessions(engine)() as session:
        mode = await session.scalar(text("PRAGMA journal_mode"))
        synchronous = await session.scalar(text("PRAGMA synchronous"))
        patience_ms = await session.scalar(text("PRAGMA busy_timeout"))
        cache_kb = await session.scalar(text("PRAGMA cache_size"))
    await engine.dispose()

    assert (mode, synchronous, patience_ms) == ("wal", 1, 5000)
    assert cache_kb == -CACHE_KB, "by memory, not by pages"
    assert (tmp_path / "data/house.db").exists()


async def test_connection_that_was_used_last_is_used_next(tmp_path: Path) -> None:
    """In turn, each of five would fill a cache of its own with the same pages."""
    engine = make_engine("sqlite:///house.db", tmp_path)
    async with engine.connect() as first, engine.connect() as second, engine.connect() as third:
        for each in (first, second, third):
            await each.scalar(text("SELECT 1"))
    used = set()
    for _ in range(5):
        async with engine.connect() as connection:
            used.add((await connection.get_raw_connection()).driver_connection)
    await engine.dispose()

    assert len(used) == 1


@pytest.mark.parametrize("turns", [1, 4, 8])
def test_question_that_is_given_up_while_its_connection_opens_leaves_nothing_behind(
    tmp_path: Path, turns: int
) -> None:
    """The process ends in that moment: a thread that tells its loop of it then fails the test."""

    async def ask_and_end() -> None:
        engine = make_engine("sqlite:///house.db", tmp_path)
        async with make_sessions(engine)() as session:
            asking = asyncio.ensure_future(session.scalar(text("SELECT 1")))
            for _ in range(turns):
                await asyncio.sleep(0)
            asking.cancel()
            await asyncio.wait([asking])
        await engine.dispose()

    with connections_ended():
        for _ in range(20):
            asyncio.run(ask_and_end())


@pytest.mark.parametrize("url", ["postgresql://u@db/house", "postgres://u@db/house"])
async def test_postgresql_urls_get_the_asyncpg_driver(url: str) -> None:
    assert make_engine(url).url.drivername == "postgresql+asyncpg"


def test_other_databases_are_refused_with_a_sentence() -> None:
    with pytest.raises(ConfigurationError, match="must begin with sqlite:/// or postgresql://"):
        make_engine("mysql://u@db/house")


async def test_migrations_make_the_tables_that_the_models_describe(tmp_path: Path) -> None:
    import_models()
    engine = make_engine("sqlite:///house.db", tmp_path)
    await create_schema(engine)
    async with engine.connect() as connection:
        difference = await connection.run_sync(_difference)
    await engine.dispose()

    assert difference == [], 'run: python -m tools.migration "What changed"'


async def test_newest_revision_is_known_without_alembic(tmp_path: Path) -> None:
    """Who reads the files otherwise than Alembic does would leave a migration out."""
    engine = make_engine("sqlite:///house.db", tmp_path)
    async with engine.connect() as connection:
        config = await connection.run_sync(migration_config)
    await engine.dispose()

    assert newest_revisions() == set(ScriptDirectory.from_config(config).get_heads())


async def test_database_of_an_older_revision_is_brought_to_the_newest(tmp_path: Path) -> None:
    engine = make_engine("sqlite:///house.db", tmp_path)
    async with engine.begin() as connection:
        await connection.run_sync(lambda sync: command.upgrade(migration_config(sync), "head-1"))
        before = set(await connection.scalars(select(REVISIONS.c.version_num)))
    await create_schema(engine)
    async with engine.connect() as connection:
        after = set(await connection.scalars(select(REVISIONS.c.version_num)))
    await engine.dispose()

    assert before != after == newest_revisions()


async def test_creating_the_schema_twice_changes_nothing(tmp_path: Path) -> None:
    engine = make_engine("sqlite:///house.db", tmp_path)
    await create_schema(engine)
    await create_schema(engine)
    await engine.dispose()


def _difference(connection: Connection) -> list[object]:
    options = {"compare_type": True, "include_object": is_described}
    context = MigrationContext.configure(connection, opts=options)
    return list(compare_metadata(context, Base.metadata))
