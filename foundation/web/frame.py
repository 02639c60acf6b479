"""The frame of all pages: who is signed in, which pages there are for him, and the frame's files.

    Page ─▶ page_routes ─▶ GET /console, /console/*.js      the page itself, for its roles
      └───▶ frame_routes ─▶ GET /frame/me                   the navigation, by role
                            GET /frame/*.js, *.css          what every page stands on

A page is a folder with `index.html`, scripts and styles, put together in the browser by
`/frame/frame.js`. What a page may show and do is decided by the routes that it asks, not here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends
from fastapi.responses import FileResponse

from foundation.web.api import SignedIn, require_role, signed_in
from foundation.web.users import Role, User

STATIC = Path(__file__).with_name("static")
FRAME = STATIC / "frame"
FRESH = {"Cache-Control": "no-cache"}
"May be kept, but is asked for again: a new version must not meet an old script."
MEDIA_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
"Of the files that a page's folder may serve; others are not served."


@dataclass(frozen=True, slots=True)
class Page:
    """One entry of the navigation."""

    page_id: str
    path: str
    title_en: str
    title_zh: str
    roles: tuple[Role, ...] = ()
    "Who sees it, beside administrators; none named: everybody who is signed in."

    def is_for(self, user: User) -> bool:
        return not self.roles or user.may_act_as(*self.roles)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameOptions:
    pages: Sequence[Page] = ()
    "In the order of the navigation."
    timezone: str = "UTC"
    "The centre's; pages show times of day in it."


def page_routes(page: Page, folder: Path, below: str = "", assets: str = "") -> APIRouter:
    """`folder`: its `index.html` is the page; scripts and styles beside it are served below, or
    below `assets` when the page's own path has a parameter in it.

    `below`: a path with a parameter, `{flow}`, at which the same page is about one thing.
    """
    router = APIRouter(include_in_schema=False)
    guard = require_role(*page.roles) if page.roles else signed_in

    @router.get(page.path, name=page.page_id, dependencies=[Depends(guard)])
    async def index() -> FileResponse:
        return FileResponse(folder / "index.html", media_type="text/html", headers=FRESH)

    _serve_files(router, assets or page.path, folder)
    if below:
        # After the files, whose names look like one of the things.
        router.add_api_route(f"{page.path}/{below}", index, dependencies=[Depends(guard)])
    return router


def frame_routes(options: FrameOptions) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/frame/me")
    async def me(user: SignedIn) -> dict[str, Any]:
        """Who is signed in, and the pages for his role."""
        return {
            "user_id": user.user_id,
            "role": user.role.value,
            "agent_id": user.agent_id,
            "timezone": options.timezone,
            "pages": [_entry(page) for page in options.pages if page.is_for(user)],
        }

    _serve_files(router, "/frame", FRAME)
    return router


def _entry(page: Page) -> dict[str, str]:
    return {
        "id": page.page_id,
        "path": page.path,
        "title_en": page.title_en,
        "title_zh": page.title_zh,
    }


def _serve_files(router: APIRouter, path: str, folder: Path) -> None:
    """One route for each file: a name from outside never becomes a path."""
    for file in sorted(folder.iterdir()):
        if file.suffix in MEDIA_TYPES:
            _serve_file(router, f"{path}/{file.name}", file)


def _serve_file(router: APIRouter, path: str, file: Path) -> None:
    @router.get(path, name=file.name)
    async def served() -> FileResponse:
        return FileResponse(file, media_type=MEDIA_TYPES[file.suffix], headers=FRESH)
