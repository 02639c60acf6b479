"""`/api/v1/calls/…/take`: a caller who waits goes to an agent whom somebody has chosen.

Supervisors choose anybody, team leads one of their own team for callers of queues that it serves,
agents themselves for callers of queues that their team serves.
"""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from foundation.errors import NotAllowed, NotFound
from foundation.ids import AgentId, CallId
from foundation.web.api import SignedIn
from foundation.web.users import User
from wallboard.commands import GiveBackCall, TakeCall
from wallboard.figures.shown import agent_ids
from wallboard.rights import may_take
from wallboard.screens.document import Document
from wallboard.service import BoardService

LONGEST_S = 1_800.0


class WantedAgent(BaseModel, extra="forbid"):
    """Who is to have the caller."""

    agent: Annotated[str, Field(min_length=1, max_length=64)]
    reserve_s: Annotated[float, Field(gt=0, le=LONGEST_S)] | None = None
    "How long the caller waits for an agent who is busy; not given: 409 for one who is not free."


def take_routes(service: BoardService) -> APIRouter:
    router = APIRouter()

    @router.post("/calls/{call_id}/take", summary="Let an agent have a waiting caller")
    async def take(call_id: str, wanted: WantedAgent, user: SignedIn) -> Document:
        """The phone rings at once, or, with `reserve_s`, when the agent is free, before all other
        callers. Whoever is not picked up, or not in time, is at the old place again."""
        agent_id = AgentId(wanted.agent)
        _check(service, user, call_id, agent_id)
        if agent_id not in agent_ids(service.board):
            raise NotFound(f"There is no agent {agent_id!r}.")
        await service.ask(
            TakeCall(
                call_id=call_id, agent_id=agent_id, reserve_s=wanted.reserve_s, by=user.user_id
            )
        )
        return {"call_id": call_id, "agent": agent_id, "is_reserved": _waits(service, call_id)}

    @router.delete("/calls/{call_id}/take", summary="Let anybody have the caller again")
    async def give_back(call_id: str, user: SignedIn) -> Document:
        """At the old place; 409 when no agent was chosen, or the phone rings already."""
        call = service.board.calls.get(CallId(call_id))
        _check(service, user, call_id, None if call is None else call.claimed_by)
        await service.ask(GiveBackCall(call_id=call_id, by=user.user_id))
        return {"call_id": call_id}

    return router


def _waits(service: BoardService, call_id: str) -> bool:
    """For the agent still, whose phone does not ring yet."""
    call = service.board.calls.get(CallId(call_id))
    if call is None or call.claimed_by is None:
        return False
    clock = service.board.agents.get(call.claimed_by)
    return clock is None or clock.call_id != call_id


def _check(service: BoardService, user: User, call_id: str, agent_id: AgentId | None) -> None:
    call = service.board.calls.get(CallId(call_id))
    if call is None:
        raise NotFound(f"There is no call {call_id!r} now.")
    if not may_take(service.board.directory, user, call.queue, agent_id):
        raise NotAllowed(
            "This is for supervisors, for team leads and their own team's agents, and for agents "
            "themselves, in queues that their team serves."
        )
