"""`/api/v1/agents/…/skills`, `…/backup`, `/api/v1/queues/…`, `/api/v1/live`: changes made live.

For supervisors and administrators. What is changed holds for the next offer, and over restarts.
"""

from collections.abc import Callable
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Body, Depends
from pydantic import BaseModel

from callcenter.asks import ChangeAgentLive, ChangeQueueLive, ResetLive, ShowLive
from callcenter.sections import Skills
from foundation.ipc import Request
from foundation.ipc.messages import ReplyT
from foundation.web.users import User

ERRORS: dict[int | str, dict[str, Any]] = {
    403: {"description": "Signed in, but in no role that may do this"},
    404: {"description": "There is no such agent or queue"},
    422: {"description": "What callcenter.yaml could not say either"},
    503: {"description": "Core is away, or the disk is full"},
}


class Core(Protocol):
    async def request(self, request: Request[ReplyT]) -> ReplyT: ...


class WantedBackup(BaseModel, extra="forbid"):
    backup: bool


def live_router(core: Core, allowed: Callable[[User], User]) -> APIRouter:
    """`allowed` gives the user or refuses."""
    router = APIRouter(prefix="/api/v1", tags=["live"], responses=ERRORS)
    Changer = Annotated[User, Depends(allowed)]

    @router.put("/agents/{agent_id}/skills", summary="Give an agent these skills, and no others")
    async def set_skills(
        agent_id: str, skills: Annotated[Skills, Body()], user: Changer
    ) -> dict[str, Any]:
        """Levels are 1 to 10. The agent keeps state and call."""
        await core.request(ChangeAgentLive(agent_id=agent_id, skills=skills, by=user.user_id))
        return {"id": agent_id, "skills": skills}

    @router.put("/agents/{agent_id}/backup", summary="Make an agent a backup, or a usual one")
    async def set_backup(agent_id: str, wanted: WantedBackup, user: Changer) -> dict[str, Any]:
        """A backup is offered calls in a queue's surge only."""
        await core.request(
            ChangeAgentLive(agent_id=agent_id, backup=wanted.backup, by=user.user_id)
        )
        return {"id": agent_id, "backup": wanted.backup}

    @router.put("/queues/{queue}", summary="Serve a queue otherwise")
    async def set_queue(
        queue: str, fields: Annotated[dict[str, Any], Body()], user: Changer
    ) -> dict[str, Any]:
        """The fields of the queue's section in callcenter.yaml, with the same checks; what is not
        named stays. Who waits keeps the place."""
        await core.request(ChangeQueueLive(queue=queue, fields=fields, by=user.user_id))
        return {"id": queue, "changed": fields}

    @router.get("/live", summary="What was changed live, as YAML in `live`")
    async def show(user: Changer) -> dict[str, str]:
        return {"live": await core.request(ShowLive())}

    @router.delete("/live", summary="Undo all live changes")
    async def reset(user: Changer) -> dict[str, str]:
        await core.request(ResetLive(by=user.user_id))
        return {"live": ""}

    return router
