"""Who may sign in, as what, and how passwords are kept (argon2id)."""

from dataclasses import dataclass
from enum import StrEnum

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from foundation.errors import RemoteError

PASSWORD_MIN_CHARS = 10
PASSWORD_MAX_CHARS = 256
"Hashing a megabyte of password would be a way to keep us busy."


class Role(StrEnum):
    AGENT = "agent"
    TEAM_LEAD = "team_lead"
    INSPECTOR = "inspector"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may sign in."""

    user_id: str
    "The name typed at the sign-in page; never changes."
    role: Role
    password_hash: str
    agent_id: str | None = None
    "The agent this user is, if any."
    is_locked: bool = False
    "May not sign in until an administrator says so."
    ended_before_s: float = 0.0
    "Sessions that began before this, POSIX time, are over."
    totp_secret: str = ""
    "Base32; '': a password is enough."
    recovery_hashes: tuple[str, ...] = ()
    "Of codes that stand for the authenticator app, once each."

    def may_act_as(self, *roles: Role) -> bool:
        """An administrator may do whatever any role may."""
        return self.role is Role.ADMINISTRATOR or self.role in roles


class WeakPassword(RemoteError):
    """The password breaks a rule; the message says which."""


def check_password_rules(password: str, user_id: str) -> None:
    """Length, not the bare name; NIST SP 800-63B 5.1.1.2 is against rules on kinds of letters."""
    if len(password) < PASSWORD_MIN_CHARS:
        raise WeakPassword(f"A password has at least {PASSWORD_MIN_CHARS} characters.")
    if len(password) > PASSWORD_MAX_CHARS:
        raise WeakPassword(f"A password has at most {PASSWORD_MAX_CHARS} characters.")
    if len(set(password)) < 4:
        raise WeakPassword("A password has at least four different characters.")
    if password.casefold() == user_id.casefold():
        raise WeakPassword("A password is not the user's name.")


NOBODY = (
    "$argon2id$v=19$m=65536,t=3,p=4$U0EKPnWNl+NQ/rhWKO9sVg"
    "$7QZgK9eaFD2Hur7KHIIO4chiJ6H9gU769FPzBylhLy4"
)
"""Of a password that nobody knows, as dear to verify as any: made at each start, it would cost that
start a fifth of a second."""


class Passwords:
    """Hashes and verifies; both take some 50 ms of CPU on purpose, so call them off the loop."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._nobody = hasher.hash("nobody has this password") if hasher else NOBODY

    def hash(self, password: str) -> str:
        return self._hasher.hash(password)

    def is_right(self, user: User | None, password: str) -> bool:
        """An unknown user takes as long as a known one, so that names cannot be tried out."""
        if len(password) > PASSWORD_MAX_CHARS:
            return False
        try:
            matches = self._hasher.verify(user.password_hash if user else self._nobody, password)
        except (VerificationError, InvalidHashError):
            return False
        return matches and user is not None
