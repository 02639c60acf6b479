"""The journal's own SQLite file: plain blocking calls, for a thread that may wait for the disk.

WAL lets any number of processes read while core writes. `synchronous=NORMAL`: a commit survives
the death of the process at once and a power cut within seconds; `write(..., durable=True)` survives
the power cut too.
"""

import fcntl
import sqlite3
from collections.abc import Sequence
from contextlib import ExitStack
from functools import cache
from io import FileIO
from pathlib import Path

from foundation.errors import Conflict, Unavailable
from foundation.journal.rows import Row

SCHEMA = """
CREATE TABLE IF NOT EXISTS journal (
    seq INTEGER PRIMARY KEY,
    version INTEGER NOT NULL,
    utc_us INTEGER NOT NULL,
    mono_ns INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    at_s REAL NOT NULL,
    kind TEXT NOT NULL,
    body BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS ix_journal_utc_us ON journal (utc_us);
CREATE TABLE IF NOT EXISTS settled (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL);
"""
MOST_AT_ONCE = 64
"Rows of one statement: a power of two, and SQLite's older versions take 999 values."
# The WAL is only forced to the disk by a commit that changes something; this is the something.
SETTLE = "INSERT INTO settled VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET seq = excluded.seq"


class JournalFile:
    """One connection; used by one thread at a time. Only one process may open it for writing."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        if read_only and not path.exists():
            raise Unavailable(f"there is no journal {path} yet")
        with ExitStack() as opened:
            # Of one that can't be opened nothing stays open, lest the next try find our own lock.
            lock = path.with_name(path.name + "-lock")
            self._lock = None if read_only else opened.enter_context(_lock(lock))
            self._db = sqlite3.connect(
                path, timeout=5.0, isolation_level=None, check_same_thread=False
            )
            opened.callback(self._db.close)
            if read_only:
                self._db.execute("PRAGMA query_only = ON")
            else:
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = NORMAL")
                self._db.executescript(SCHEMA)
            opened.pop_all()

    def write(self, rows: Sequence[Row], *, durable: bool, up_to: int) -> None:
        """One transaction; `up_to` is the number of the last record that is on disk after it."""
        self._db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._insert(rows)
            if durable:
                self._db.execute(SETTLE, (up_to,))
            self._db.execute("COMMIT")
        except sqlite3.Error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def _insert(self, rows: Sequence[Row]) -> None:
        """Few statements of many rows: after each the interpreter is to be waited for."""
        done = 0
        while left := len(rows) - done:
            count = min(MOST_AT_ONCE, 1 << (left.bit_length() - 1))
            chunk = rows[done : done + count]
            self._db.execute(_insertion(count), [value for row in chunk for value in row])
            done += count

    def last(self) -> Row | None:
        return self._one("SELECT * FROM journal ORDER BY seq DESC LIMIT 1")

    def after(self, seq: int, limit: int) -> list[Row]:
        found = self._db.execute(
            "SELECT * FROM journal WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit)
        )
        return [Row(*columns) for columns in found.fetchall()]

    def first_since(self, utc_us: int) -> Row | None:
        """The first record that was written at that time or later, by the wall clock."""
        return self._one(
            "SELECT * FROM journal WHERE utc_us >= ? ORDER BY utc_us, seq LIMIT 1", utc_us
        )

    def mentioning(self, parts: Sequence[bytes], first_seq: int, limit: int) -> list[Row]:
        """Rows from `first_seq` on whose body has one of `parts` in it."""
        has_one = " OR ".join(["instr(body, ?)"] * len(parts)) or "FALSE"
        found = self._db.execute(
            f"SELECT * FROM journal WHERE seq >= ? AND ({has_one}) ORDER BY seq LIMIT ?",
            (first_seq, *parts, limit),
        )
        return [Row(*columns) for columns in found.fetchall()]

    def of_kinds(self, kinds: Sequence[str], seq: int, limit: int) -> list[Row]:
        """Rows after `seq` of one of these kinds."""
        marks = ", ".join("?" * len(kinds))
        found = self._db.execute(
            f"SELECT * FROM journal WHERE seq > ? AND kind IN ({marks}) ORDER BY seq LIMIT ?",
            (seq, *kinds, limit),
        )
        return [Row(*columns) for columns in found.fetchall()]

    def close(self) -> None:
        self._db.close()
        if self._lock is not None:
            self._lock.close()

    def _one(self, question: str, *args: int) -> Row | None:
        columns = self._db.execute(question, args).fetchone()
        return Row(*columns) if columns else None


@cache
def _insertion(rows: int) -> str:
    """A commit that reported an error may have happened all the same; its rows then come again."""
    one = f"({', '.join('?' * len(Row._fields))})"
    return f"INSERT OR IGNORE INTO journal VALUES {', '.join([one] * rows)}"


def _lock(path: Path) -> FileIO:
    """Held until the file is closed or the process dies, however it dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = FileIO(path, "w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise Conflict(f"another process writes the journal of {path.parent}") from None
    return file
