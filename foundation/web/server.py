"""uvicorn as the web role runs it: WebSockets that are given up when nobody reads them.

uvicorn's own protocol waits without end for a peer that reads nothing, also when it closes. Ours
can be told to let go: what waits to be written has a moment to leave, then the connection is cut.
"""

from collections.abc import Callable
from typing import Any

import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

PING_EVERY_S = 15.0
PONG_WITHIN_S = 15.0
"A peer that does not answer a ping within this is gone, or hangs: close code 1011."
LINGER_S = 3.0
"How long a peer that is let go may take to read what is on its way, and why it is let go."
LONGEST_MESSAGE_BYTES = 4096
"Of a client's; all of ours are asked things by HTTP."
LET_GO = "callcenter.let_go"
"In the scope's extensions: `let_go(code, reason)`, for peers that do not read."


class PatientProtocol(WebSocketsSansIOProtocol):
    def handle_connect(self, event: Any) -> None:  # noqa: ANN401  its parent's
        super().handle_connect(event)
        if self.response.status_code == 101:
            extensions: dict[str, Any] = {**(self.scope["extensions"] or {}), LET_GO: self.let_go}
            self.scope["extensions"] = extensions

    def let_go(self, code: int, reason: str) -> None:
        """Close without waiting for room to write."""
        if not self.close_sent and not self.transport.is_closing():
            self.conn.send_close(code, reason)
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.close_sent = True
        self.transport.close()
        self.loop.call_later(LINGER_S, self.transport.abort)

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self.loop.call_later(LINGER_S, self.transport.abort)


def server_config(app: Callable[..., Any], **more: Any) -> uvicorn.Config:  # noqa: ANN401
    """`more`: what uvicorn is told besides, as its address."""
    usual: dict[str, Any] = {
        "ws": PatientProtocol,
        "ws_ping_interval": PING_EVERY_S,
        "ws_ping_timeout": PONG_WITHIN_S,
        "ws_max_size": LONGEST_MESSAGE_BYTES,
        # A delta is some hundred bytes; 500 screens deflated one by one cost a core and 100 MB.
        "ws_per_message_deflate": False,
        "access_log": False,
        "timeout_graceful_shutdown": 2,
    }
    return uvicorn.Config(app, **{**usual, **more})
