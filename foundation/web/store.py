"""Users and API tokens in the database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TypeAlias, assert_never

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import Mapped, mapped_column

from foundation.db import Base
from foundation.errors import Conflict, NotFound, Unavailable
from foundation.web.changes import (
    AccountChange,
    AddToken,
    AddUser,
    ChangePassword,
    ChangeRole,
    EndSessions,
    LockUser,
    NoteTokenUse,
    RemoveUser,
    RevokeToken,
    SetSecondFactor,
    UseRecoveryCode,
)
from foundation.web.tokens import ApiToken
from foundation.web.users import Role, User

UserChange: TypeAlias = (
    ChangeRole | ChangePassword | LockUser | EndSessions | SetSecondFactor | UseRecoveryCode
)
"Of one who is there."


class UserRow(Base):
    __tablename__ = "web_user"

    user_id: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str]
    password_hash: Mapped[str]
    agent_id: Mapped[str | None]
    is_locked: Mapped[bool] = mapped_column(default=False, server_default="0")
    ended_before_s: Mapped[float] = mapped_column(default=0.0, server_default="0")
    totp_secret: Mapped[str] = mapped_column(default="", server_default="")
    recovery_hashes: Mapped[str] = mapped_column(default="[]", server_default="[]")
    "JSON."


class TokenRow(Base):
    __tablename__ = "web_token"

    token_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    agent_id: Mapped[str | None]
    reads_only: Mapped[bool]
    made_by: Mapped[str]
    made_s: Mapped[float]
    expires_s: Mapped[float]
    used_s: Mapped[float | None]


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
        async with self._adding(f"There is a user {user.user_id!r} already.") as session:
            session.add(_to_row(user))

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

    # -- tokens ----------------------------------------------------------------------------------

    async def find_token(self, token_hash: str) -> ApiToken | None:
        async with self._sessions() as session:
            wanted = select(TokenRow).where(TokenRow.token_hash == token_hash)
            row = (await session.scalars(wanted)).one_or_none()
            return None if row is None else _to_token(row)

    async def tokens(self) -> list[ApiToken]:
        async with self._sessions() as session:
            rows = await session.scalars(select(TokenRow).order_by(TokenRow.name))
            return [_to_token(row) for row in rows]

    async def add_token(self, token: ApiToken) -> None:
        async with self._adding(f"There is a token {token.name!r} already.") as session:
            session.add(_to_token_row(token))

    async def revoke_token(self, token_id: str) -> None:
        async with self._sessions.begin() as session:
            await session.delete(await _token_row(session, token_id))

    async def note_token_use(self, token_id: str, used_s: float) -> None:
        async with self._sessions.begin() as session:
            (await _token_row(session, token_id)).used_s = used_s

    # -- changes ---------------------------------------------------------------------------------

    async def apply(self, change: AccountChange) -> None:
        """Raises `NotFound` or `Conflict`, and then nothing was changed."""
        match change:
            case AddUser():
                await self.add(
                    User(change.user_id, change.role, change.password_hash, change.agent_id)
                )
            case RemoveUser():
                await self.remove(change.user_id)
            case AddToken():
                await self.add_token(_made(change))
            case RevokeToken():
                await self.revoke_token(change.token_id)
            case NoteTokenUse():
                await self.note_token_use(change.token_id, change.used_s)
            case _:
                user = await self.find(change.user_id)
                if user is None:
                    raise NotFound(f"There is no user {change.user_id!r}.")
                await self.change(changed(user, change))

    async def check(self) -> None:
        """Raises `Unavailable` when the database cannot be read."""
        try:
            async with self._sessions() as session:
                await session.execute(select(UserRow.user_id).limit(1))
        except (SQLAlchemyError, OSError) as error:
            raise Unavailable(f"The database cannot be read: {type(error).__name__}.") from error

    @asynccontextmanager
    async def _adding(self, is_there: str) -> AsyncIterator[AsyncSession]:
        try:
            async with self._sessions.begin() as session:
                yield session
        except IntegrityError:
            raise Conflict(is_there) from None


def changed(user: User, change: UserChange) -> User:
    match change:
        case ChangeRole():
            return replace(user, role=change.role, agent_id=change.agent_id)
        case ChangePassword():
            return replace(user, password_hash=change.password_hash)
        case LockUser():
            return replace(user, is_locked=change.is_locked)
        case EndSessions():
            return replace(user, ended_before_s=change.before_s)
        case SetSecondFactor():
            return replace(
                user, totp_secret=change.totp_secret, recovery_hashes=change.recovery_hashes
            )
        case UseRecoveryCode():
            left = tuple(each for each in user.recovery_hashes if each != change.code_hash)
            if len(left) == len(user.recovery_hashes):
                raise Conflict("This recovery code was used before.")
            return replace(user, recovery_hashes=left)
        case _:
            assert_never(change)


def _to_user(row: UserRow) -> User:
    return User(
        row.user_id,
        Role(row.role),
        row.password_hash,
        row.agent_id,
        is_locked=row.is_locked,
        ended_before_s=row.ended_before_s,
        totp_secret=row.totp_secret,
        recovery_hashes=msgspec.json.decode(row.recovery_hashes, type=tuple[str, ...]),
    )


def _to_row(user: User) -> UserRow:
    return UserRow(
        user_id=user.user_id,
        role=user.role.value,
        password_hash=user.password_hash,
        agent_id=user.agent_id,
        is_locked=user.is_locked,
        ended_before_s=user.ended_before_s,
        totp_secret=user.totp_secret,
        recovery_hashes=msgspec.json.encode(user.recovery_hashes).decode(),
    )


async def _token_row(session: AsyncSession, token_id: str) -> TokenRow:
    row = await session.get(TokenRow, token_id)
    if row is None:
        raise NotFound(f"There is no token {token_id!r}.")
    return row


def _made(change: AddToken) -> ApiToken:
    return ApiToken(
        token_id=change.token_id,
        name=change.name,
        token_hash=change.token_hash,
        role=change.role,
        agent_id=change.agent_id,
        reads_only=change.reads_only,
        made_by=change.by,
        made_s=change.made_s,
        expires_s=change.expires_s,
    )


def _to_token(row: TokenRow) -> ApiToken:
    return ApiToken(
        token_id=row.token_id,
        name=row.name,
        token_hash=row.token_hash,
        role=Role(row.role),
        agent_id=row.agent_id,
        reads_only=row.reads_only,
        made_by=row.made_by,
        made_s=row.made_s,
        expires_s=row.expires_s,
        used_s=row.used_s,
    )


def _to_token_row(token: ApiToken) -> TokenRow:
    return TokenRow(
        token_id=token.token_id,
        name=token.name,
        token_hash=token.token_hash,
        role=token.role.value,
        agent_id=token.agent_id,
        reads_only=token.reads_only,
        made_by=token.made_by,
        made_s=token.made_s,
        expires_s=token.expires_s,
        used_s=token.used_s,
    )
