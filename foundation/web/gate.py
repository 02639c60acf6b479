"""The gate: nobody passes who is not signed in, and no other site may send its visitors' requests.

    request ─▶ this origin? ─▶ a link? ─▶ public path? ─▶ session or token? ─▶ application

One ASGI layer over everything, so that a page, an asset and a WebSocket are guarded alike and a new
route is closed unless it is listed as public. The user is left in `scope["state"]["user"]`; his
session, or the API token that acts for him, in `session` and `token` beside it. Who comes by a link
(`?tv=…`) is nobody, whatever session the browser has; the link is left in `link`.
"""

import hmac
import ipaddress
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from foundation.web.asgi import refusal
from foundation.web.session_book import SessionBook
from foundation.web.sessions import Session, Sessions
from foundation.web.tokens import PREFIX, ApiToken, hash_token
from foundation.web.users import User

COOKIE = "callcenter_session"
FROM_ELSEWHERE = "This request comes from another site."
NO_SUCH_LINK = "This link has been revoked, or never was one."
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

FindUser = Callable[[str], Awaitable[User | None]]
FindToken = Callable[[str], Awaitable[ApiToken | None]]
"By its hash."
NoteUse = Callable[[ApiToken], None]
"A token was used; must not wait."
FindLink = Callable[[str], object | None]
"What a link's token opens, as whoever serves the path understands it; None: nothing."
LINK_PARAMETER = "tv"


def no_link(token: str) -> object | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class GateOptions:
    public_paths: frozenset[str] = frozenset(
        {
            "/healthz",
            "/readyz",
            "/sign-in",
            "/sign-in/code",
            "/sign-in/style.css",
            "/sign-in/icon.svg",
        }
    )
    watch_tokens: frozenset[str] = frozenset()
    "Secrets for programs that only look; sent as `Authorization: Bearer ...`."
    watch_paths: frozenset[str] = frozenset({"/metrics", "/ws/wallboard"})
    "What a watch token opens."
    link_paths: frozenset[str] = frozenset({"/wallboard", "/ws/wallboard"})
    "What a link opens."
    find_link: FindLink = no_link
    public_files: tuple[str, ...] = ("/frame/", "/wallboard/")
    "Scripts and styles below are for everybody: a page that came by a link needs them, too."
    local_paths: frozenset[str] = frozenset({"/metrics"})
    """Open to programs of this machine: counts without a person in them. A request that came
    through a proxy is not from this machine, wherever the proxy runs."""


