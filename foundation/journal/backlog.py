"""Rows on their way to the disk: bounded, in order, and honest about what was lost.

    append ──▶ waiting ──take──▶ in flight ──written──▶ gone
                  │                  ▲ │
       over `keep`: oldest lost      └─┘ take again after a failed write

Policy for "full": nobody ever waits. When the disk has taken nothing for so long that more than
`keep` rows wait, the oldest waiting ones are lost; in their place one `JournalGap` row is written,
under the number of the first lost record, that says how many there were.
"""

from collections import deque

import msgspec

from foundation.journal.codec import JournalGap
from foundation.journal.rows import Row


class Backlog:
    """Pure; the writer does the waiting."""

    def __init__(self, keep: int, batch: int) -> None:
        self._keep = keep
        self._batch = batch
        self._waiting: deque[Row] = deque()
        self._in_flight: list[Row] = []
        self._gap: Row | None = None
        self.lost = 0
        "Rows that will never be on the disk, since the start."

    def __len__(self) -> int:
        return len(self._waiting) + len(self._in_flight)

    def append(self, row: Row) -> None:
        if len(self._waiting) >= self._keep:
            self._lose(self._waiting.popleft())
        self._waiting.append(row)

    def take(self) -> list[Row]:
        """The next rows to write; the same again until `written` is called."""
        if not self._in_flight:
            if self._gap is not None:
                self._in_flight.append(self._gap)
                self._gap = None
            while self._waiting and len(self._in_flight) < self._batch:
                self._in_flight.append(self._waiting.popleft())
        return self._in_flight

    def written(self) -> None:
        self._in_flight = []

    def rows(self) -> list[Row]:
        """Everything that is not known to be on the disk, in order."""
        gap = [self._gap] if self._gap is not None else []
        return [*self._in_flight, *gap, *self._waiting]

    def _lose(self, row: Row) -> None:
        self.lost += 1
        lost = 1
        first = row
        if self._gap is not None:
            first = self._gap
            lost += msgspec.json.decode(first.body, type=JournalGap).lost
        body = msgspec.json.encode(JournalGap(until_seq=row.seq, lost=lost))
        self._gap = first._replace(kind=JournalGap.__name__, version=1, body=body)
