"""What may become of users and tokens: the web role asks, core does it and keeps the audit.

The values travel over core's Unix socket, hence msgspec; the class name is the tag. Passwords come
hashed: no process but the one that was told a password ever has it.
"""

from typing import TypeAlias

import msgspec

from foundation.web.users import Role


class _Change(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    by: str
    "Id of who does it, for the audit."


class AddUser(_Change, frozen=True):
    user_id: str
    role: Role
    agent_id: str | None
    password_hash: str


class ChangeRole(_Change, frozen=True):
    user_id: str
    role: Role
    agent_id: str | None


class ChangePassword(_Change, frozen=True):
    """Ends the user's sessions."""

    user_id: str
    password_hash: str


class LockUser(_Change, frozen=True):
    """A locked user cannot sign in, and whoever is signed in as him is out."""

    user_id: str
    is_locked: bool


class EndSessions(_Change, frozen=True):
    """All of the user's that began before `before_s`, POSIX time."""

    user_id: str
    before_s: float


class SetSecondFactor(_Change, frozen=True):
    """Empty: none any more."""

    user_id: str
    totp_secret: str = ""
    recovery_hashes: tuple[str, ...] = ()


class UseRecoveryCode(_Change, frozen=True):
    """Takes the code away; `Conflict` when it is gone already."""

    user_id: str
    code_hash: str


class RemoveUser(_Change, frozen=True):
    user_id: str


class AddToken(_Change, frozen=True):
    token_id: str
    name: str
    token_hash: str
    role: Role
    agent_id: str | None
    reads_only: bool
    made_s: float
    expires_s: float


class RevokeToken(_Change, frozen=True):
    token_id: str


class NoteTokenUse(_Change, frozen=True):
    """Not in the audit."""

    token_id: str
    used_s: float


AccountChange: TypeAlias = (
    AddUser
    | ChangeRole
    | ChangePassword
    | LockUser
    | EndSessions
    | SetSecondFactor
    | UseRecoveryCode
    | RemoveUser
    | AddToken
    | RevokeToken
    | NoteTokenUse
)
