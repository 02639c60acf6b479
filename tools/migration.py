"""Write the next database revision: `python -m tools.migration "Create the first tables"`.

Compares all models of all packages with what the present revisions create, and writes the
difference to `foundation/migrations/versions`. Read it before committing it.
"""

import asyncio
import importlib
import re
import sys
import tempfile
from pathlib import Path

from alembic import command
from sqlalchemy import Connection

from foundation.db import create_schema, make_engine
from foundation.schema import migration_config

ROOT = Path(__file__).parent.parent
PACKAGES = (
    "callcenter",
    "wallboard",
    "desk",
    "ivr",
    "acd",
    "recordings",
    "telephony",
    "foundation",
)
DECLARES_ROWS = re.compile(r"^class \w+\((?:\w+, )*Base\):", re.MULTILINE)


def import_models() -> list[str]:
    """Import every module that declares rows, so that `Base.metadata` is whole."""
    names = [
        ".".join(file.relative_to(ROOT).with_suffix("").parts)
        for package in PACKAGES
        for file in sorted((ROOT / package).rglob("*.py"))
        if DECLARES_ROWS.search(file.read_text(encoding="utf-8"))
    ]
    for name in names:
        importlib.import_module(name)
    return names


async def write_revision(message: str) -> None:
    import_models()
    with tempfile.TemporaryDirectory() as folder:
        engine = make_engine("sqlite:///present.db", Path(folder))
        await create_schema(engine)
        async with engine.connect() as connection:
            await connection.run_sync(_compare, message)
        await engine.dispose()


def _compare(connection: Connection, message: str) -> None:
    config = migration_config(connection)
    config.set_main_option("file_template", "%%(year)d_%%(month).2d_%%(day).2d_%%(slug)s")
    command.revision(config, message, autogenerate=True)


if __name__ == "__main__":
    asyncio.run(write_revision(sys.argv[1]))
