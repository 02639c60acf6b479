"""`/account`, `/api/v1/account/…`: one's own password, second factor and sessions."""

from typing import Any

import segno
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from foundation.errors import Conflict, NotAllowed, NotFound, RemoteError
from foundation.web import totp
from foundation.web.api import Person
from foundation.web.changes import ChangePassword, EndSessions, SetSecondFactor
from foundation.web.door import Door
from foundation.web.frame import STATIC, Page, page_routes
from foundation.web.gate import set_cookie
from foundation.web.session_book import Seen
from foundation.web.sessions import Session
from foundation.web.users import PASSWORD_MAX_CHARS, User, check_password_rules

ACCOUNT = Page("account", "/account", "My account", "我的账户")
Typed = Field(max_length=PASSWORD_MAX_CHARS)


class WantedPassword(BaseModel, extra="forbid"):
    old: str = Typed
    new: str = Typed


class WantedSecondFactor(BaseModel, extra="forbid"):
    """The secret that was shown, and a code that proves that an app has it."""

    secret: str = Field(max_length=64)
    code: str = Field(max_length=16)


class OwnPassword(BaseModel, extra="forbid"):
    password: str = Typed


def account_routes(door: Door) -> APIRouter:
    router = APIRouter(tags=["account"])
    router.include_router(page_routes(ACCOUNT, STATIC / "account"))
    _password_route(router, door)
    _session_routes(router, door)
    _second_factor_routes(router, door)
    return router


def _password_route(router: APIRouter, door: Door) -> None:
    @router.post("/api/v1/account/password", summary="Change one's own password")
    async def change(
        wanted: WantedPassword, user: Person, request: Request, response: Response
    ) -> dict[str, str]:
        """All other sessions end; this one goes on."""
        await _check_password(door, user, wanted.old, request)
        check_password_rules(wanted.new, user.user_id)
        hashed = await door.hashed(wanted.new)
        await door.change(
            ChangePassword(by=user.user_id, user_id=user.user_id, password_hash=hashed)
        )
        door.book.forget_user(user.user_id)
        changed = await door.users.find(user.user_id)
        if changed is not None:
            cookie = door.sessions.issue(changed, door.now_s())
            response.headers["Set-Cookie"] = set_cookie(door.sessions, cookie)
        return {"user_id": user.user_id}


def _session_routes(router: APIRouter, door: Door) -> None:
    @router.get("/api/v1/account/sessions", summary="Where one is signed in")
    async def sessions(user: Person, request: Request) -> list[dict[str, Any]]:
        """Those that were used since the web process began; cookies are all that is kept."""
        here: Session = request.state.session
        return [_session(seen, here) for seen in door.book.of(user.user_id, door.now_s())]

    @router.delete("/api/v1/account/sessions/{session_id}", summary="Sign out somewhere else")
    async def end(session_id: str, user: Person) -> dict[str, str]:
        for seen in door.book.of(user.user_id, door.now_s()):
            if seen.session.session_id == session_id:
                door.sessions.revoke(seen.session, door.now_s())
                door.book.forget(session_id)
                return {"id": session_id}
        raise NotFound(f"You have no session {session_id!r}.")

    @router.delete("/api/v1/account/sessions", summary="Sign out everywhere, here too")
    async def end_all(user: Person) -> dict[str, str]:
        await door.change(EndSessions(by=user.user_id, user_id=user.user_id, before_s=door.now_s()))
        door.book.forget_user(user.user_id)
        return {"user_id": user.user_id}


def _second_factor_routes(router: APIRouter, door: Door) -> None:
    @router.get("/api/v1/account/totp", summary="Whether a second factor is asked for")
    async def show(user: Person) -> dict[str, Any]:
        return {"is_on": bool(user.totp_secret), "recovery_codes": len(user.recovery_hashes)}

    @router.post("/api/v1/account/totp/new", summary="A secret for an authenticator app")
    async def propose(user: Person) -> dict[str, Any]:
        """Nothing is changed yet. `qr`: rows of a QR code, 1 is dark."""
        if user.totp_secret:
            raise Conflict("A second factor is set up already; take it away first.")
        secret = totp.new_secret()
        uri = totp.uri(secret, user.user_id, door.issuer)
        rows = ["".join("1" if dark else "0" for dark in row) for row in segno.make(uri).matrix]
        return {"secret": secret, "uri": uri, "qr": rows}

    @router.put("/api/v1/account/totp", summary="Ask for a code of this secret from now on")
    async def set_up(wanted: WantedSecondFactor, user: Person) -> dict[str, Any]:
        """Gives the recovery codes, this once."""
        if user.totp_secret:
            raise Conflict("A second factor is set up already; take it away first.")
        if not totp.is_secret(wanted.secret):
            raise RemoteError("This is none of our secrets; begin again.")
        step = totp.matching_step(wanted.secret, wanted.code, door.now_s())
        if step is None or not door.used_codes.take(user.user_id, step):
            raise RemoteError("The code does not fit; is the clock of the telephone right?")
        codes = totp.new_recovery_codes()
        hashes = tuple(totp.hash_recovery(code) for code in codes)
        await door.change(
            SetSecondFactor(
                by=user.user_id,
                user_id=user.user_id,
                totp_secret=wanted.secret,
                recovery_hashes=hashes,
            )
        )
        return {"recovery_codes": codes}

    @router.post("/api/v1/account/totp/off", summary="Ask for a password only")
    async def take_away(wanted: OwnPassword, user: Person, request: Request) -> dict[str, Any]:
        await _check_password(door, user, wanted.password, request)
        await door.change(SetSecondFactor(by=user.user_id, user_id=user.user_id))
        return {"is_on": False}


async def _check_password(door: Door, user: User, password: str, request: Request) -> None:
    """Counted as at the door: a stolen session must not be a way to try passwords."""
    address = request.client.host if request.client else ""
    wait_s = door.lockout.locked_for_s(user.user_id, address, door.now_s())
    if wait_s > 0:
        raise NotAllowed(f"Too many attempts; try again in {int(wait_s) + 1} s.")
    if not await door.is_right(user, password):
        door.lockout.failed(user.user_id, address, door.now_s())
        raise NotAllowed("The present password is another one.")


def _session(seen: Seen, here: Session) -> dict[str, Any]:
    return {
        "id": seen.session.session_id,
        "is_here": seen.session.session_id == here.session_id,
        "address": seen.address,
        "browser": seen.browser,
        "issued_s": seen.session.issued_s,
        "used_s": seen.used_s,
    }
