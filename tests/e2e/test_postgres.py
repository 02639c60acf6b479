"""The store on PostgreSQL: the same migrations make the same tables."""

from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from foundation.db import Base, create_schema, is_described, make_engine, make_sessions
from tests.support import postgres
from tools.migration import import_models

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(postgres.why_not() is not None, reason=postgres.why_not() or ""),
]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with postgres.server() as url:
        yield url


async def test_migrations_make_the_tables_that_the_models_describe(url: str) -> None:
    import_models()
    engine = make_engine(url)
    await create_schema(engine)
    await create_schema(engine)
    async with engine.connect() as connection:
        difference = await connection.run_sync(_difference)
        tables = await connection.run_sync(lambda c: set(inspect(c).get_table_names()))
    await engine.dispose()

    assert difference == []
    assert tables == {*Base.metadata.tables, "alembic_version", "fts_transcript"}


async def test_a_session_speaks_to_it(url: str) -> None:
    engine = make_engine(url)
    async with make_sessions(engine)() as session:
        version = await session.scalar(text("SHOW server_version_num"))
    await engine.dispose()

    assert int(version) >= 150_000


def _difference(connection: Connection) -> list[object]:
    options = {"compare_type": True, "include_object": is_described}
    context = MigrationContext.configure(connection, opts=options)
    return list(compare_metadata(context, Base.metadata))
