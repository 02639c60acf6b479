"""The supervisor's view of the demo: signed in over HTTP as any browser."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
import msgspec
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from callcenter.demo.centre import Centre
from foundation.errors import Unavailable
from foundation.ids import RecordingId
from telephony.calls.events import Side
from wallboard.screens.document import TABLES

AGAIN_AFTER_S = 0.5


class WebClient:
    def __init__(self, centre: Centre, http: httpx.AsyncClient) -> None:
        self._centre = centre
        self._http = http
        self.board: dict[str, Any] = {}
        "What `/ws/wallboard` has told; empty before the first snapshot."

    @classmethod
    @asynccontextmanager
    async def signed_in(cls, centre: Centre) -> AsyncIterator["WebClient"]:
        async with httpx.AsyncClient(base_url=centre.url) as http:
            form = {"name": centre.supervisor, "password": centre.password}
            answer = await http.post("/sign-in", data=form)
            if not answer.is_redirect:
                raise Unavailable(f"the wallboard's sign-in answered {answer.status_code}")
            yield cls(centre, http)

    async def transcript(self, recording_id: RecordingId) -> Mapping[Side, str] | None:
        """What was heard on each side; None when there is no transcript."""
        try:
            answer = await self._http.get(f"/api/v1/recordings/{recording_id}/transcript")
        except httpx.TransportError:
            return None
        if not answer.is_success:
            return None
        text = answer.json()
        return {side: text[side.value] for side in Side}

    async def follow_board(self) -> None:
        """Keeps `board` up to date, also over a restart of the web role."""
        cookie = "; ".join(f"{name}={value}" for name, value in self._http.cookies.items())
        url = f"{self._centre.url.replace('http', 'ws', 1)}/ws/wallboard"
        while True:
            with suppress(OSError, WebSocketException):
                async with connect(url, additional_headers={"Cookie": cookie}) as socket:
                    async for message in socket:
                        merge(self.board, msgspec.json.decode(message))
            await asyncio.sleep(AGAIN_AFTER_S)


def merge(board: dict[str, Any], message: dict[str, Any]) -> None:
    """A snapshot replaces all, a delta changes entries (`wallboard.screens.socket`)."""
    if message["type"] == "snapshot":
        board.clear()
    for key, value in message.items():
        if key == "totals":
            board.setdefault(key, {}).update(value)
        elif key in TABLES:
            _merge_table(board.setdefault(key, {}), value)
        else:
            board[key] = value


def _merge_table(table: dict[str, Any], changes: dict[str, Any]) -> None:
    for name, entry in changes.items():
        if entry is None:
            table.pop(name, None)
        else:
            table.setdefault(name, {}).update(entry)
