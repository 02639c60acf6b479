"""Users in the database."""

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker
from sqlalchemy.orm import Mapped, mapped_column

from foundation.db import Base
from foundation.errors import Conflict, NotFound, Unavailable
from foundation.web.users import Role, User


class UserRow(Base):
    __tablename__ = "web_user"

    user_id: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str]
    password_hash: Mapped[str]
    agent_id: Mapped[str | None]


class UserStore:
    """Finds and changes users; the web role only finds."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._sessions = async_sessionmaker(engine, expire_on_commit=False)

    async def find(self, user_id: str) -> User | None:
        async with self._sessions() as session:
            row = await session.get(UserRow, user_id)
            return None if row is None else _to_user(row)

    async def all(self) -> list[User]:
        async with self._sessions() as session:
            rows = await session.scalars(select(UserRow).order_by(UserRow.user_id))
            return [_to_user(row) for row in rows]

    async def add(self, user: User) -> None:
        try:
            async with self._sessions.begin() as session:
                session.add(_to_row(user))
        except IntegrityError:
            raise Conflict(f"There is a user {user.user_id!r} already.") from None

    async def change(self, user: User) -> None:
        """Replace the user of the same id."""
        async with self._sessions.begin() as session:
            if await session.get(UserRow, user.user_id) is None:
                raise NotFound(f"There is no user {user.user_id!r}.")
            await session.merge(_to_row(user))

    async def remove(self, user_id: str) -> None:
        async with self._sessions.begin() as session:
            found = await session.get(UserRow, user_id)
            if found is None:
                raise NotFound(f"There is no user {user_id!r}.")
            await session.execute(delete(UserRow).where(UserRow.user_id == user_id))

    async def check(self) -> None:
        """Raises `Unavailable` when the database cannot be read."""
        try:
            async with self._sessions() as session:
                await session.execute(select(UserRow.user_id).limit(1))
        except (SQLAlchemyError, OSError) as error:
            raise Unavailable(f"The database cannot be read: {type(error).__name__}.") from error


def _to_user(row: UserRow) -> User:
    return User(row.user_id, Role(row.role), row.password_hash, row.agent_id)


def _to_row(user: User) -> UserRow:
    return UserRow(
        user_id=user.user_id,
        role=user.role.value,
        password_hash=user.password_hash,
        agent_id=user.agent_id,
    )
