"""`/wallboard`: one static page and its style and script; the figures come by the socket."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse, RedirectResponse

STATIC = Path(__file__).with_name("static")
FRESH = {"Cache-Control": "no-cache"}
"May be kept, but is asked for again: a new version must not meet an old script."


def wallboard_pages() -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def home() -> RedirectResponse:
        return RedirectResponse("/wallboard")

    @router.get("/wallboard")
    async def page() -> FileResponse:
        return FileResponse(STATIC / "index.html", headers=FRESH)

    @router.get("/wallboard/board.css")
    async def style() -> FileResponse:
        return FileResponse(STATIC / "board.css", headers=FRESH)

    @router.get("/wallboard/board.js")
    async def script() -> FileResponse:
        return FileResponse(STATIC / "board.js", media_type="text/javascript", headers=FRESH)

    @router.get("/wallboard/icon.svg")
    async def icon() -> FileResponse:
        return FileResponse(STATIC / "icon.svg", media_type="image/svg+xml", headers=FRESH)

    return router
