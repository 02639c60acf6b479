"""`/api/v1/calls/…`: hold, resume, transfer, consult, complete, conference, take-back.

For supervisors everywhere, for team leads where an agent of their own team talks, for an agent in
his own talk.
"""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from foundation.errors import Conflict, NotAllowed, NotFound
from foundation.ids import AgentId, CallId
from foundation.web.api import SignedIn
from foundation.web.users import User
from wallboard.commands import HandleTalk, TalkVerb
from wallboard.rights import may_act_for
from wallboard.service import BoardService

V = TalkVerb
SUMMARIES = {
    V.HOLD: "Let the caller hear music",
    V.RESUME: "Talk with the caller again",
    V.COMPLETE: "Leave the caller to the guest who was consulted",
    V.CONFERENCE: "Let caller, agent and guest talk together",
    V.TAKE_BACK: "Send the guest away",
}


class WantedDestination(BaseModel, extra="forbid"):
    """Whom to ring, or where to send the caller."""

    to: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9+*#:_.-]+$")]
    "An agent's id or number, `queue:NAME` or its number, a line's number, or a number outside."


def talk_routes(service: BoardService) -> APIRouter:
    router = APIRouter()

    @router.post("/calls/{call_id}/transfer", summary="Send the caller to somebody else, blind")
    async def transfer(call_id: str, wanted: WantedDestination, user: SignedIn) -> dict[str, str]:
        """To an agent or a number outside, who has the caller once he picks up; or to a queue, or
        a line."""
        return await _handle(service, user, call_id, V.TRANSFER, wanted.to)

    @router.post("/calls/{call_id}/consult", summary="Ring somebody for the agent to talk with")
    async def consult(call_id: str, wanted: WantedDestination, user: SignedIn) -> dict[str, str]:
        """The caller hears music meanwhile."""
        return await _handle(service, user, call_id, V.CONSULT, wanted.to)

    for verb, summary in SUMMARIES.items():
        _add_verb(router, service, verb, summary)
    return router


def _add_verb(router: APIRouter, service: BoardService, verb: TalkVerb, summary: str) -> None:
    @router.post(f"/calls/{{call_id}}/{verb.value}", summary=summary, name=verb.value)
    async def handle(call_id: str, user: SignedIn) -> dict[str, str]:
        return await _handle(service, user, call_id, verb)


async def _handle(
    service: BoardService, user: User, call_id: str, verb: TalkVerb, to: str = ""
) -> dict[str, str]:
    agent_id = check_may_handle(service, user, call_id)
    await service.ask(
        HandleTalk(call_id=call_id, verb=verb, agent_id=agent_id, to=to, by=user.user_id)
    )
    return {"call_id": call_id, "done": verb.value}


def check_may_handle(service: BoardService, user: User, call_id: str) -> AgentId:
    """The agent who talks in the call."""
    call = service.board.calls.get(CallId(call_id))
    if call is None:
        raise NotFound(f"There is no call {call_id!r} now.")
    if not may_act_for(service.board.directory, user, call.agent_id):
        raise NotAllowed(
            "This is for supervisors, for team leads in talks of their own team, "
            "and for the agent who talks in the call."
        )
    if call.agent_id is None:
        raise Conflict(f"No agent talks in the call {call_id!r} now.")
    return call.agent_id
