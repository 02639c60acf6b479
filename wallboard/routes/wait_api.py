"""`/api/v1/calls/…/priority`, `…/move`, `/api/v1/agents/…/wrap-up`: the floor's order by hand.

Callers who wait are ordered by supervisors everywhere, and by team leads in queues that their team
serves; a wrap-up is for supervisors, for team leads of the agent's team, and for the agent himself.
"""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field, model_validator

from acd.events import Priority
from foundation.errors import NotAllowed, NotFound
from foundation.ids import AgentId, CallId, QueueId
from foundation.web.api import SignedIn
from foundation.web.users import User
from wallboard.commands import MoveCall, PromoteCall, Urgency, WrapUpVerb, WrapUpWish
from wallboard.figures.shown import agent_ids
from wallboard.rights import may_act_for, may_order
from wallboard.screens.document import Document, agent_entry
from wallboard.service import BoardService

Word = Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_.-]*$")]


class WantedPriority(BaseModel, extra="forbid"):
    """How urgent a caller's matter is."""

    priority: Urgency
    tier: Word | None = None
    "A VIP tier of `order.tiers`, '' for none; not given: as it was."


class WantedQueue(BaseModel, extra="forbid"):
    queue: Annotated[Word, Field(min_length=1)]


class WantedWrapUp(BaseModel, extra="forbid"):
    """One of three: more time, what the call was about, or the end of it."""

    extend_s: float | None = Field(None, gt=0, le=86_400)
    code: Annotated[Word, Field(min_length=1)] | None = None
    finish: bool = False

    @model_validator(mode="after")
    def _is_one(self) -> "WantedWrapUp":
        if [self.extend_s is not None, self.code is not None, self.finish].count(True) != 1:
            raise ValueError("give one of extend_s, code and finish")
        return self

    def wish(self, agent_id: str, by: str) -> WrapUpWish:
        if self.extend_s is not None:
            verb, extend_s = WrapUpVerb.EXTEND, self.extend_s
        else:
            verb, extend_s = WrapUpVerb.CODE if self.code else WrapUpVerb.FINISH, 0.0
        return WrapUpWish(
            agent_id=agent_id, verb=verb, extend_s=extend_s, code=self.code or "", by=by
        )


def wait_routes(service: BoardService) -> APIRouter:
    router = APIRouter()

    @router.post("/calls/{call_id}/priority", summary="Make a waiting caller more or less urgent")
    async def promote(call_id: str, wanted: WantedPriority, user: SignedIn) -> Document:
        """The time waited counts as before."""
        _check_may_order(service, user, call_id)
        await service.ask(
            PromoteCall(
                call_id=call_id, priority=wanted.priority, tier=wanted.tier, by=user.user_id
            )
        )
        return {"call_id": call_id, **_order_of(service, call_id)}

    @router.post("/calls/{call_id}/move", summary="Let a waiting caller wait in another queue")
    async def move(call_id: str, wanted: WantedQueue, user: SignedIn) -> Document:
        """With the time waited."""
        _check_may_order(service, user, call_id)
        await service.ask(MoveCall(call_id=call_id, queue=wanted.queue, by=user.user_id))
        return {"call_id": call_id, "queue": wanted.queue}

    @router.post(
        "/agents/{agent_id}/wrap-up",
        summary="Extend or end an agent's wrap-up, or say what the call was about",
    )
    async def wrap_up(agent_id: str, wanted: WantedWrapUp, user: SignedIn) -> Document:
        """The code may be given while the agent talks, and be changed until the wrap-up ends."""
        _check_may_wrap_up(service, user, AgentId(agent_id))
        await service.ask(wanted.wish(agent_id, user.user_id))
        board = service.board
        return {"id": agent_id, **agent_entry(board, AgentId(agent_id), service.now_s())}

    return router


def _order_of(service: BoardService, call_id: str) -> Document:
    call = service.board.calls.get(CallId(call_id))
    return {} if call is None else {"priority": Priority(call.priority).name, "tier": call.tier}


def _check_may_order(service: BoardService, user: User, call_id: str) -> None:
    call = service.board.calls.get(CallId(call_id))
    if call is None:
        raise NotFound(f"There is no call {call_id!r} now.")
    queue = None if call.queue is None else QueueId(call.queue)
    if not may_order(service.board.directory, user, queue):
        raise NotAllowed(
            "This is for supervisors, and for team leads in queues that their own team serves."
        )


def _check_may_wrap_up(service: BoardService, user: User, agent_id: AgentId) -> None:
    if not may_act_for(service.board.directory, user, agent_id):
        raise NotAllowed(
            "This is for supervisors, for team leads of the agent's team, and the agent himself."
        )
    if agent_id not in agent_ids(service.board):
        raise NotFound(f"There is no agent {agent_id!r}.")
