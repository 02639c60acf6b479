"""The same day of last week from the journal, for the faint line behind the day's curve.

JournalReader.of_kinds ─▶ Board.fold ─▶ the half hours of that day ─▶ Past
"""

import logging
from datetime import date, datetime, time, timedelta, tzinfo

from acd.events import (
    AgentAnswered,
    CallAbandoned,
    CallLeftForCallback,
    CallLost,
    CallOverflowed,
    CallQueued,
)
from foundation.journal import JournalReader
from telephony.calls.events import CallEnded
from wallboard.board import Board
from wallboard.curve import Past
from wallboard.tally import Counts

log = logging.getLogger(__name__)

KINDS = (
    CallQueued,
    AgentAnswered,
    CallAbandoned,
    CallOverflowed,
    CallLeftForCallback,
    CallLost,
    CallEnded,
)
MOST_FACTS = 2_000_000
"Of calls in queues on one day; a day of more is not read to its end, and no part of it drawn."
PAUSE_S = 0.02
"Between pages of 1000 records: screens are served meanwhile."


async def read_past(reader: JournalReader, day: date, zone: tzinfo, most: int = MOST_FACTS) -> Past:
    """Empty where the journal does not reach so far back, and for a day of more than `most`."""
    board, count = Board(zone), 0
    start = datetime.combine(day, time(), zone)
    async for record in reader.of_kinds(KINDS, start, pause_s=PAUSE_S):
        if record.utc >= datetime.combine(day + timedelta(days=1), time(), zone):
            break
        count += 1
        if count > most:
            log.warning("%s has no line behind today's: it had more than %d facts", day, most)
            return Past(day)
        board.fold(record)
    if board.day.date != day:
        return Past(day)
    return Past(day, board.house.intervals, _by_queue(board))


def _by_queue(board: Board) -> dict[str, dict[int, Counts]]:
    return {queue: tally.intervals for queue, tally in board.queues.items()}
