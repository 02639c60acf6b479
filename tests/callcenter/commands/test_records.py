"""`callcenter records`: to a file that only its owner reads, or to standard output."""

import asyncio
import csv
import io
from pathlib import Path

import pytest

from callcenter.codec import CODEC
from foundation.ids import CallId, PartyId
from foundation.journal import Journal
from telephony.calls import events as calls
from tests.support.centres import run_command, write_centre


@pytest.fixture
def centre(tmp_path: Path) -> Path:
    """Two calls today."""
    (tmp_path / "data").mkdir()
    asyncio.run(_write_journal(tmp_path / "data" / "journal.db"))
    return write_centre(tmp_path)


async def _write_journal(file: Path) -> None:
    journal = await Journal.open(file, CODEC)
    for name in ("c-1", "c-2"):
        journal.publish(calls.CallArrived(CallId(name), PartyId("p-1"), "8000"))
        journal.publish(calls.CallEnded(CallId(name), calls.EndedBy.CALLER, "bye"))
    await journal.close()


def ids(text: str) -> list[str]:
    return [row["call_id"] for row in csv.DictReader(io.StringIO(text))]


def test_records_of_today_go_to_standard_output(centre: Path) -> None:
    result = run_command("records", centre)
    assert result.exit_code == 0
    assert ids(result.stdout) == ["c-1", "c-2"]


def test_file_of_records_is_its_owners_alone(centre: Path, tmp_path: Path) -> None:
    file = tmp_path / "calls.csv"
    result = run_command("records", centre, "--from", "2020-01-01", "--csv", file)
    assert (result.exit_code, result.stdout) == (0, "")
    assert ids(file.read_text(encoding="utf-8")) == ["c-1", "c-2"]
    assert file.stat().st_mode & 0o777 == 0o600


def test_other_days_have_a_header_only(centre: Path) -> None:
    result = run_command("records", centre, "--from", "2020-01-01", "--to", "2020-12-31")
    assert result.stdout.startswith("call_id,trunk,line,caller,")
    assert ids(result.stdout) == []


def test_wrong_days_are_told_in_one_line(centre: Path) -> None:
    result = run_command("records", centre, "--from", "2020-01-02", "--to", "2020-01-01")
    assert result.exit_code == 1
    assert result.stderr == "The last day, 2020-01-01, is before the first, 2020-01-02.\n"


def test_centre_that_never_ran_leaves_an_old_file_alone(tmp_path: Path) -> None:
    write_centre(tmp_path)
    file = tmp_path / "calls.csv"
    file.write_text("old")
    result = run_command("records", tmp_path, "--csv", file)
    assert result.exit_code == 1
    assert "there is no journal" in result.stderr
    assert file.read_text() == "old"
