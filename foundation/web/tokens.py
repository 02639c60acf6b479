"""API tokens: how programs sign in. Each acts as a role, to look only or also to act, until a day.

`Authorization: Bearer cc_…`. The token is shown when it is made; what is kept is its hash.
"""

import hashlib
import secrets
from dataclasses import dataclass

from foundation.web.users import Role, User

PREFIX = "cc_"
USER_PREFIX = "token:"
"Of a token's user id in audit and log; no user's name has a colon."


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    token_id: str
    name: str
    "What it is for."
    token_hash: str
    role: Role
    agent_id: str | None = None
    "As of a user: a team lead's team is that of the agent who he is."
    reads_only: bool = True
    made_by: str
    made_s: float
    "POSIX time, as all of these."
    expires_s: float
    used_s: float | None = None
    "When it was last used, to the minute."

    def is_valid(self, now_s: float) -> bool:
        return now_s < self.expires_s

    def user(self) -> User:
        """Who acts, for rights and audit."""
        return User(USER_PREFIX + self.name, self.role, "", self.agent_id)


def new_token() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """256 random bits need no slowness."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_token_id() -> str:
    return f"t-{secrets.token_hex(4)}"
