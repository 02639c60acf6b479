"""`/ws/wallboard`: a board, live. For our own page, and for anybody's screen or program.

Needs a signed-in session (the page's cookie), a watch token (`Authorization: Bearer ...`) or a TV
link's token (`?tv=...`); the web base refuses anybody else with 401 before it comes here. What a
client sends is ignored. `?board=NAME` chooses a board; a TV link has its own. Who is locked, signed
out everywhere or given another role, and whose token is revoked, is sent to come in anew.

The first message is a snapshot, all others are deltas whose `seq` rises by one. A screen that comes
back with `?after=SEQ` gets the deltas that it missed instead, if they are still here. A screen that
reads too slowly gets another snapshot, never a backlog; one that reads nothing is let go. A delta
comes at most seven times a second and at least every 5 s, if only with the time. The messages, the
close codes and all members are described in `static/asyncapi.yaml`, served as
`/wallboard/asyncapi.yaml`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter, Query, WebSocket, WebSocketDisconnect

from foundation.web.server import LET_GO
from wallboard.figures.boards import DEFAULT
from wallboard.screens.screens import (
    NO_SUCH_BOARD,
    TOO_MANY,
    TOO_SLOW,
    Drop,
    Dropped,
    Mailbox,
    Screens,
    View,
)
from wallboard.screens.tv_links import TvLink

log = logging.getLogger(__name__)

IsStillIn: TypeAlias = Callable[[Mapping[str, Any]], Awaitable[bool]]
"Of the state that the gate has left in a socket's scope: whether it would let him in as the same."
CHANGED = Drop(4403, "Your rights have changed: come in anew.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketOptions:
    most_screens: int = 1000
    read_within_s: float = 10.0
    "A screen that takes longer for one message reads too slowly."
    look_s: float = 10.0
    "So often it is asked whether who looks may still do so."


def wallboard_socket(screens: Screens, options: SocketOptions, is_still_in: IsStillIn) -> APIRouter:
    router = APIRouter()

    @router.websocket("/ws/wallboard")
    async def wallboard(
        socket: WebSocket,
        board: Annotated[str, Query(max_length=64)] = DEFAULT,
        after: Annotated[int | None, Query(ge=0)] = None,
    ) -> None:
        link: TvLink | None = socket.scope["state"].get("link")
        view = View(board) if link is None else View(link.board, link.hides_names)
        await socket.accept()
        refused = _refusal(screens, view, options)
        if refused is not None:
            await socket.close(refused.code, refused.reason)
            return
        mailbox = screens.join(view, None if link is None else link.link_id)
        first = screens.first(view, after)
        show = _Show(socket, screens, view, mailbox, options.read_within_s)
        tasks = [
            asyncio.create_task(show.run(first), name="screen-writer"),
            asyncio.create_task(
                let_go_when_out(socket, is_still_in, options.look_s), name="screen-right"
            ),
        ]
        try:
            await _read_until_gone(socket)
        finally:
            screens.leave(mailbox)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    return router


def _refusal(screens: Screens, view: View, options: SocketOptions) -> Drop | None:
    if view.board not in screens.plans:
        return Drop(NO_SUCH_BOARD, f"There is no board {view.board!r}.")
    if len(screens) >= options.most_screens:
        return Drop(TOO_MANY, f"There are {options.most_screens} screens already.")
    return None


async def let_go_when_out(socket: WebSocket, is_still_in: IsStillIn, look_s: float) -> None:
    """Returns when who has opened the socket has lost the right to it; the reader sees it end."""
    while True:
        if not await is_still_in(socket.scope["state"]):
            return _let_go(socket, CHANGED)
        await asyncio.sleep(look_s)


def _let_go(socket: WebSocket, why: Drop) -> None:
    log.info("a screen is let go: %s", why.reason)
    let_go: Callable[[int, str], None] = socket.scope["extensions"][LET_GO]
    let_go(why.code, why.reason)


async def _read_until_gone(socket: WebSocket) -> None:
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


class _Show:
    """What one screen is shown, until it goes or is let go."""

    def __init__(
        self,
        socket: WebSocket,
        screens: Screens,
        view: View,
        mailbox: Mailbox,
        read_within_s: float,
    ) -> None:
        self._socket = socket
        self._screens = screens
        self._view = view
        self._mailbox = mailbox
        self._read_within_s = read_within_s

    async def run(self, first: Sequence[str]) -> None:
        try:
            await self._write(first)
        except Dropped as dropped:
            _let_go(self._socket, dropped.why)
        except TimeoutError:
            _let_go(self._socket, Drop(TOO_SLOW, "This screen reads too slowly."))
        except WebSocketDisconnect:
            pass  # the reader sees the same and ends the socket
        finally:
            self._screens.leave(self._mailbox)

    async def _write(self, first: Sequence[str]) -> None:
        for message in first:
            await self._send(message)
        while True:
            delta = await self._mailbox.take()
            await self._send(self._screens.snapshot(self._view) if delta is None else delta)

    async def _send(self, message: str) -> None:
        async with asyncio.timeout(self._read_within_s):
            await self._socket.send_text(message)
