"""`/users`, `/api/v1/users`, `/api/v1/tokens`: who may sign in, and which programs.

For administrators.

No administrator can lock out, demote or remove himself, so one is always left.
"""

import secrets
import string
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from foundation.errors import Conflict, NotFound
from foundation.web.api import require_role, signed_in_person
from foundation.web.changes import (
    AddToken,
    AddUser,
    ChangePassword,
    ChangeRole,
    EndSessions,
    LockUser,
    RemoveUser,
    RevokeToken,
    SetSecondFactor,
)
from foundation.web.door import Door
from foundation.web.frame import STATIC, Page, page_routes
from foundation.web.tokens import ApiToken, hash_token, new_token, new_token_id
from foundation.web.users import Role, User

USERS = Page("users", "/users", "Users", "用户", (Role.ADMINISTRATOR,))
Administrator = Annotated[User, Depends(require_role(Role.ADMINISTRATOR))]
UserName = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[\w.@-]+$")]
AgentName = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.-]+$")]
DAY_S = 86_400.0
PASSWORD_CHARS = 16


class WantedRole(BaseModel, extra="forbid"):
    role: Role
    agent_id: AgentName | None = None
    "The agent who this user is; a team lead leads that agent's team."


class WantedUser(WantedRole):
    user_id: UserName


class WantedLock(BaseModel, extra="forbid"):
    is_locked: bool


class WantedToken(WantedRole):
    name: UserName
    reads_only: bool = True
    days: Annotated[int, Field(ge=1, le=3660)] = 90


def users_routes(door: Door) -> APIRouter:
    router = APIRouter()
    router.include_router(page_routes(USERS, STATIC / "users"))
    _user_routes(router, door)
    _token_routes(router, door)
    return router


def new_password() -> str:
    letters = string.ascii_letters + string.digits
    return "".join(secrets.choice(letters) for _ in range(PASSWORD_CHARS))


def _user_routes(outer: APIRouter, door: Door) -> None:
    router = APIRouter(
        prefix="/api/v1/users", tags=["users"], dependencies=[Depends(signed_in_person)]
    )

    @router.get("", summary="Who may sign in")
    async def users(by: Administrator) -> list[dict[str, Any]]:
        return [_user(door, user) for user in await door.users.all()]

    @router.post("", summary="Add a user", status_code=201)
    async def add(wanted: WantedUser, by: Administrator) -> dict[str, str]:
        """The password is made here and given this once."""
        password = new_password()
        hashed = await door.hashed(password)
        await door.change(
            AddUser(
                by=by.user_id,
                user_id=wanted.user_id,
                role=wanted.role,
                agent_id=wanted.agent_id,
                password_hash=hashed,
            )
        )
        return {"user_id": wanted.user_id, "password": password}

    @router.put("/{user_id}", summary="Change a user's role and agent")
    async def change(user_id: str, wanted: WantedRole, by: Administrator) -> dict[str, str]:
        if wanted.role is not Role.ADMINISTRATOR:
            _check_other(by, user_id)
        await door.change(
            ChangeRole(by=by.user_id, user_id=user_id, role=wanted.role, agent_id=wanted.agent_id)
        )
        return {"user_id": user_id}

    @router.post("/{user_id}/password", summary="Give a user a new password")
    async def new(user_id: str, by: Administrator) -> dict[str, str]:
        """Made here and given this once; the user's sessions end."""
        password = new_password()
        hashed = await door.hashed(password)
        await door.change(ChangePassword(by=by.user_id, user_id=user_id, password_hash=hashed))
        door.book.forget_user(user_id)
        return {"user_id": user_id, "password": password}

    @router.post("/{user_id}/lock", summary="Lock a user out, or let him in again")
    async def lock(user_id: str, wanted: WantedLock, by: Administrator) -> dict[str, Any]:
        _check_other(by, user_id)
        await door.change(LockUser(by=by.user_id, user_id=user_id, is_locked=wanted.is_locked))
        return {"user_id": user_id, "is_locked": wanted.is_locked}

    @router.delete("/{user_id}/sessions", summary="Sign a user out everywhere")
    async def end(user_id: str, by: Administrator) -> dict[str, str]:
        await door.change(EndSessions(by=by.user_id, user_id=user_id, before_s=door.now_s()))
        door.book.forget_user(user_id)
        return {"user_id": user_id}

    @router.delete("/{user_id}/totp", summary="Take a user's second factor away")
    async def reset(user_id: str, by: Administrator) -> dict[str, str]:
        """For who has lost the telephone and the recovery codes."""
        await door.change(SetSecondFactor(by=by.user_id, user_id=user_id))
        return {"user_id": user_id}

    @router.delete("/{user_id}", summary="Remove a user")
    async def remove(user_id: str, by: Administrator) -> dict[str, str]:
        _check_other(by, user_id)
        await door.change(RemoveUser(by=by.user_id, user_id=user_id))
        door.book.forget_user(user_id)
        return {"user_id": user_id}

    outer.include_router(router)


def _token_routes(outer: APIRouter, door: Door) -> None:
    router = APIRouter(
        prefix="/api/v1/tokens", tags=["users"], dependencies=[Depends(signed_in_person)]
    )

    @router.get("", summary="Which programs may sign in")
    async def tokens(by: Administrator) -> list[dict[str, Any]]:
        return [_token(token, door.now_s()) for token in await door.users.tokens()]

    @router.post("", summary="Make a token", status_code=201)
    async def add(wanted: WantedToken, by: Administrator) -> dict[str, str]:
        """The token is given this once."""
        text, token_id, now_s = new_token(), new_token_id(), door.now_s()
        await door.change(
            AddToken(
                by=by.user_id,
                token_id=token_id,
                name=wanted.name,
                token_hash=hash_token(text),
                role=wanted.role,
                agent_id=wanted.agent_id,
                reads_only=wanted.reads_only,
                made_s=now_s,
                expires_s=now_s + wanted.days * DAY_S,
            )
        )
        return {"id": token_id, "token": text}

    @router.delete("/{token_id}", summary="Revoke a token")
    async def revoke(token_id: str, by: Administrator) -> dict[str, str]:
        if all(token.token_id != token_id for token in await door.users.tokens()):
            raise NotFound(f"There is no token {token_id!r}.")
        await door.change(RevokeToken(by=by.user_id, token_id=token_id))
        return {"id": token_id}

    outer.include_router(router)


def _check_other(by: User, user_id: str) -> None:
    if by.user_id == user_id:
        raise Conflict("Nobody locks, demotes or removes himself; ask another administrator.")


def _user(door: Door, user: User) -> dict[str, Any]:
    seen = door.book.of(user.user_id, door.now_s())
    return {
        "user_id": user.user_id,
        "role": user.role.value,
        "agent_id": user.agent_id,
        "is_locked": user.is_locked,
        "has_second_factor": bool(user.totp_secret),
        "sessions": len(seen),
        "used_s": seen[0].used_s if seen else None,
    }


def _token(token: ApiToken, now_s: float) -> dict[str, Any]:
    return {
        "id": token.token_id,
        "name": token.name,
        "role": token.role.value,
        "agent_id": token.agent_id,
        "reads_only": token.reads_only,
        "made_by": token.made_by,
        "made_s": token.made_s,
        "expires_s": token.expires_s,
        "is_expired": not token.is_valid(now_s),
        "used_s": token.used_s,
    }
