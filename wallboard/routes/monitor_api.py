"""`/api/v1/calls/…/monitor`: a supervisor listens, whispers to the agent, barges in."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from foundation.errors import NotAllowed, NotFound, RemoteError
from foundation.ids import AgentId, CallId
from foundation.web.api import require_role
from foundation.web.users import Role, User
from telephony.calls.events import MonitorMode
from wallboard.commands import MonitorCall, StopMonitor
from wallboard.rights import is_lead_of, may_act_for
from wallboard.service import BoardService

Lead = Annotated[User, Depends(require_role(Role.SUPERVISOR, Role.TEAM_LEAD))]
PhoneName = Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_.-]*$")]


class WantedMonitor(BaseModel, extra="forbid"):
    """How a supervisor is to take part in a talk, and by which phone."""

    mode: MonitorMode
    phone: PhoneName = ""
    "Id of an account; not given: the phone of the agent who the signed-in user is."


def monitor_routes(service: BoardService) -> APIRouter:
    router = APIRouter()

    @router.post(
        "/calls/{call_id}/monitor",
        summary="Listen to a talk, whisper to its agent, or barge in",
    )
    async def monitor(call_id: str, wanted: WantedMonitor, user: Lead) -> dict[str, str]:
        """Rings the phone; asked again for the same phone it changes the mode, while all talk."""
        _check_may_monitor(service, user, call_id)
        phone = _phone_of(service, user, wanted)
        await service.ask(
            MonitorCall(call_id=call_id, phone=phone, mode=wanted.mode, by=user.user_id)
        )
        return {"call_id": call_id, "phone": phone, "mode": wanted.mode.value}

    @router.delete("/calls/{call_id}/monitor", summary="Hang up a supervisor's phone")
    async def stop_monitor(
        call_id: str, user: Lead, phone: Annotated[PhoneName, Query()] = ""
    ) -> dict[str, str]:
        """Without `phone`: those that the signed-in user has brought into the talk."""
        _check_may_monitor(service, user, call_id)
        await service.ask(StopMonitor(call_id=call_id, phone=phone, by=user.user_id))
        return {"call_id": call_id}

    return router


def _phone_of(service: BoardService, user: User, wanted: WantedMonitor) -> str:
    """Whose phone rings hears the talk: a team lead lets nobody of another team hear it."""
    phone = wanted.phone or user.agent_id
    if not phone:
        raise RemoteError("Name the phone that is to be rung; you have none of your own.")
    agent_id, directory = AgentId(phone), service.board.directory
    if agent_id in directory.agents and not may_act_for(directory, user, agent_id):
        raise NotAllowed("A team lead may have the phones of the own team rung only.")
    return phone


def _check_may_monitor(service: BoardService, user: User, call_id: str) -> None:
    """A team lead hears the talks of the own team; nobody else's."""
    call = service.board.calls.get(CallId(call_id))
    if call is None:
        raise NotFound(f"There is no call {call_id!r} now.")
    if user.may_act_as(Role.SUPERVISOR):
        return
    if call.agent_id is None or not is_lead_of(service.board.directory, user, call.agent_id):
        raise NotAllowed("A team lead may monitor the talks of the own team only.")
