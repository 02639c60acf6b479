"""Where phones are, on disk: a registration survives a restart of core."""

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import Mapped, mapped_column

from foundation.db import Base, insert_newest


class BindingRow(Base):
    __tablename__ = "sip_binding"

    aor: Mapped[str] = mapped_column(primary_key=True)
    "User part of the address-of-record."
    bindings: Mapped[bytes]
    "As `BindingsChanged` tells them; only the registrar reads inside."


class BindingStore:
    """The newest bindings of each address-of-record."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions

    async def all(self) -> dict[str, bytes]:
        async with self._sessions() as session:
            rows = await session.scalars(select(BindingRow))
            return {row.aor: row.bindings for row in rows}

    async def save(self, changes: list[tuple[str, bytes]]) -> None:
        """Later changes of the same phone win; b'' forgets it."""
        newest = dict(changes)
        kept = [{"aor": aor, "bindings": data} for aor, data in newest.items() if data]
        gone = [aor for aor, data in newest.items() if not data]
        async with self._sessions.begin() as session:
            if kept:
                await session.execute(insert_newest(session, BindingRow), kept)
            for aor in gone:
                await session.execute(delete(BindingRow).where(BindingRow.aor == aor))
