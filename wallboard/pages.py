"""`/wallboard` and `/phone`: static pages with their styles and scripts.

The board's figures come by its socket; the phone speaks SIP with core, on a socket of SIP's own.
"""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse, RedirectResponse

from foundation.web.asgi import CONTENT_SECURITY_POLICY
from wallboard.phone_options import PhoneOptions

STATIC = Path(__file__).with_name("static")
MEDIA_TYPES = {".js": "text/javascript", ".css": "text/css", ".yaml": "application/yaml"}
FRESH = {"Cache-Control": "no-cache"}
"May be kept, but is asked for again: a new version must not meet an old script."


def wallboard_pages() -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def home() -> RedirectResponse:
        return RedirectResponse("/wallboard")

    @router.get("/wallboard")
    async def page() -> FileResponse:
        # The address of a page that came by a link has a secret in it.
        headers = {**FRESH, "Referrer-Policy": "no-referrer"}
        return FileResponse(STATIC / "index.html", headers=headers)

    for file in sorted(STATIC.glob("*.*")):
        if file.suffix in MEDIA_TYPES:
            _serve_file(router, file)
    return router


def _serve_file(router: APIRouter, file: Path) -> None:
    @router.get(f"/wallboard/{file.name}", name=file.name)
    async def served() -> FileResponse:
        return FileResponse(file, media_type=MEDIA_TYPES[file.suffix], headers=FRESH)


PHONE = STATIC / "phone"
SCRIPTS = ("page.js", "call.js", "sip.js", "message.js", "md5.js", "ring.js")


def phone_pages(options: PhoneOptions) -> APIRouter:
    """An agent's phone in the browser."""
    router = APIRouter(include_in_schema=False)
    # The page may reach SIP at any host: the centre is known by names that are not told here.
    sockets = " ".join(f"{each.scheme}://*:{each.port}" for each in options.sockets)
    policy = CONTENT_SECURITY_POLICY.replace("connect-src 'self'", f"connect-src 'self' {sockets}")
    headers = {**FRESH, "Content-Security-Policy": policy}

    @router.get("/phone")
    async def page() -> FileResponse:
        return FileResponse(PHONE / "index.html", headers=headers)

    @router.get("/phone/settings")
    async def settings() -> PhoneOptions:
        return options

    @router.get("/phone/phone.css")
    async def style() -> FileResponse:
        return FileResponse(PHONE / "phone.css", headers=FRESH)

    def serve(name: str) -> None:
        @router.get(f"/phone/{name}", name=name)
        async def script() -> FileResponse:
            return FileResponse(PHONE / name, media_type="text/javascript", headers=FRESH)

    for name in SCRIPTS:
        serve(name)
    return router