class Gate:
    def __init__(
        self,
        app: ASGIApp,
        sessions: Sessions,
        find_user: FindUser,
        find_token: FindToken,
        options: GateOptions,
        now_s: Callable[[], float],
        book: SessionBook,
        note_use: NoteUse = lambda token: None,
    ) -> None:
        self._app = app
        self._sessions = sessions
        self._find_user = find_user
        self._find_token = find_token
        self._book = book
        self._note_use = note_use
        self._options = options
        self._now_s = now_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = _link_token(scope) if scope["path"] in self._options.link_paths else None
        if given is not None:
            await self._enter_by_link(given, scope, receive, send)
            return
        session, user = await self._who(headers)
        token = None if user is not None else await self._token(headers)
        if session is not None:
            self._book.seen(session, scope.get("client"), headers, self._now_s())
        if token is not None:
            user = token.user()
            self._note_use(token)
        scope.setdefault("state", {}).update(user=user, session=session, token=token, link=None)
        refused = self._refusal(scope, headers, user) or _beyond_scope(scope, token)
        if refused is not None:
            await refused(scope, receive, send)
        elif session is not None and user is not None and scope["type"] == "http":
            await self._app(scope, receive, self._renewing(send, session, user))
        else:
            await self._app(scope, receive, send)

    async def _enter_by_link(self, given: str, scope: Scope, receive: Receive, send: Send) -> None:
        link = self._options.find_link(given)
        scope.setdefault("state", {}).update(user=None, session=None, token=None, link=link)
        if not _is_same_origin(scope, Headers(scope=scope)):
            await refusal(HTTPStatus.FORBIDDEN, FROM_ELSEWHERE)(scope, receive, send)
        elif link is None:
            await _no_such_link(scope)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _who(self, headers: Headers) -> tuple[Session | None, User | None]:
        cookie = session_cookie(headers)
        session = self._sessions.read(cookie, self._now_s()) if cookie else None
        if session is None:
            return None, None
        user = await self._find_user(session.user_id)
        if user is None or not self._sessions.belongs_to(session, user):
            return None, None
        return session, user

    async def _token(self, headers: Headers) -> ApiToken | None:
        given = _bearer(headers)
        if not given.startswith(PREFIX):
            return None
        token = await self._find_token(hash_token(given))
        return token if token is not None and token.is_valid(self._now_s()) else None

    def _refusal(self, scope: Scope, headers: Headers, user: User | None) -> Response | None:
        if not _is_same_origin(scope, headers):
            return refusal(HTTPStatus.FORBIDDEN, FROM_ELSEWHERE)
        path: str = scope["path"]
        if user is not None or self._is_public(path):
            return None
        if path in self._options.watch_paths and self._has_watch_token(headers):
            return None
        if path in self._options.local_paths and _is_local(scope, headers):
            return None
        if scope["type"] == "http" and is_navigation(scope, headers):
            return RedirectResponse(f"/sign-in?next={quote(path)}", HTTPStatus.SEE_OTHER)
        return refusal(HTTPStatus.UNAUTHORIZED, "Sign in first.")

    def _is_public(self, path: str) -> bool:
        is_file = path.startswith(self._options.public_files) and path.endswith((".js", ".css"))
        return is_file or path in self._options.public_paths

    def _has_watch_token(self, headers: Headers) -> bool:
        token = _bearer(headers)
        known = [
            hmac.compare_digest(token.encode(), each.encode())
            for each in self._options.watch_tokens
        ]
        return any(known)

    def _renewing(self, send: Send, session: Session, user: User) -> Send:
        """A session in use is renewed, unless the answer sets the cookie itself (signing out)."""
        if not self._sessions.is_due_for_renewal(session, self._now_s()):
            return send

        async def send_renewed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if "set-cookie" not in headers:
                    value = self._sessions.issue(user, self._now_s(), session.session_id)
                    headers.append("set-cookie", set_cookie(self._sessions, value))
            await send(message)

        return send_renewed


def _link_token(scope: Scope) -> str | None:
    given = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return given[LINK_PARAMETER][-1] if LINK_PARAMETER in given else None


def _no_such_link(scope: Scope) -> Response:
    if scope["type"] == "websocket":
        return refusal(HTTPStatus.UNAUTHORIZED, NO_SUCH_LINK)
    return PlainTextResponse(f"此链接已失效。 · {NO_SUCH_LINK}", HTTPStatus.UNAUTHORIZED)


def _bearer(headers: Headers) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""


def _beyond_scope(scope: Scope, token: ApiToken | None) -> Response | None:
    if token is None or not token.reads_only or scope["type"] != "http":
        return None
    if scope["method"] in SAFE_METHODS:
        return None
    return refusal(HTTPStatus.FORBIDDEN, f"The token {token.name!r} may only read.")


def set_cookie(sessions: Sessions, value: str) -> str:
    """The Set-Cookie header; an empty value takes the cookie away."""
    max_age_s = int(sessions.options.lifetime_s) if value else 0
    secure = "; Secure" if sessions.options.secure_cookie else ""
    return f"{COOKIE}={value}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Strict{secure}"


def session_cookie(headers: Headers) -> str:
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return "" if morsel is None else morsel.value


def _is_same_origin(scope: Scope, headers: Headers) -> bool:
    """Browsers send Origin with every POST and every WebSocket; programs need not."""
    if scope["type"] == "http" and scope["method"] in SAFE_METHODS:
        return True
    origins: Iterable[str] = headers.getlist("origin")
    return all(urlsplit(origin).netloc == headers.get("host", "") for origin in origins)


def _is_local(scope: Scope, headers: Headers) -> bool:
    """From a loopback address, and not passed on for somebody else."""
    if any(name in headers for name in ("forwarded", "x-forwarded-for", "x-real-ip")):
        return False
    client = scope.get("client")
    try:
        return client is not None and ipaddress.ip_address(client[0]).is_loopback
    except ValueError:
        return False


def is_navigation(scope: Scope, headers: Headers) -> bool:
    """A browser goes to a page, and would show JSON as it stands."""
    wants_page = "text/html" in headers.get("accept", "")
    return (
        scope["method"] in ("GET", "HEAD") and wants_page and not scope["path"].startswith("/api/")
    )
