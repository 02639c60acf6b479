"""Two small layers round the whole application: security headers on answers, a limit on bodies."""

from collections.abc import Iterable
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from foundation.errors import RemoteError

CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "media-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"An answer that sets one of these itself keeps its own."


class BodyTooLong(RemoteError):
    """The peer sends more than any request of ours needs."""

    http_status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


def refusal(status: int, sentence: str) -> JSONResponse:
    """The one shape of every error: what was wrong, as a sentence."""
    return JSONResponse({"error": sentence}, status)


class SecurityHeaders:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


class BodyLimit:
    """Refuses a body by its announced length, or where it grows beyond the limit unannounced."""

    def __init__(self, app: ASGIApp, limit_bytes: int) -> None:
        self._app = app
        self._limit_bytes = limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._is_announced_too_long(Headers(scope=scope).getlist("content-length")):
            await self._refuse()(scope, receive, send)
            return
        taken = 0

        async def receive_limited() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._limit_bytes:
                raise BodyTooLong(self._sentence())
            return message

        await self._app(scope, receive_limited, send)

    def _is_announced_too_long(self, lengths: Iterable[str]) -> bool:
        return any(not length.isdigit() or int(length) > self._limit_bytes for length in lengths)

    def _refuse(self) -> Response:
        return refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, self._sentence())

    def _sentence(self) -> str:
        return f"A request has at most {self._limit_bytes} bytes."
