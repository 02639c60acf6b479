"""The sign-in page: a plain form in Chinese and English, without a script."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from foundation.web.gate import set_cookie
from foundation.web.lockout import Lockout
from foundation.web.sessions import Session, Sessions
from foundation.web.store import UserStore
from foundation.web.users import Passwords, User

STATIC = Path(__file__).with_name("static")
FRESH = {"Cache-Control": "no-cache"}
"May be kept, but is asked for again."
HASHES_AT_ONCE = 2
"Each takes 64 MiB and a core for some 50 ms."

WRONG = "用户名或密码不正确。 · The name or the password is wrong."


@dataclass(frozen=True, slots=True)
class Door:
    """Whatever signing in needs."""

    users: UserStore
    sessions: Sessions
    passwords: Passwords
    lockout: Lockout
    now_s: Callable[[], float]
    home: str = "/wallboard"
    "Where one comes to after signing in, unless another page was asked for."


def sign_in_routes(door: Door) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    hashing = asyncio.Semaphore(HASHES_AT_ONCE)

    @router.get("/sign-in")
    async def page(next: str = "") -> HTMLResponse:
        return HTMLResponse(_page(_safe_target(next)))

    @router.get("/sign-in/style.css")
    async def style() -> FileResponse:
        return FileResponse(STATIC / "plain.css", headers=FRESH)

    @router.get("/sign-in/icon.svg")
    async def icon() -> FileResponse:
        return FileResponse(STATIC / "icon.svg", media_type="image/svg+xml", headers=FRESH)

    @router.post("/sign-in")
    async def sign_in(request: Request) -> Response:
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        name, password, target = (form.get(key, [""])[0] for key in ("name", "password", "next"))
        address = request.client.host if request.client else ""
        wait_s = door.lockout.locked_for_s(name, address, door.now_s())
        if wait_s > 0:
            return _locked(wait_s, name, target)
        user = await door.users.find(name)
        async with hashing:
            right = await asyncio.to_thread(door.passwords.is_right, user, password)
        if user is None or not right:
            door.lockout.failed(name, address, door.now_s())
            return HTMLResponse(_page(_safe_target(target), name, WRONG), HTTPStatus.UNAUTHORIZED)
        door.lockout.succeeded(name, address)
        return _signed_in(door, user, _safe_target(target) or door.home)

    @router.post("/sign-out")
    async def sign_out(request: Request) -> Response:
        session: Session | None = request.state.session
        if session is not None:
            door.sessions.revoke(session, door.now_s())
        answer = RedirectResponse("/sign-in", HTTPStatus.SEE_OTHER)
        answer.headers["Set-Cookie"] = set_cookie(door.sessions, "")
        return answer

    return router


def refusal_page(sentence: str) -> str:
    """What a browser shows when it was led to a page that it may not have."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>callcenter</title>
<link rel="icon" href="/sign-in/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/sign-in/style.css">
</head>
<body class="reference">
<main>
<h1>无法打开 <span lang="en">This page cannot be shown</span></h1>
<p class="alert" role="alert">{escape(sentence)}</p>
<p><a href="/">首页 · Home</a></p>
</main>
</body>
</html>
"""


def _signed_in(door: Door, user: User, target: str) -> Response:
    answer = RedirectResponse(target, HTTPStatus.SEE_OTHER)
    answer.headers["Set-Cookie"] = set_cookie(
        door.sessions, door.sessions.issue(user, door.now_s())
    )
    return answer


def _locked(wait_s: float, name: str, target: str) -> Response:
    seconds = int(wait_s) + 1
    sentence = (
        f"尝试次数过多，请 {seconds} 秒后再试。 · Too many attempts, try again in {seconds} s."
    )
    return HTMLResponse(
        _page(_safe_target(target), name, sentence),
        HTTPStatus.TOO_MANY_REQUESTS,
        {"Retry-After": str(seconds)},
    )


def _safe_target(target: str) -> str:
    """Only a path of ours: '//host' and '/\\host' lead a browser elsewhere."""
    is_path = target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if is_path and target.isprintable() else ""


def _page(target: str, name: str = "", sentence: str = "") -> str:
    alert = f'<p class="alert" role="alert">{escape(sentence)}</p>' if sentence else ""
    return f"""<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>登录 · Sign in</title>
<link rel="icon" href="/sign-in/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/sign-in/style.css">
</head>
<body class="sign-in">
<form method="post" action="/sign-in">
<h1>登录 <span lang="en">Sign in</span></h1>
{alert}
<label>用户名 <span lang="en">Name</span>
<input name="name" value="{escape(name)}" autocomplete="username" autocapitalize="none"
 required autofocus></label>
<label>密码 <span lang="en">Password</span>
<input name="password" type="password" autocomplete="current-password" required></label>
<input name="next" type="hidden" value="{escape(target)}">
<button>登录 <span lang="en">Sign in</span></button>
</form>
</body>
</html>
"""
