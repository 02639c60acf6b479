"""`/ws/calls/{id}/transcript`: what is said in a talk, while it is said.

For the agent whose talk it is, leads of the team and supervisors; anybody else gets 403, and who
loses the talk by a transfer, or the right to it, is sent away. JSON, at most five messages a
second:

    {"type": "words", "all": true,           true: of what came before nothing counts any more
     "live": true,                           false: this talk is not followed (yet)
     "parts": [{"number": 3, "side": "caller", "text": "My parcel has not arrived.",
                "start_s": 12.1, "end_s": 14.0}],
     "saying": {"agent": "one mom"}}         by side, what may still change

The first message has all parts, later ones mostly those that came since; `saying` comes whole.
`start_s` counts from when the talk was first followed. Parts are final. After the talk
`{"type": "over"}` comes and the connection ends. What a client sends is ignored.
"""

import asyncio
from contextlib import suppress
from http import HTTPStatus

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from foundation.ids import CallId
from foundation.web.asgi import refusal
from foundation.web.users import User
from wallboard.fold.calls import Phase
from wallboard.rights import may_act_for
from wallboard.screens.live_words import LiveWords, TalkScreen
from wallboard.screens.socket import IsStillIn, let_go_when_out
from wallboard.service import BoardService

PERIOD_S = 0.2
"Between two messages at least."
LOOK_S = 2.0
"So often the talk and the right to hear it are looked at, also in silence."


def transcript_socket(service: BoardService, words: LiveWords, is_still_in: IsStillIn) -> APIRouter:
    router = APIRouter()

    @router.websocket("/ws/calls/{call_id}/transcript")
    async def transcript(socket: WebSocket, call_id: str) -> None:
        user: User | None = socket.scope["state"]["user"]
        if user is None or not may_read(service, user, CallId(call_id)):
            sentence = "This talk is not yours to read, or it is over."
            await socket.send_denial_response(refusal(HTTPStatus.FORBIDDEN, sentence))
            return
        await socket.accept()
        works = {
            "transcript-writer": _write(socket, service, words, user, CallId(call_id)),
            "transcript-reader": _read_until_gone(socket),
            "transcript-right": let_go_when_out(socket, is_still_in, LOOK_S),
        }
        tasks = [asyncio.create_task(work, name=name) for name, work in works.items()]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    return router


def may_read(service: BoardService, user: User, call_id: CallId) -> bool:
    """While an agent talks; nobody may before."""
    call = service.board.calls.get(call_id)
    if call is None or call.phase is not Phase.TALKING or call.agent_id is None:
        return False
    return may_act_for(service.board.directory, user, call.agent_id)


async def _read_until_gone(socket: WebSocket) -> None:
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


async def _write(
    socket: WebSocket, service: BoardService, words: LiveWords, user: User, call_id: CallId
) -> None:
    screen, seen = TalkScreen(words, call_id), 0
    with suppress(WebSocketDisconnect):
        while may_read(service, user, call_id):
            if (message := screen.news()) is not None:
                await socket.send_json({"type": "words", **message})
            await asyncio.sleep(PERIOD_S)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    seen = await words.changed(seen)
        await socket.send_json({"type": "over"})
        await socket.close()
