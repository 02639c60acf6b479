"""Finding calls of past days: rows of the journal's fold, filtered as they are read.

    JournalReader ─▶ Billing ─▶ CallRow ─ of this queue, agent, outcome, number? ─▶ newest first

The number of a caller is looked up for those who may see numbers, and for nobody else.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from callcenter.records.billing import CallRow, Outcome
from callcenter.records.records_csv import Days, Numbers, rows_of_days
from foundation.errors import RemoteError
from foundation.ids import PartyId
from foundation.journal import JournalReader

MOST_DAYS = 31
MOST_FOUND = 20_000
"More matches than this are not kept; the page says that there are more."


class TooManyDays(RemoteError):
    """The period is longer than a page is for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """All that are given must match; '' and None match everything."""

    queue: str = ""
    "One of those where the caller waited."
    agent_id: str = ""
    "One of those who had the caller."
    line: str = ""
    outcome: Outcome | None = None
    number: str = ""
    "Part of the caller's number."

    def matches(self, row: CallRow) -> bool:
        """But for the number."""
        return (
            (not self.queue or self.queue in row.queues)
            and (not self.line or row.line == self.line)
            and (self.outcome is None or row.outcome is self.outcome)
            and (not self.agent_id or self.agent_id in row.agents)
        )


@dataclass(frozen=True, slots=True)
class Found:
    rows: list[CallRow]
    "The newest first."
    numbers: Mapping[PartyId, str]
    is_cut: bool = False
    "There are more."


async def find_calls(
    reader: JournalReader,
    days: Days,
    wanted: Wanted,
    may_see: Callable[[CallRow], bool],
    numbers: Numbers | None,
) -> Found:
    """`numbers` None: of who may not see them; a wish for a number then matches nothing."""
    if days.last - days.first >= timedelta(days=MOST_DAYS):
        raise TooManyDays(f"Ask for {MOST_DAYS} days at most.")
    found: list[CallRow] = []
    known: dict[PartyId, str] = {}
    async for rows in rows_of_days(reader, days):
        chosen = [row for row in rows if wanted.matches(row) and may_see(row)]
        if numbers is not None:
            known |= await numbers([row.party_id for row in chosen])
        if wanted.number:
            chosen = [row for row in chosen if wanted.number in known.get(row.party_id, "")]
        found += chosen
        if len(found) > MOST_FOUND:
            break
    found.sort(key=lambda row: row.arrived, reverse=True)
    return Found(found[:MOST_FOUND], known, len(found) > MOST_FOUND)
