"""SIP on a WebSocket (RFC 7118): what `stream.Framer` is for TCP. Pure, around websockets' own
machine.

    HTTP request ─▶ 101, subprotocol `sip` ─▶ frames: each message of theirs is one of ours
               └▶ 4xx ─▶ Broken

Pings of both layers are answered here: the WebSocket's own, and CRLF CRLF in a frame (RFC 7118 6).
"""

from collections.abc import Sequence

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from telephony.sip.wording.stream import PONG, Broken, Reply, StreamEvent, StreamLimits, Whole

SUBPROTOCOL = Subprotocol("sip")


class WebSocketFramer:
    """The server's end of one connection."""

    def __init__(self, limits: StreamLimits) -> None:
        self._limits = limits
        self._ws = ServerProtocol(subprotocols=[SUBPROTOCOL], max_size=limits.message_bytes)
        self._message = bytearray()
        "What came of a message in several frames."
        self.deadline: float | None = None
        "When what has begun must be whole: the HTTP request or a message."

    def feed(self, data: bytes, now: float) -> list[StreamEvent]:
        self._ws.receive_data(data)
        told: list[StreamEvent] = []
        happened = self._ws.events_received()
        for event in happened:
            if isinstance(event, Request) and self._ws.parser_exc is None:
                self._ws.send_response(self._ws.accept(event))
            elif isinstance(event, Frame):
                told += self._on_frame(event)
        if happened:
            self.deadline = None
        elif self.deadline is None:
            self.deadline = now + self._limits.message_s
        return [*self._replies(), *told, *self._end()]

    def wrap(self, message: bytes) -> bytes:
        """A message of ours as it goes out; nothing when the socket is closing."""
        if self._ws.state is not State.OPEN:
            return b""
        self._send(message)
        return b"".join(self._ws.data_to_send())

    def tick(self, now: float) -> list[StreamEvent]:
        if self.deadline is None or now < self.deadline:
            return []
        self.deadline = None
        return [Broken("too slow", 408)]

    def _on_frame(self, frame: Frame) -> Sequence[StreamEvent]:
        if frame.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            return ()  # websockets has answered pings and closes
        self._message += frame.data
        if not frame.fin:
            return ()
        message = bytes(self._message)
        self._message.clear()
        if message.strip(b"\r\n"):
            return (Whole(message),)
        if self._ws.state is State.OPEN:
            self._send(PONG)
        return ()

    def _send(self, message: bytes) -> None:
        """RFC 7118 5.2: text when it is text, since that is what browsers' libraries expect."""
        try:
            message.decode("utf-8")
        except UnicodeDecodeError:
            self._ws.send_binary(message)
        else:
            self._ws.send_text(message)

    def _replies(self) -> list[StreamEvent]:
        data = b"".join(self._ws.data_to_send())
        return [Reply(data)] if data else []

    def _end(self) -> list[StreamEvent]:
        """The handshake was refused, the peer closes, or it broke the protocol."""
        is_broken = self._ws.parser_exc is not None
        if is_broken or self._ws.close_expected() or self._ws.state is State.CLOSED:
            return [Broken("the WebSocket was closed")]
        return []
