"""`/ws/wallboard`: the board, live. For our own page, and for anybody's screen or program.

Needs a signed-in session (the page's cookie) or a watch token (`Authorization: Bearer ...`);
the web base refuses anybody else with 401 before it comes here. What a client sends is ignored.

The first message is a snapshot, all others are deltas whose `seq` rises by one. A screen that reads
too slowly gets another snapshot, never a backlog. A delta comes at most four times a second and at
least every 5 s, if only with the time. JSON, one object for each message:

    {"type": "snapshot", "seq": 17, "at_s": 1782119000.25,
     "core_up": true,                     false: core is away, the figures stand still
     "day": "2026-06-22",                 the counts are of this local day
     "timezone": "Asia/Shanghai",
     "totals": {"offered": 41, "answered": 33, "abandoned": 3, "short_abandoned": 1,
                "overflowed": 1, "lost": 0, "waiting": 4, "carried_over": 0,
                "longest_wait_s": 17, "talking": 3, "answer_rate": 0.917,
                "raw_answer_rate": 0.805, "abandon_rate": 0.056, "service_level": 0.842,
                "asa_s": 8.1, "aht_s": 190.4, "target": 0.8, "within_s": 15.0,
                "transcripts": 29},
     "queues": {"orders": {"name": "Orders", ...the same figures}},
     "teams": {"day": {"states": {"ready": 2, ...}, "answered": 33, "asa_s": 8.1, "aht_s": 190.4,
                       "occupancy": 0.71, "utilisation": 0.64}},
     "agents": {"agent0001": {"name": "Li Na", "team": "day", "state": "talking", "reason": "",
                              "since": 1782118990.1, "call_id": "c-…", "answered": 12,
                              "asa_s": 6.0, "aht_s": 180.0, "occupancy": 0.8, "utilisation": 0.7}},
     "intervals": [{"at_s": 1782100800.0, "offered": 5, "answered": 4, "abandoned": 1}],
     "notices": [{"at_s": …, "kind": "recording_incomplete", "text": "", "call_id": "c-…"}]}

A delta has the same keys, but only those with changes. In `totals` and in each entry of `queues`,
`teams` and `agents` only changed members are present; an entry that is null is gone. `intervals`
and `notices` come whole. Figures are null when nobody called; shares are 0 to 1, times seconds.
`since` and all `at_s` are points on the server's clock: compare them with the message's `at_s`.
"""

import asyncio

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from wallboard.screens import Screens


def wallboard_socket(screens: Screens) -> APIRouter:
    router = APIRouter()

    @router.websocket("/ws/wallboard")
    async def wallboard(socket: WebSocket) -> None:
        await socket.accept()
        writer = asyncio.create_task(_write(socket, screens), name="screen-writer")
        try:
            await _read_until_gone(socket)
        finally:
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)

    return router


async def _read_until_gone(socket: WebSocket) -> None:
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


async def _write(socket: WebSocket, screens: Screens) -> None:
    mailbox = screens.join()
    try:
        await socket.send_text(screens.snapshot())
        while True:
            delta = await mailbox.take()
            await socket.send_text(screens.snapshot() if delta is None else delta)
    except WebSocketDisconnect:
        pass  # the reader sees the same and ends the socket
    finally:
        screens.leave(mailbox)
