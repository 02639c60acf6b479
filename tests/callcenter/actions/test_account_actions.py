"""Users and tokens changed by core: the audit has who, what and to whom, and never a secret."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from callcenter.actions.accounts import AccountActions
from callcenter.asks import ChangeAccounts
from callcenter.codec import CODEC
from callcenter.events import ActionTaken
from foundation.errors import Conflict, NotFound
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
from foundation.web.users import Role
from tests.support.web_house import user_store


@dataclass
class Desk:
    actions: AccountActions
    users: UserStore
    told: list[ActionTaken] = field(default_factory=list)

    async def do(self, change: AccountChange) -> None:
        await self.actions.change(ChangeAccounts(change))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    journal = await Journal.open(tmp_path / "journal.db", CODEC)
    async with user_store(tmp_path) as users:
        told: list[ActionTaken] = []
        yield Desk(AccountActions(users, journal, told.append), users, told)
    await journal.close()


TOKEN = AddToken(
    by="root",
    token_id="t-1",
    name="cron",
    token_hash="hash-of-token",
    role=Role.SUPERVISOR,
    agent_id=None,
    reads_only=True,
    made_s=1.0,
    expires_s=2.0,
)


@pytest.mark.parametrize(
    ("change", "action", "target", "detail"),
    [
        (
            AddUser(by="root", user_id="new", role=Role.AGENT, agent_id="ann", password_hash="h"),
            "user added",
            "new",
            "agent ann",
        ),
        (
            ChangeRole(by="root", user_id="ann", role=Role.INSPECTOR, agent_id=None),
            "user's role",
            "ann",
            "inspector",
        ),
        (
            ChangePassword(by="ann", user_id="ann", password_hash="secret-hash"),
            "user's password",
            "ann",
            "",
        ),
        (LockUser(by="root", user_id="ann", is_locked=True), "user locked", "ann", ""),
        (LockUser(by="root", user_id="ann", is_locked=False), "user unlocked", "ann", ""),
        (EndSessions(by="ann", user_id="ann", before_s=1), "user signed out everywhere", "ann", ""),
        (
            SetSecondFactor(by="ann", user_id="ann", totp_secret="SECRET"),
            "user's second factor",
            "ann",
            "on",
        ),
        (SetSecondFactor(by="root", user_id="ann"), "user's second factor", "ann", "off"),
        (RemoveUser(by="root", user_id="ann"), "user removed", "ann", ""),
        (TOKEN, "token added", "cron", "supervisor reads only"),
    ],
)
async def test_change_is_in_the_audit(
    desk: Desk, change: AccountChange, action: str, target: str, detail: str
) -> None:
    await desk.do(change)

    assert desk.told == [ActionTaken(change.by, action, target, detail)]


async def test_what_is_refused_is_not_in_the_audit_nor_is_the_use_of_a_token(desk: Desk) -> None:
    with pytest.raises(NotFound):
        await desk.do(RemoveUser(by="root", user_id="nobody"))
    with pytest.raises(NotFound):
        await desk.do(RevokeToken(by="root", token_id="t-9"))
    await desk.do(TOKEN)
    with pytest.raises(Conflict):
        await desk.do(TOKEN)
    await desk.do(NoteTokenUse(by="", token_id="t-1", used_s=9.0))

    assert [each.action for each in desk.told] == ["token added"]
    assert (await desk.users.tokens())[0].used_s == 9.0


async def test_recovery_code_is_used_once_even_at_the_same_time(desk: Desk) -> None:
    await desk.do(SetSecondFactor(by="ann", user_id="ann", totp_secret="S", recovery_hashes=("a",)))
    use = UseRecoveryCode(by="ann", user_id="ann", code_hash="a")

    results = await asyncio.gather(desk.do(use), desk.do(use), return_exceptions=True)

    assert sorted(type(each).__name__ for each in results) == ["Conflict", "NoneType"]
