"""Live audio for a listener: what one leg sends, streamed in blocks of 100 ms while a flow asks.

    packets ─▶ TapSide ─ every 100 ms, 60 ms behind ─▶ LiveBlock ─▶ Unix stream socket ─▶ listener

The media loop never waits for a listener: the socket's own buffer holds some seconds, and what
finds it full is dropped and counted in the next block. When the listener has heard enough it closes
the connection, and that ends the stream.
"""

import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from foundation import frames, unix
from telephony.media import protocol as p
from telephony.media.errors import VerbRefused
from telephony.media.session import Session
from telephony.media.sound.g711 import FRAME_MS, SAMPLE_RATE_HZ
from telephony.media.taping.tap import TapSide

BLOCK_MS = 100
HOLD_BACK_SAMPLES = SAMPLE_RATE_HZ * 60 // 1000
"Room for late packets; more would delay every answer to the caller."
_GROUPS = BLOCK_MS // FRAME_MS
MOST_LIVE = 64
"Streams in one worker at once; a listener serves fewer."


class NoListener(VerbRefused):
    """Nobody takes the audio."""

    sip_status = 503


class LiveStream:
    """The way to one listener; never waits, keeps at most one block that went half."""

    def __init__(self, path: str, listen_id: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        self._encode = msgspec.msgpack.Encoder().encode
        self._unsent = b""
        self._lost = 0
        try:
            with unix.address(Path(path)) as name:
                self._socket.connect(name)
        except OSError as error:
            self._socket.close()
            raise NoListener(f"no listener takes audio at {path}: {error.strerror}") from None
        self.is_open = self._send(p.LiveHeader(listen_id=listen_id))

    def write(self, law: str, codes: bytes) -> None:
        if self._unsent:
            self.is_open = self._flush()
        if self._unsent:
            self._lost += len(codes)
        elif self.is_open:
            self.is_open = self._send(p.LiveBlock(law=law, codes=codes, lost=self._lost))
            self._lost = 0

    def close(self) -> None:
        self._socket.close()

    def _send(self, message: p.LiveMessage) -> bool:
        self._unsent = frames.pack(self._encode(message))
        return self._flush()

    def _flush(self) -> bool:
        """False when the listener has gone."""
        try:
            with suppress(BlockingIOError):
                self._unsent = self._unsent[self._socket.send(self._unsent) :]
        except OSError:
            return False
        return True


@dataclass(slots=True)
class _Live:
    session: Session
    side: TapSide
    stream: LiveStream
    began_at: float
    group: int


class LiveTaps:
    """All streams of one worker."""

    def __init__(self) -> None:
        self._live: dict[str, _Live] = {}
        self._round = 0
        self._next_group = 0

    def __bool__(self) -> bool:
        return bool(self._live)

    def __contains__(self, listen_id: object) -> bool:
        return listen_id in self._live

    def begin(self, listen_id: str, session: Session, path: str, now: float) -> None:
        if listen_id in self._live:
            return
        if len(self._live) >= MOST_LIVE:
            raise NoListener(f"{MOST_LIVE} legs are listened to already")
        stream = LiveStream(path, listen_id)
        self._next_group = (self._next_group + 1) % _GROUPS
        side = TapSide(now, HOLD_BACK_SAMPLES)
        self._live[listen_id] = _Live(session, side, stream, now, self._next_group)
        session.sinks += (side,)

    def tick(self, now: float) -> None:
        """20 ms have passed; a fifth of the streams is served each time."""
        self._round = (self._round + 1) % _GROUPS
        for listen_id, live in list(self._live.items()):
            if live.group == self._round:
                self._cut(live, now)
                if not live.stream.is_open:
                    self._end(listen_id)

    def end_of(self, session: Session) -> None:
        """The leg is gone."""
        for listen_id, live in list(self._live.items()):
            if live.session is session:
                self._end(listen_id)

    def _cut(self, live: _Live, now: float) -> None:
        upto = round((now - live.began_at) * SAMPLE_RATE_HZ) - HOLD_BACK_SAMPLES
        if upto > 0 and (codes := live.side.cut(upto)):
            live.stream.write(live.side.law.value, codes)

    def _end(self, listen_id: str) -> None:
        live = self._live.pop(listen_id)
        session, side = live.session, live.side
        session.sinks = tuple(sink for sink in session.sinks if sink is not side)
        live.stream.close()
