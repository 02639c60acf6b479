"""Whatever signing in needs, and whatever one's account is changed by."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from foundation.errors import Conflict
from foundation.web import totp
from foundation.web.changes import AccountChange, UseRecoveryCode
from foundation.web.lockout import Lockout
from foundation.web.session_book import SessionBook
from foundation.web.sessions import Sessions
from foundation.web.store import UserStore
from foundation.web.users import Passwords, User

HASHES_AT_ONCE = 2
"Each takes 64 MiB and a core for some 50 ms."
Change = Callable[[AccountChange], Awaitable[object]]
"Has it done and written down; raises the `foundation.errors` of who refused."


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    users: UserStore
    sessions: Sessions
    passwords: Passwords
    lockout: Lockout
    now_s: Callable[[], float]
    change: Change
    used_codes: totp.UsedSteps
    book: SessionBook = field(default_factory=SessionBook)
    home: str = "/wallboard"
    "Where one comes to after signing in, unless another page was asked for."
    issuer: str = "callcenter"
    "As authenticator apps show it."
    hashing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(HASHES_AT_ONCE))

    async def is_right(self, user: User | None, password: str) -> bool:
        async with self.hashing:
            return await asyncio.to_thread(self.passwords.is_right, user, password)

    async def hashed(self, password: str) -> str:
        async with self.hashing:
            return await asyncio.to_thread(self.passwords.hash, password)

    async def takes_code(self, user: User, code: str) -> bool:
        """The authenticator's code, which is used up by it; or one of the recovery codes, too."""
        step = totp.matching_step(user.totp_secret, code, self.now_s())
        if step is not None:
            return self.used_codes.take(user.user_id, step)
        hashed = totp.hash_recovery(code)
        if hashed not in user.recovery_hashes:
            return False
        try:
            await self.change(
                UseRecoveryCode(by=user.user_id, user_id=user.user_id, code_hash=hashed)
            )
        except Conflict:
            return False
        return True
