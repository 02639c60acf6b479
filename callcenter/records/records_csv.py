"""Call records as CSV (RFC 4180, UTF-8): the journal's rows with the callers' numbers beside them.

    JournalReader ─▶ Billing ─▶ CallRow ─ ROWS_AT_ONCE ─▶ PartyStore.numbers ─▶ lines of CSV

A number is looked up when the record is written: of a caller who was erased there is none.
"""

import csv
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from callcenter.records.billing import Billing, CallRow, LegFigures, OutsideLeg
from foundation.errors import RemoteError
from foundation.ids import PartyId
from foundation.journal import JournalReader

ROWS_AT_ONCE = 500
_TIMES = ("arrived", "answered", "bridged", "ended")
_LEG = tuple(field.name for field in fields(LegFigures))
COLUMNS = (
    "call_id",
    "trunk",
    "line",
    "caller",
    *(f"{name}_{zone}" for name in _TIMES for zone in ("utc", "local")),
    "wait_s",
    "talk_s",
    "call_s",
    "agent",
    "queue",
    "outcome",
    "ended_by",
    "reason",
    "refused_status",
    "refused_rule",
    *(f"{side}_{name}" for side in ("caller", "agent") for name in _LEG),
    "recordings",
    "handovers",
    "outside_trunks",
    "outside_numbers",
    "outside_s",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Numbers = Callable[[Sequence[PartyId]], Awaitable[Mapping[PartyId, str]]]
Cell = str | int | float | None


class WrongPeriod(RemoteError):
    """The days make no period."""


@dataclass(frozen=True, slots=True)
class Days:
    """Whole days of the centre's time zone, both included."""

    first: date
    last: date
    zone: ZoneInfo

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise WrongPeriod(f"The last day, {self.last}, is before the first, {self.first}.")
        if self.last == date.max:
            raise WrongPeriod(f"{self.last} is too late a day.")

    @property
    def since(self) -> datetime:
        return self._midnight(self.first)

    @property
    def until(self) -> datetime:
        return self._midnight(self.last + timedelta(days=1))

    def _midnight(self, day: date) -> datetime:
        try:
            return datetime.combine(day, time.min, self.zone).astimezone(UTC)
        except OverflowError:
            raise WrongPeriod(f"{day} is no day of ours.") from None


async def csv_text(
    reader: JournalReader,
    days: Days,
    numbers: Numbers,
    on_progress: Callable[[int], None] = lambda seq: None,
) -> AsyncIterator[str]:
    """The header, then pieces of some hundred rows, in the order in which the calls ended.

    `on_progress` is told the number of the journal's record that was read.
    """
    yield _lines([COLUMNS])
    async for rows in rows_of_days(reader, days, on_progress):
        known = await numbers([party for row in rows for party in _parties(row)])
        yield _lines(_cells(row, known, days.zone) for row in rows)


async def rows_of_days(
    reader: JournalReader, days: Days, on_progress: Callable[[int], None] = lambda seq: None
) -> AsyncIterator[list[CallRow]]:
    """Some hundred at a time, in the order in which the calls ended."""
    billing = Billing(days.since, days.until)
    rows: list[CallRow] = []
    async for record in reader.read_since(days.since):
        rows += billing.take(record)
        if len(rows) >= ROWS_AT_ONCE:
            yield rows
            rows = []
        if record.seq % ROWS_AT_ONCE == 0:
            on_progress(record.seq)
        if billing.is_complete:
            break
    rows += billing.finish()
    for start in range(0, len(rows), ROWS_AT_ONCE):
        yield rows[start : start + ROWS_AT_ONCE]


def _parties(row: CallRow) -> list[PartyId]:
    return [row.party_id, *(leg.party_id for leg in row.outside)]


def _cells(row: CallRow, known: Mapping[PartyId, str], zone: ZoneInfo) -> list[Cell]:
    times = [getattr(row, name) for name in _TIMES]
    return [
        row.call_id,
        row.trunk,
        row.line,
        known.get(row.party_id, ""),
        *(cell for at in times for cell in _both_times(at, zone)),
        round(row.wait_s, 3),
        round(row.talk_s, 3),
        round(row.call_s, 3),
        row.agent_id,
        row.queue,
        row.outcome,
        row.ended_by,
        row.reason,
        row.refused_status,
        row.refused_rule,
        *_leg_cells(row.caller_leg),
        *_leg_cells(row.agent_leg),
        " ".join(row.recording_ids),
        " ".join(row.handovers),
        *_outside_cells(row.outside, known),
    ]


def _outside_cells(legs: Sequence[OutsideLeg], known: Mapping[PartyId, str]) -> list[Cell]:
    """A word for each leg in every cell, so that they can be read side by side."""
    return [
        " ".join(leg.trunk for leg in legs),
        " ".join(known.get(leg.party_id, "-") for leg in legs),
        " ".join(str(round(leg.talk_s, 3)) for leg in legs),
    ]


def _leg_cells(leg: LegFigures | None) -> list[Cell]:
    return [None if leg is None else getattr(leg, name) for name in _LEG]


def _both_times(at: datetime | None, zone: ZoneInfo) -> tuple[str, str]:
    if at is None:
        return "", ""
    utc = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return utc, at.astimezone(zone).isoformat(timespec="milliseconds")


def _lines(rows: Iterable[Sequence[Cell]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return text.getvalue()


def _harmless(cell: Cell) -> Cell:
    """A caller's name is no formula for the reader's spreadsheet; +E.164 is only a number."""
    if not isinstance(cell, str) or not cell.startswith(_FORMULA):
        return cell
    return cell if cell[0] == "+" and cell[1:].isdigit() else f"'{cell}"
