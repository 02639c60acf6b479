"""The journal's file: any number of rows in one transaction, and none of them twice."""

from pathlib import Path

import pytest

from foundation.journal.file import JournalFile
from foundation.journal.rows import Row


def row(seq: int) -> Row:
    return Row(seq, 1, 1_000_000 * seq, 7 * seq, "boot", seq / 8, "Fact", b"%d" % seq)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.mark.parametrize("count", [0, 1, 2, 63, 64, 65, 191, 2000])
def test_rows_are_read_back_as_they_were_written(path: Path, count: int) -> None:
    file = JournalFile(path)
    rows = [row(seq) for seq in range(1, count + 1)]

    file.write(rows, durable=False, up_to=count)

    assert file.after(0, count + 1) == rows
    file.close()


def test_rows_that_come_again_change_nothing(path: Path) -> None:
    file = JournalFile(path)
    file.write([row(1), row(2)], durable=False, up_to=2)

    file.write([row(2)._replace(body=b"other"), row(3)], durable=True, up_to=3)

    assert file.after(0, 9) == [row(1), row(2), row(3)]
    file.close()
