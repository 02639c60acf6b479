"""Numbers of callers, apart from all history: the one table that is erased on request.

    PartyBook ── save ──▶ queue ── run ──▶ `party`        load ◀── `party`, at the start

No call waits for the disk: `save` only queues, one task writes in batches.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import DateTime, delete, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import Mapped, mapped_column

from foundation.clock import utc_now
from foundation.db import Base, insert_missing
from foundation.errors import Unavailable
from foundation.ids import PartyId
from foundation.write_behind import WriteBehind

ROWS_AT_ONCE = 500
"Databases limit the parameters of one statement."
COLLECT_S = 0.1
"""Between two transactions of a busy house: one for each caller would cost more than the call. The
number of who was new in this time is lost with a killed core."""


class PartyRow(Base):
    __tablename__ = "party"

    party_id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    "E.164, an extension, or `numbers.ANONYMOUS`."
    first_seen: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    "UTC."


@dataclass(frozen=True, slots=True)
class NewParty:
    """What waits to be written."""

    party_id: PartyId
    number: str
    first_seen: datetime


class PartyStore:
    """The rows behind a `PartyBook`."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions
        self._behind: WriteBehind[NewParty] = WriteBehind(
            "parties", self._write, collect_s=COLLECT_S
        )

    async def load(self) -> dict[str, PartyId]:
        """All known numbers; read once, before the first call."""
        async with self._sessions() as session:
            rows = await session.execute(select(PartyRow.number, PartyRow.party_id))
            return {number: PartyId(party_id) for number, party_id in rows}

    async def numbers(self, party_ids: Sequence[PartyId]) -> dict[PartyId, str]:
        """Those that are known; an erased party has none."""
        wanted = list(dict.fromkeys(party_ids))
        found: dict[PartyId, str] = {}
        async with self._sessions() as session:
            for start in range(0, len(wanted), ROWS_AT_ONCE):
                some = wanted[start : start + ROWS_AT_ONCE]
                rows = await session.execute(
                    select(PartyRow.party_id, PartyRow.number).where(PartyRow.party_id.in_(some))
                )
                found |= {PartyId(party_id): number for party_id, number in rows}
        return found

    def save(self, party_id: PartyId, number: str) -> None:
        """Queue a new party; returns at once."""
        self._behind.put(NewParty(party_id, number, utc_now()))

    async def run(self) -> None:
        """Writes what is saved until it is cancelled; `flush` writes the rest."""
        await self._behind.run()

    @property
    def waiting(self) -> int:
        """Parties that are not known to be in the database yet."""
        return len(self._behind)

    async def flush(self) -> bool:
        """False when the database did not take it."""
        return await self._behind.flush()

    async def erase(self, party_id: PartyId) -> None:
        """Forget the number for ever; erase it from the `PartyBook` too, after this.

        Raises `Unavailable` when the database is away: what still waits would bring it back.
        """
        if not await self.flush():
            raise Unavailable("The database is away; nothing was erased.")
        async with self._sessions.begin() as session:
            await session.execute(delete(PartyRow).where(PartyRow.party_id == party_id))

    async def _write(self, batch: list[NewParty]) -> None:
        """Who is there already stays: a batch is tried again when its answer was lost."""
        async with self._sessions.begin() as session:
            await session.execute(
                insert_missing(session, PartyRow), [asdict(party) for party in batch]
            )
