"""Users and tokens changed by command: done in the database, then told in the audit."""

import asyncio
from collections.abc import Callable
from typing import TypeAlias

from callcenter.asks import ChangeAccounts
from callcenter.events import ActionTaken
from foundation.db import TROUBLES
from foundation.errors import Unavailable
from foundation.journal import Journal
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
from foundation.web.store import UserStore
from wallboard.commands import Done


class AccountActions:
    def __init__(
        self, users: UserStore, journal: Journal, tell: Callable[[ActionTaken], None]
    ) -> None:
        self._users = users
        self._journal = journal
        self._tell = tell
        self._one_by_one = asyncio.Lock()
        "Of two who use the same recovery code, one finds it gone."

    async def change(self, ask: ChangeAccounts) -> Done:
        """Raises `NotFound` or `Conflict`, and then nothing was done."""
        try:
            async with self._one_by_one:
                await self._users.apply(ask.change)
        except TROUBLES as error:
            raise Unavailable("The database is away; nothing was changed.") from error
        told = audit_of(ask.change)
        if told is not None:
            self._tell(told)
        seq = self._journal.last_seq
        await self._journal.settled(seq)
        return Done(seq)


UserChange: TypeAlias = (
    AddUser
    | ChangeRole
    | ChangePassword
    | LockUser
    | EndSessions
    | SetSecondFactor
    | UseRecoveryCode
    | RemoveUser
)


def audit_of(change: AccountChange) -> ActionTaken | None:
    """None for what is not worth a line; never a password, a secret or their hashes."""
    match change:
        case NoteTokenUse():
            return None
        case AddToken(name=name):
            detail = _as(change.role, change.agent_id) + " reads only" * change.reads_only
            return ActionTaken(change.by, "token added", name, detail)
        case RevokeToken(token_id=token_id):
            return ActionTaken(change.by, "token revoked", token_id)
        case _:
            action, detail = _told(change)
            return ActionTaken(change.by, action, change.user_id, detail)


def _told(change: UserChange) -> tuple[str, str]:
    match change:
        case AddUser():
            return "user added", _as(change.role, change.agent_id)
        case ChangeRole():
            return "user's role", _as(change.role, change.agent_id)
        case LockUser():
            return "user locked" if change.is_locked else "user unlocked", ""
        case SetSecondFactor():
            return "user's second factor", "on" if change.totp_secret else "off"
        case _:
            return PLAIN[type(change)], ""


PLAIN = {
    ChangePassword: "user's password",
    EndSessions: "user signed out everywhere",
    UseRecoveryCode: "recovery code used",
    RemoveUser: "user removed",
}


def _as(role: str, agent_id: str | None) -> str:
    return role if agent_id is None else f"{role} {agent_id}"
