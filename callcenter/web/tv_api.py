"""`/api/v1/tv-links`: read-only links to boards, for screens on a wall.

For supervisors and administrators. The token is in the answer to POST, and nowhere after that.
"""

from collections.abc import Callable
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from callcenter.asks import ListTvLinks, MakeTvLink, RevokeTvLink
from foundation.ipc import Request
from foundation.ipc.messages import ReplyT
from foundation.web.users import User
from wallboard.figures.boards import DEFAULT

ERRORS: dict[int | str, dict[str, Any]] = {
    403: {"description": "Signed in, but in no role that may do this"},
    404: {"description": "There is no such link or board"},
    503: {"description": "Core is away"},
}


class Core(Protocol):
    async def request(self, request: Request[ReplyT]) -> ReplyT: ...


class WantedTvLink(BaseModel, extra="forbid"):
    name: str = Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f]*$")
    "Where the screen hangs, for people."
    board: str = Field(DEFAULT, max_length=64)
    hides_names: bool = False
    "Agents have no names on it."


def tv_router(core: Core, allowed: Callable[[User], User]) -> APIRouter:
    """`allowed` gives the user or refuses."""
    router = APIRouter(prefix="/api/v1/tv-links", tags=["wallboard"], responses=ERRORS)
    Maker = Annotated[User, Depends(allowed)]

    @router.get("", summary="All links that hold; never their tokens")
    async def links(user: Maker) -> list[dict[str, Any]]:
        return [
            {
                "id": each.link_id,
                "name": each.name,
                "board": each.board,
                "hides_names": each.hides_names,
                "made_by": each.made_by,
                "made_at": each.made_at.isoformat(),
            }
            for each in await core.request(ListTvLinks())
        ]

    @router.post("", summary="Make a link; its token is told this once", status_code=201)
    async def make(wanted: WantedTvLink, user: Maker) -> dict[str, Any]:
        made = await core.request(
            MakeTvLink(
                name=wanted.name,
                board=wanted.board,
                hides_names=wanted.hides_names,
                by=user.user_id,
            )
        )
        return {"id": made.link_id, "path": f"/wallboard?tv={made.token}"}

    @router.delete("/{link_id}", summary="Revoke a link; its screens go dark at once")
    async def revoke(link_id: str, user: Maker) -> dict[str, Any]:
        await core.request(RevokeTvLink(link_id=link_id, by=user.user_id))
        return {"id": link_id}

    return router
