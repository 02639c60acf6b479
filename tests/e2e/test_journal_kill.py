"""kill -9 of the only writer: what was acknowledged is there, and nothing has a hole."""

import subprocess
import sys
from pathlib import Path

import pytest

from foundation.errors import Conflict
from foundation.ids import CallId
from foundation.journal import Journal, JournalReader
from tests.support.events import CODEC, BellRang

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parent.parent.parent


def publish_until_killed(path: Path, acknowledged: int) -> int:
    """Returns the last number that the process was told to be safe."""
    command = [sys.executable, "-m", "tests.support.journal_process", str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(acknowledged):
            last = int(process.stdout.readline())
        process.kill()
        rest = process.stdout.read().split("\n")
    return max([last, *(int(line) for line in rest[:-1] if line)])


async def test_what_was_acknowledged_survives_and_numbers_go_on_without_a_hole(
    tmp_path: Path,
) -> None:
    path = tmp_path / "journal.db"
    for _ in range(3):
        last = publish_until_killed(path, acknowledged=5)
        records = [record async for record in JournalReader(path, CODEC).read()]

        assert records[-1].seq >= last
        assert [r.event for r in records] == [
            BellRang(CallId(f"c-{n}"), n) for n in range(1, len(records) + 1)
        ]
        assert [r.seq for r in records] == list(range(1, len(records) + 1))
        assert [r.at_s for r in records] == sorted(r.at_s for r in records)


async def test_only_one_process_writes(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = await Journal.open(path, CODEC)
    command = [sys.executable, "-m", "tests.support.journal_process", str(path)]
    second = subprocess.run(  # noqa: ASYNC221  nothing else runs in this test
        command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    await journal.close()

    assert Conflict.__name__ in second.stderr
