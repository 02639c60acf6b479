"""What core needs of its journal at a start, kept while it runs: a start reads but the latest.

start ──▶ PastKeeper.read: the kept past, then the records after it ──▶ TakeOver
journal ── each record ──▶ PastKeeper ── every so many ──▶ data/kept/history
"""

import asyncio
import copy
import logging
from contextlib import aclosing
from datetime import datetime
from pathlib import Path
from types import ModuleType

from acd import agent
from acd import events as acd
from callcenter import events
from callcenter.revival import callbacks_past, guests_past, history, past, settle
from callcenter.revival.history import History
from callcenter.revival.settle import HISTORY, OpenEnds
from foundation import clock
from foundation.errors import Unavailable
from foundation.journal import Journal, JournalReader
from foundation.record import Record
from foundation.snapshot import Snapshot, SnapshotFile
from recordings import events as recordings
from telephony.calls import events as calls

log = logging.getLogger(__name__)

MODULES: tuple[ModuleType, ...] = (
    acd, agent, callbacks_past, calls, events, guests_past, history, past, recordings, settle,
)  # fmt: skip
LOOK_EVERY_S = 5.0
EVERY_RECORDS = 10_000


class Past:
    """The two folds of a start, after the record `seq`."""

    def __init__(self) -> None:
        self.seq = 0
        self.at_s = 0.0
        self.history = History()
        self.open_ends = OpenEnds()

    def take(self, record: Record[object]) -> None:
        self.seq, self.at_s = record.seq, record.at_s
        self.history.take(record)
        self.open_ends.take(record.event)


def past_file(path: Path) -> SnapshotFile:
    return SnapshotFile(path, MODULES)


def snapshot_of(past: Past) -> Snapshot:
    return Snapshot(past.seq, past.at_s, (past.history, past.open_ends))


def restored(snapshot: Snapshot) -> Past:
    past = Past()
    assert isinstance(snapshot.state, tuple)
    past.seq, past.at_s = snapshot.seq, snapshot.at_s
    past.history, past.open_ends = snapshot.state
    return past


async def read_past(
    file: SnapshotFile, reader: JournalReader, ended_at: datetime, last_seq: int
) -> Past:
    """What the journal says up to `last_seq`, as if it were read from two days before its end."""
    past = await _kept(file, reader, ended_at)
    records = reader.read(past.seq) if past.seq else reader.read_since(ended_at - HISTORY)
    async with aclosing(records):
        async for record in records:
            if record.seq > last_seq:
                break
            past.take(record)
    return past


async def _kept(file: SnapshotFile, reader: JournalReader, ended_at: datetime) -> Past:
    snapshot = await asyncio.to_thread(file.read)
    if snapshot is None or snapshot.at_s < (ended_at - HISTORY).timestamp():
        return Past()
    if not snapshot.follows(await reader.find(snapshot.seq)):
        log.warning("the kept past is not of this journal, which is read instead")
        return Past()
    return restored(snapshot)


class PastKeeper:
    """Made before the first record of this process is told."""

    def __init__(self, file: SnapshotFile, journal: Journal) -> None:
        self._file = file
        self._journal = journal
        self._past: Past | None = None
        self._early: list[Record[object]] = []
        "Told before `read` was done."
        self._kept_seq = 0
        journal.subscribe(self._take)

    async def read(self) -> Past:
        """What the processes before us have told. It is the caller's, who may change it."""
        journal = self._journal
        # From where the journal ended, not from now: the centre may have been off for longer.
        ended_at = min(journal.ended_at or clock.utc_now(), clock.utc_now())
        past = await read_past(self._file, journal.reader, ended_at, journal.opened_seq)
        self._past = copy.deepcopy(past)
        for record in self._early:
            self._past.take(record)
        self._early.clear()
        return past

    def _take(self, record: Record[object]) -> None:
        if self._past is None:
            self._early.append(record)
        else:
            self._past.take(record)

    async def run(self) -> None:
        """Until cancelled; a disk that does not take it costs a longer start, and nothing else."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self.look()

    async def look(self) -> None:
        """Write when there is enough to write."""
        past = self._past
        if past is None or past.seq - self._kept_seq < EVERY_RECORDS:
            return
        self._kept_seq = past.seq
        data = self._file.pack(snapshot_of(past))
        try:
            # A past that runs ahead of the disk would be of no use after a crash.
            await self._journal.settled(self._kept_seq)
            await asyncio.to_thread(self._file.write, data)
        except (OSError, Unavailable) as error:
            log.warning("the past cannot be kept: %s", error)
