"""`callcenter recordings reindex` where no core runs; with one: tests/e2e/test_core_line.py."""

import asyncio
from pathlib import Path

from callcenter.configuration.settings import load
from foundation.db import make_engine, make_sessions
from tests.support.centres import run_command, write_centre
from tests.support.database import put_schema
from tests.support.search_behaviour import found, keep


async def fill(url: str) -> None:
    engine = make_engine(url)
    put_schema(url)
    sessions = make_sessions(engine)
    await keep(sessions, 1, "我要 退款", indexed=False)
    await keep(sessions, 2, "my refund", indexed=True)
    await engine.dispose()


async def search(url: str, asked: str) -> list[str]:
    engine = make_engine(url)
    hits = await found(make_sessions(engine), asked)
    await engine.dispose()
    return hits


def test_old_transcripts_are_found_after_they_were_indexed(tmp_path: Path) -> None:
    url = load(write_centre(tmp_path)).database_url
    asyncio.run(fill(url))
    assert asyncio.run(search(url, "退款")) == []

    first = run_command("recordings", "reindex", tmp_path)
    again = run_command("recordings", "reindex", tmp_path)
    everything = run_command("recordings", "reindex", tmp_path, "--all")

    assert [each.exit_code for each in (first, again, everything)] == [0, 0, 0]
    assert [each.stdout for each in (first, again, everything)] == [
        f"{count} transcripts indexed.\n" for count in (1, 0, 2)
    ]
    assert asyncio.run(search(url, "退款")) == ["r-1"]
    assert asyncio.run(search(url, "refund")) == ["r-2"]
