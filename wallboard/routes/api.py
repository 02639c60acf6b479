"""`/api/v1`: calls, queues and agents as the board has them, and what one may do to them.

An action is answered when core has it on disk and the board shows it.
"""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from acd.events import Priority
from acd.views import Expectation
from foundation.errors import NotAllowed, NotFound
from foundation.ids import AgentId, CallId
from foundation.web.api import SignedIn, require_role
from foundation.web.users import Role, User
from wallboard.commands import HangUpCall, SetAgentState, WantedState
from wallboard.figures.shown import agent_ids, queue_ids
from wallboard.fold.calls import CallLine
from wallboard.rights import may_act_for
from wallboard.routes.alarm_api import alarm_routes
from wallboard.routes.callback_api import callback_routes
from wallboard.routes.monitor_api import monitor_routes
from wallboard.routes.recording_api import recording_routes
from wallboard.routes.take_api import take_routes
from wallboard.routes.talk_api import talk_routes
from wallboard.routes.wait_api import wait_routes
from wallboard.screens.document import Document, agent_entry, queue_entry
from wallboard.screens.screens import Screens
from wallboard.service import BoardService

Supervisor = Annotated[User, Depends(require_role(Role.SUPERVISOR))]

ERRORS: dict[int | str, Document] = {
    401: {"description": "Not signed in"},
    403: {"description": "Signed in, but in no role that may do this"},
    404: {"description": "There is no such thing"},
    409: {"description": "It is in no state that allows this"},
    503: {"description": "Core is away"},
}


class WantedAgentState(BaseModel, extra="forbid"):
    """What an agent is to be: ready for calls, paused for a reason, or signed off."""

    state: WantedState
    reason: str = Field("", max_length=40, pattern=r"^[^\x00-\x1f]*$")
    "Why paused, as 'meal' or 'training'."


def wallboard_api(service: BoardService, screens: Screens) -> APIRouter:
    router = APIRouter(prefix="/api/v1", tags=["wallboard"])

    @router.get("/me", summary="Who is signed in")
    async def me(user: SignedIn) -> Document:
        return {"user_id": user.user_id, "role": user.role.value, "agent_id": user.agent_id}

    @router.get("/calls", summary="Calls of the present, then today's ended ones, latest first")
    async def calls(user: SignedIn) -> list[Document]:
        board = service.board
        present = sorted(board.calls.values(), key=lambda call: call.arrived_s, reverse=True)
        return [_call(call, service.now_s()) for call in (*present, *board.ended)]

    @router.get("/boards", summary="The wallboards that there are")
    async def boards(user: SignedIn) -> list[Document]:
        return [
            {"name": plan.name, "title": {"en": plan.title.en, "zh": plan.title.zh}}
            for plan in screens.plans.values()
        ]

    @router.get("/queues", summary="All queues with today's figures")
    async def queues(user: SignedIn) -> list[Document]:
        """`expected_wait_s`: of who came now; null while nobody is there to answer.
        `expected_wait_error`: how far expected waits were off, of the latest 500 callers who were
        answered since core's start; null before any."""
        expected = (await service.look_at_floor()).expected
        board, now_s = service.board, service.now_s()
        return [
            {
                "id": queue,
                **queue_entry(board, queue, now_s, expected.get(queue)),
                "expected_wait_error": _accuracy(expected.get(queue)),
            }
            for queue in queue_ids(board)
        ]

    @router.get("/agents", summary="All agents with their state and today's figures")
    async def agents(user: SignedIn) -> list[Document]:
        """`phone`: `away` when it is not registered, `busy` with a call that is none of a queue's;
        nothing is offered then. '' for phones that are free, and who is signed off."""
        await service.look_at_floor()
        return [_agent(service, agent_id) for agent_id in agent_ids(service.board)]

    @router.post(
        "/agents/{agent_id}/state",
        summary="Make an agent ready, paused or signed off",
        responses=ERRORS,
    )
    async def set_agent_state(agent_id: str, wanted: WantedAgentState, user: SignedIn) -> Document:
        """Supervisors for everybody, team leads for their team, an agent for himself. `phone` of
        the answer says why somebody who is ready will be offered nothing."""
        _check_may_set_state(service, user, agent_id)
        if agent_id not in agent_ids(service.board):
            raise NotFound(f"There is no agent {agent_id!r}.")
        await service.ask(
            SetAgentState(
                agent_id=agent_id, state=wanted.state, reason=wanted.reason, by=user.user_id
            )
        )
        await service.look_at_floor()
        return _agent(service, AgentId(agent_id))

    @router.post("/calls/{call_id}/hangup", summary="End a call", responses=ERRORS)
    async def hang_up(call_id: str, user: Supervisor) -> dict[str, str]:
        if CallId(call_id) not in service.board.calls:
            raise NotFound(f"There is no call {call_id!r} now.")
        await service.ask(HangUpCall(call_id=call_id, by=user.user_id))
        return {"call_id": call_id}

    router.include_router(monitor_routes(service), responses=ERRORS)
    router.include_router(talk_routes(service), responses=ERRORS)
    router.include_router(recording_routes(service), responses=ERRORS)
    router.include_router(wait_routes(service), responses=ERRORS)
    router.include_router(take_routes(service), responses=ERRORS)
    router.include_router(callback_routes(service), responses=ERRORS)
    router.include_router(alarm_routes(service), responses=ERRORS)
    return router


def _accuracy(expected: Expectation | None) -> Document | None:
    if expected is None or expected.error is None:
        return None
    accuracy = expected.error
    return {
        "count": accuracy.count,
        "p50_s": round(accuracy.p50_s, 1),
        "p90_s": round(accuracy.p90_s, 1),
    }


def _check_may_set_state(service: BoardService, user: User, agent_id: str) -> None:
    if may_act_for(service.board.directory, user, AgentId(agent_id)):
        return
    if user.may_act_as(Role.TEAM_LEAD):
        raise NotAllowed("A team lead may change the state of the own team's agents only.")
    raise NotAllowed("An agent may change his own state only.")


def _agent(service: BoardService, agent_id: AgentId) -> Document:
    trouble = service.floor.phones.get(agent_id)
    return {"id": agent_id, **agent_entry(service.board, agent_id, service.now_s(), trouble)}


def _call(call: CallLine, now_s: float) -> Document:
    visit = call.visit
    waits = visit is not None and visit.outcome is None
    return {
        "id": call.call_id,
        "line": call.line,
        "arrived_at_s": call.arrived_s,
        "phase": call.phase.value,
        "manner": call.manner.value,
        "queue": call.queue,
        "priority": Priority(call.priority).name,
        "tier": call.tier,
        "agent_id": call.agent_id,
        "reserved_for": call.claimed_by,
        "recording": call.recording,
        "outcome": None if call.outcome is None else call.outcome.value,
        "waited_s": None
        if visit is None
        else round(now_s - visit.entered_s if waits else visit.wait_s, 1),
        "answered_at_s": call.answered_s,
        "ended_at_s": call.ended_s,
        "ended_by": None if call.ended_by is None else call.ended_by.value,
        "reason": call.reason,
    }
