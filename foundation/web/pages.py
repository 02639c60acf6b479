"""The sign-in page: a plain form in Chinese and English, without a script.

name, password ─▶ right? ─▶ no second factor ─▶ session
                                └─▶ a code is asked for ─▶ right and new? ─▶ session
"""

from html import escape
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from foundation.web.door import Door
from foundation.web.gate import set_cookie
from foundation.web.sessions import Session
from foundation.web.users import User

STATIC = Path(__file__).with_name("static")
FRESH = {"Cache-Control": "no-cache"}
"May be kept, but is asked for again."
WRONG = "用户名或密码不正确。 · The name or the password is wrong."
LOCKED = "该账户已被管理员锁定。 · This user is locked; ask an administrator."
WRONG_CODE = "验证码不正确或已使用。 · The code is wrong, or was used before."


def sign_in_routes(door: Door) -> APIRouter:
    router = APIRouter(include_in_schema=False)

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
    async def first_step(request: Request) -> Response:
        name, password, target = await _form(request, "name", "password", "next")
        return await _sign_in(door, name, password, _safe_target(target), _address(request))

    @router.post("/sign-in/code")
    async def second_step(request: Request) -> Response:
        ticket, code, target = await _form(request, "ticket", "code", "next")
        return await _take_code(door, ticket, code, _safe_target(target), _address(request))

    @router.post("/sign-out")
    async def sign_out(request: Request) -> Response:
        session: Session | None = request.state.session
        if session is not None:
            door.sessions.revoke(session, door.now_s())
            door.book.forget(session.session_id)
        answer = RedirectResponse("/sign-in", HTTPStatus.SEE_OTHER)
        answer.headers["Set-Cookie"] = set_cookie(door.sessions, "")
        return answer

    return router


async def _form(request: Request, *keys: str) -> list[str]:
    form = parse_qs((await request.body()).decode("utf-8", "replace"))
    return [form.get(key, [""])[0] for key in keys]


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


async def _sign_in(door: Door, name: str, password: str, target: str, address: str) -> Response:
    wait_s = door.lockout.locked_for_s(name, address, door.now_s())
    if wait_s > 0:
        return _locked(wait_s, name, target)
    user = await door.users.find(name)
    if not await door.is_right(user, password) or user is None:
        door.lockout.failed(name, address, door.now_s())
        return HTMLResponse(_page(target, name, WRONG), HTTPStatus.UNAUTHORIZED)
    if user.is_locked:
        return HTMLResponse(_page(target, name, LOCKED), HTTPStatus.FORBIDDEN)
    if user.totp_secret:
        return HTMLResponse(_code_page(target, door.sessions.issue_ticket(user, door.now_s())))
    door.lockout.succeeded(name, address)
    return _signed_in(door, user, target or door.home)


async def _take_code(door: Door, text: str, code: str, target: str, address: str) -> Response:
    ticket = door.sessions.read_ticket(text, door.now_s())
    user = None if ticket is None else await door.users.find(ticket.user_id)
    if ticket is None or user is None or not door.sessions.is_of(ticket, user):
        return RedirectResponse("/sign-in", HTTPStatus.SEE_OTHER)
    wait_s = door.lockout.locked_for_s(user.user_id, address, door.now_s())
    if wait_s > 0:
        return _locked(wait_s, user.user_id, target)
    if user.is_locked or not await door.takes_code(user, code):
        door.lockout.failed(user.user_id, address, door.now_s())
        return HTMLResponse(_code_page(target, text, WRONG_CODE), HTTPStatus.UNAUTHORIZED)
    door.lockout.succeeded(user.user_id, address)
    return _signed_in(door, user, target or door.home)


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
        _page(target, name, sentence),
        HTTPStatus.TOO_MANY_REQUESTS,
        {"Retry-After": str(seconds)},
    )


def _safe_target(target: str) -> str:
    """Only a path of ours: '//host' and '/\\host' lead a browser elsewhere."""
    is_path = target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if is_path and target.isprintable() else ""


def _code_page(target: str, ticket: str, sentence: str = "") -> str:
    alert = f'<p class="alert" role="alert">{escape(sentence)}</p>' if sentence else ""
    return f"""<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>验证码 · Code</title>
<link rel="icon" href="/sign-in/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/sign-in/style.css">
</head>
<body class="sign-in">
<main>
<form method="post" action="/sign-in/code">
<h1>验证码 <span lang="en">Code</span></h1>
{alert}
<label>验证器或恢复码 <span lang="en">From your authenticator, or a recovery code</span>
<input name="code" autocomplete="one-time-code" autocapitalize="none" required autofocus></label>
<input name="ticket" type="hidden" value="{escape(ticket)}">
<input name="next" type="hidden" value="{escape(target)}">
<button>继续 <span lang="en">Go on</span></button>
</form>
</main>
</body>
</html>
"""


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
<main>
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
</main>
</body>
</html>
"""
