"""`/api/v1/agents`, `…/skills`, `…/backup`, `/api/v1/queues`, `/api/v1/live`: changes made live.

For supervisors and administrators. What is changed holds for the next offer, and over restarts.
"""

from collections.abc import Callable
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Body, Depends
from pydantic import BaseModel, Field

from callcenter.asks import (
    AddAgentLive,
    AddQueueLive,
    ChangeAgentLive,
    ChangeQueueLive,
    RemoveAgentLive,
    RemoveQueueLive,
    ResetLive,
    ShowLive,
)
from callcenter.sections.values import DialNumber, Language, Name, Skills, SrtpPolicy
from foundation.ipc import Request
from foundation.ipc.messages import ReplyT
from foundation.web.users import User

ERRORS: dict[int | str, dict[str, Any]] = {
    403: {"description": "Signed in, but in no role that may do this"},
    404: {"description": "There is no such agent or queue"},
    422: {"description": "What callcenter.yaml could not say either"},
    503: {"description": "Core is away, or the disk is full"},
}


TAKEN: dict[int | str, dict[str, Any]] = {409: {"description": "In use, or in a call"}}


class Core(Protocol):
    async def request(self, request: Request[ReplyT]) -> ReplyT: ...


class NewAgent(BaseModel, extra="forbid"):
    """As in callcenter.yaml, without the password."""

    id: Name
    name: Annotated[str, Field(min_length=1, max_length=200)]
    number: DialNumber
    skills: Skills = {}
    team: Annotated[str, Field(max_length=200)] = ""
    languages: tuple[Language, ...] = ()
    backup: bool = False
    auto_answer: bool = False
    webrtc: bool = False
    srtp: SrtpPolicy = "never"


class NewQueue(BaseModel, extra="allow"):
    """The id, and fields of the queue's section in callcenter.yaml."""

    id: Name


class WantedBackup(BaseModel, extra="forbid"):
    backup: bool


def live_router(core: Core, allowed: Callable[[User], User]) -> APIRouter:
    """`allowed` gives the user or refuses."""
    router = APIRouter(prefix="/api/v1", tags=["live"], responses=ERRORS)
    Changer = Annotated[User, Depends(allowed)]

    @router.post("/agents", summary="Add an agent", status_code=201, responses=TAKEN)
    async def add_agent(wanted: NewAgent, user: Changer) -> dict[str, str]:
        """With a password for the phone, which is told in this answer and never again. An id is
        never given twice, and never changes; the name may."""
        fields = wanted.model_dump(mode="json")
        added = await core.request(AddAgentLive(fields=fields, by=user.user_id))
        return {"id": wanted.id, "sip_password": added.sip_password}

    @router.delete("/agents/{agent_id}", summary="Remove an agent", responses=TAKEN)
    async def remove_agent(agent_id: str, user: Changer) -> dict[str, str]:
        """Signed out first; 409 while there is a call. What was recorded and counted stays."""
        await core.request(RemoveAgentLive(agent_id=agent_id, by=user.user_id))
        return {"id": agent_id}

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

    @router.post("/queues", summary="Add a queue", status_code=201, responses=TAKEN)
    async def add_queue(wanted: NewQueue, user: Changer) -> dict[str, Any]:
        """Fields that are not named are as usual; one that was removed comes back as it was, but
        for the fields that are named. The id never changes, `name` may. `doubts`: what is probably
        not meant."""
        fields = dict(wanted.model_extra or {})
        added = await core.request(AddQueueLive(queue=wanted.id, fields=fields, by=user.user_id))
        return {"id": wanted.id, "doubts": added.doubts}

    @router.delete("/queues/{queue}", summary="Remove a queue", responses=TAKEN)
    async def remove_queue(
        queue: str,
        user: Changer,
        move_to: Annotated[str, Field(max_length=200)] = "",
        when_empty: bool = False,
    ) -> dict[str, Any]:
        """409 while somebody is in it, or something names it. `move_to`: the queue that who waits
        goes to, with place and age. `when_empty`: closed at once, gone when the last one has been
        served; `left` tells who that is. What was recorded and counted stays."""
        removed = await core.request(
            RemoveQueueLive(queue=queue, by=user.user_id, move_to=move_to, when_empty=when_empty)
        )
        return {"id": queue, "left": removed.left}

    @router.get("/live", summary="What was changed live, as YAML in `live`")
    async def show(user: Changer) -> dict[str, str]:
        return {"live": await core.request(ShowLive())}

    @router.delete("/live", summary="Undo all live changes")
    async def reset(user: Changer) -> dict[str, str]:
        await core.request(ResetLive(by=user.user_id))
        return {"live": ""}

    return router
