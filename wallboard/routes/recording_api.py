"""`/api/v1/calls/…/recording`, `…/recording/pause`, `…/card`: what is kept of a talk.

For whom hold and transfer are: supervisors, team leads of the agent's team, the agent himself.
"""

from fastapi import APIRouter

from foundation.web.api import SignedIn
from foundation.web.users import User
from wallboard.commands import HandleRecording, RecordingVerb
from wallboard.routes.talk_api import check_may_handle
from wallboard.service import BoardService

V = RecordingVerb
ROUTES: tuple[tuple[str, str, RecordingVerb, str], ...] = (
    ("POST", "recording", V.START, "Record the talk from now on, where that is on demand"),
    ("DELETE", "recording", V.STOP, "End a recording that was begun on demand"),
    ("POST", "recording/pause", V.PAUSE, "Silence in the recording from now on"),
    ("DELETE", "recording/pause", V.RESUME, "Voices in the recording again"),
    ("POST", "card", V.TAKE_CARD, "Take card digits from the caller, whom nobody hears meanwhile"),
    ("DELETE", "card", V.CANCEL_CARD, "Take no card digits any more"),
)


def recording_routes(service: BoardService) -> APIRouter:
    router = APIRouter()
    for method, path, verb, summary in ROUTES:
        _add_verb(router, service, method, path, verb, summary)
    return router


def _add_verb(
    router: APIRouter,
    service: BoardService,
    method: str,
    path: str,
    verb: RecordingVerb,
    summary: str,
) -> None:
    @router.api_route(
        f"/calls/{{call_id}}/{path}", methods=[method], summary=summary, name=verb.value
    )
    async def handle(call_id: str, user: SignedIn) -> dict[str, str]:
        return await _handle(service, user, call_id, verb)


async def _handle(
    service: BoardService, user: User, call_id: str, verb: RecordingVerb
) -> dict[str, str]:
    agent_id = check_may_handle(service, user, call_id)
    command = HandleRecording(call_id=call_id, verb=verb, agent_id=agent_id, by=user.user_id)
    await service.ask(command)
    return {"call_id": call_id, "done": verb.value}
