"""The board as a file, so that a web process which was started again need not fold two days anew.

BoardService ── every so many records ──▶ BoardKeeper ──▶ data/cache/board
start ──▶ Keeping.board ──▶ Board ──▶ the link follows from its last record
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta, tzinfo
from pathlib import Path
from types import ModuleType

from acd import events as acd
from foundation import clock
from foundation.errors import Unavailable
from foundation.record import Record
from foundation.snapshot import Snapshot, SnapshotFile
from ivr import events as ivr
from ivr.pictures import paths
from recordings import events as recordings
from telephony.calls import events as calls
from wallboard import directory, events
from wallboard.directory import Directory
from wallboard.figures import figures
from wallboard.fold import (
    agents,
    alarm_log,
    board,
    callbacks,
    day,
    flows,
    notices,
    rushes,
    tally,
    troubles,
)
from wallboard.fold import calls as call_lines
from wallboard.fold.board import Board
from wallboard.service import BoardService

log = logging.getLogger(__name__)

MODULES: tuple[ModuleType, ...] = (
    acd, calls, agents, alarm_log, board, call_lines, callbacks, day, directory, events, figures,
    flows, ivr, notices, paths, recordings, rushes, tally, troubles,
)  # fmt: skip
GIVEN = ("directory", "zone", "_on")
"What a board has from whoever makes it."
LOOK_EVERY_S = 5.0
EVERY_RECORDS = 10_000
EVERY_S = 300.0
MAX_AGE = timedelta(days=2)
"An older one may know less than the journal's last two days, from which a board is made."

FindRecord = Callable[[int], Awaitable[Record[object] | None]]
"The journal's record of a number."


def board_file(path: Path, zone: tzinfo) -> SnapshotFile:
    """Days and half hours are those of `zone`."""
    return SnapshotFile(path, MODULES, about=str(zone))


def state_of(board: Board) -> Snapshot:
    state = {name: value for name, value in vars(board).items() if name not in GIVEN}
    return Snapshot(board.seq, board.at_s, state)


def restored(snapshot: Snapshot, zone: tzinfo, directory: Directory | None = None) -> Board:
    board = Board(zone, directory)
    assert isinstance(snapshot.state, dict)
    vars(board).update(snapshot.state)
    return board


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where the board is kept, and how to find the record of a number in the journal."""

    file: SnapshotFile
    find_record: FindRecord

    async def board(self, zone: tzinfo, directory: Directory) -> Board:
        """The board to begin with: the kept one, or an empty one."""
        snapshot = await asyncio.to_thread(self.file.read)
        oldest_s = (clock.utc_now() - MAX_AGE).timestamp()
        if snapshot is None or snapshot.at_s < oldest_s:
            return Board(zone, directory)
        try:
            is_ours = snapshot.follows(await self.find_record(snapshot.seq))
        except Unavailable:
            is_ours = False
        if not is_ours:
            log.info("the kept board is not of this journal; it is made anew")
            return Board(zone, directory)
        log.info("the board is that of record %d; later ones follow", snapshot.seq)
        return restored(snapshot, zone, directory)


class BoardKeeper:
    """Writes the board to `file` now and then."""

    def __init__(self, service: BoardService, file: SnapshotFile) -> None:
        self._service = service
        self._file = file
        self._kept_seq = service.board.seq
        self._kept_at = asyncio.get_running_loop().time()

    async def run(self) -> None:
        """Until cancelled; a disk that does not take it costs a longer start, and nothing else."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self.look()

    async def look(self) -> None:
        """Write when there is enough to write."""
        if self._is_due():
            await self._keep()

    def _is_due(self) -> bool:
        """Only of a board that is up to date: what comes before is read by the thousands."""
        news = self._service.board.seq - self._kept_seq
        age_s = asyncio.get_running_loop().time() - self._kept_at
        is_worth_it = abs(news) >= EVERY_RECORDS or (news != 0 and age_s >= EVERY_S)
        return self._service.core_up and is_worth_it

    async def _keep(self) -> None:
        snapshot = state_of(self._service.board)
        data = self._file.pack(snapshot)
        try:
            await asyncio.to_thread(self._file.write, data)
        except OSError as error:
            log.warning("the board cannot be kept: %s", error)
        self._kept_seq, self._kept_at = snapshot.seq, asyncio.get_running_loop().time()
