"""The application factory: routes in, a guarded FastAPI application out.

Layers from the outside in: security headers, the gate (sign-in, origin), body limit, routes.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TypeAlias

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from prometheus_client import CollectorRegistry
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from foundation import clock
from foundation.errors import CallCentreError, LocalError, NotAllowed
from foundation.web.account import account_routes
from foundation.web.api import MetricsSource, ReadyCheck, health_routes, reference_routes
from foundation.web.asgi import BodyLimit, SecurityHeaders, refusal
from foundation.web.door import Change, Door
from foundation.web.frame import FrameOptions, frame_routes
from foundation.web.gate import Gate, GateOptions, is_navigation
from foundation.web.lockout import Lockout, LockoutOptions
from foundation.web.pages import refusal_page, sign_in_routes
from foundation.web.sessions import SessionOptions, Sessions
from foundation.web.store import UserStore
from foundation.web.token_uses import TokenUses
from foundation.web.totp import UsedSteps
from foundation.web.users import Passwords
from foundation.web.users_api import users_routes

log = logging.getLogger(__name__)


OnRefused: TypeAlias = Callable[[str, str, str, str], Awaitable[None]]
"User, method, path, why."


def wall_clock_s() -> float:
    return clock.utc_now().timestamp()


@dataclass(frozen=True, slots=True, kw_only=True)
class WebOptions:
    session: SessionOptions
    gate: GateOptions = field(default_factory=GateOptions)
    lockout: LockoutOptions = field(default_factory=LockoutOptions)
    frame: FrameOptions = field(default_factory=FrameOptions)
    body_limit_bytes: int = 64 * 1024
    title: str = "callcenter"
    version: str = "0.1.0"
    home: str = "/wallboard"
    begun_s: float = 0.0
    "When this process began, POSIX time: what a process before it took is not known."


def create_app(
    options: WebOptions,
    users: UserStore,
    routers: Sequence[APIRouter],
    *,
    ready: Sequence[ReadyCheck] = (),
    registry: CollectorRegistry | None = None,
    metrics_sources: Sequence[MetricsSource] = (),
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]] | None = None,
    passwords: Passwords | None = None,
    now_s: Callable[[], float] = wall_clock_s,
    change: Change | None = None,
    on_refused: OnRefused | None = None,
) -> FastAPI:
    """`ready` are checked by /readyz, after the database; `now_s` is POSIX time.

    `metrics_sources`: other processes whose metrics /metrics gives beside ours.
    `on_refused`: told of each 403 that a signed-in user gets, before he has it.
    `change`: who changes users and tokens; None: this process does it itself.
    """
    door = Door(
        users=users,
        sessions=Sessions(options.session),
        passwords=passwords or Passwords(),
        lockout=Lockout(options.lockout),
        now_s=now_s,
        change=change or users.apply,
        used_codes=UsedSteps(options.begun_s),
        home=options.home,
        issuer=options.title,
    )
    token_uses = TokenUses(door.change, now_s)

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        async with nullcontext() if lifespan is None else lifespan(app):
            try:
                yield
            finally:
                await token_uses.finish()

    app = FastAPI(
        title=options.title,
        version=options.version,
        docs_url=None,
        redoc_url=None,
        lifespan=life,
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(
                Gate,
                sessions=door.sessions,
                find_user=users.find,
                find_token=users.find_token,
                options=options.gate,
                now_s=now_s,
                book=door.book,
                note_use=token_uses.note,
            ),
            Middleware(BodyLimit, limit_bytes=options.body_limit_bytes),
        ],
    )
    app.include_router(
        health_routes([users.check, *ready], registry or CollectorRegistry(), metrics_sources)
    )
    app.include_router(sign_in_routes(door))
    app.include_router(reference_routes())
    app.include_router(frame_routes(options.frame))
    app.include_router(account_routes(door))
    app.include_router(users_routes(door))
    for router in routers:
        app.include_router(router)
    _answer_errors(app, on_refused)
    return app


def _answer_errors(app: FastAPI, on_refused: OnRefused | None) -> None:
    """Every error leaves as {"error": sentence}; a browser that goes to a page gets a page."""

    @app.exception_handler(CallCentreError)
    async def ours(request: Request, error: CallCentreError) -> Response:
        if isinstance(error, LocalError):
            log.error("%s %s", request.method, request.url.path, exc_info=error)
            return _internal()
        user = getattr(request.state, "user", None)
        if isinstance(error, NotAllowed) and user is not None and on_refused is not None:
            await on_refused(user.user_id, request.method, request.url.path, str(error))
        if is_navigation(request.scope, request.headers):
            return HTMLResponse(refusal_page(str(error)), error.http_status)
        return refusal(error.http_status, str(error))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        return refusal(HTTPStatus.UNPROCESSABLE_ENTITY, _sentences(error))

    @app.exception_handler(UnicodeEncodeError)
    async def unwritable(request: Request, error: UnicodeEncodeError) -> JSONResponse:
        # JSON may name half of a character; neither core nor the database can write that down.
        sentence = "The text has half a character (a lone surrogate) in it; leave it out."
        return refusal(HTTPStatus.UNPROCESSABLE_ENTITY, sentence)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        answer = refusal(error.status_code, f"{error.detail}: {request.url.path}")
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(Exception)
    async def unforeseen(request: Request, error: Exception) -> JSONResponse:
        return _internal()  # Starlette raises it again for the server's log


def _internal() -> JSONResponse:
    return refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong here; it was logged.")


def _sentences(error: RequestValidationError) -> str:
    return " ".join(
        f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}." for each in error.errors()
    )
