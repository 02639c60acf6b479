"""The worker's end of the control socket: one core at a time, frames in, frames out.

Core may be killed and come back; a new connection takes the place of the old one. What happens
meanwhile is kept for it, as much as the bound allows; the events' numbers show what was lost.
Nothing here ever waits: a core that does not read is cut off before it can hold up the media.
"""

import os
import select
import socket
from collections import deque
from collections.abc import Callable
from pathlib import Path

import msgspec

from foundation import frames, unix
from foundation.frames import UNREADABLE, FrameReader, FrameTooLong
from telephony.media import protocol as p

PATIENT = (p.Play, p.Stop, p.Tap, p.Gain)
"Requests of which core takes no further step when they are done: it may hear of it a moment later."
MOST_KEPT_EVENTS = 1000
MOST_UNSENT_BYTES = frames.MAX_FRAME_BYTES
"A list of all sessions takes about 5 kB for each leg."

Handle = Callable[[p.Request, float], p.Done | p.Failed | None]
"None: the reply comes later, by `ControlSocket.reply`."
Register = Callable[[int, int, Callable[[float], None]], None]
"Descriptor, epoll events, what to call with the time; events 0 means: no longer."


class ControlSocket:
    """Listens on a path and serves whoever connected last."""

    def __init__(self, path: str, welcome: p.Welcome, handle: Handle, register: Register) -> None:
        self._welcome = welcome
        self._handle = handle
        self._register = register
        self._path = path
        self.connection = 0
        "Counts those that have connected."
        self._core: socket.socket | None = None
        self._is_greeted = False
        self._reader = FrameReader()
        self._unsent = bytearray()
        self._is_pressing = False
        "Something of it is not to wait for `flush`."
        self._is_collecting = False
        "Several requests came together: their replies and events go together, too."
        self._waits_for_room = False
        "Epoll is to tell when core has read some of `_unsent`."
        self._kept: deque[bytes] = deque(maxlen=MOST_KEPT_EVENTS)
        self._decoder = msgspec.msgpack.Decoder(p.Request)
        self._encode = msgspec.msgpack.Encoder().encode
        Path(path).unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with unix.address(Path(path)) as name:
            self._listener.bind(name)
        os.chmod(path, 0o600)
        self._listener.listen(4)
        self._listener.setblocking(False)
        register(self._listener.fileno(), select.EPOLLIN, self._on_connect)

    @property
    def has_core(self) -> bool:
        return self._is_greeted

    def tell(self, event: p.Event) -> None:
        """An event for core, or for the next core when there is none now."""
        self._is_pressing = True
        frame = frames.pack(self._encode(event))
        if self._is_greeted:
            self._send(frame)
        else:
            self._kept.append(frame)

    def flush(self) -> None:
        """What has waited for something else to go with it: a few times a second."""
        if self._unsent:
            self._send(b"")

    def close(self) -> None:
        self._drop()
        self._listener.close()
        Path(self._path).unlink(missing_ok=True)

    def _on_connect(self, _now: float) -> None:
        try:
            core, _ = self._listener.accept()
        except OSError:
            return  # gone again before we looked
        self._drop()
        core.setblocking(False)
        self._core = core
        self.connection += 1
        self._register(core.fileno(), select.EPOLLIN, self._on_ready)

    def _drop(self) -> None:
        if self._core is not None:
            self._register(self._core.fileno(), 0, self._on_ready)
            self._core.close()
        self._core = None
        self._is_greeted = False
        self._reader = FrameReader()
        self._unsent.clear()
        self._waits_for_room = False

    def _on_ready(self, now: float) -> None:
        if self._unsent:
            self._send(b"")
        if self._core is None:
            return
        try:
            data = self._core.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._drop()
            return
        self._take(data, now)

    def _take(self, data: bytes, now: float) -> None:
        try:
            requests = [self._decoder.decode(frame) for frame in self._reader.feed(data)]
        except (FrameTooLong, *UNREADABLE):
            self._drop()  # not our core, or another version of it: it will say Hello again
            return
        self._is_collecting, self._is_pressing = True, False
        try:
            for request in requests:
                if isinstance(request, p.Hello):
                    self._greet()
                elif (reply := self._handle(request, now)) is not None:
                    self.reply(reply)
                    if not (isinstance(request, PATIENT) and isinstance(reply, p.Done)):
                        self._is_pressing = True
        finally:
            self._is_collecting = False
        if self._is_pressing:
            self._send(b"")

    def reply(self, reply: p.Done | p.Failed, connection: int | None = None) -> None:
        """`connection`: on which it was asked; on another one the same `rid` is another request."""
        self._is_pressing |= connection is not None
        if connection is None or connection == self.connection:
            self._send(frames.pack(self._encode(reply)))

    def _greet(self) -> None:
        self._is_pressing = True
        self._send(frames.pack(self._encode(self._welcome)))
        self._is_greeted = True
        while self._kept and self._core is not None:
            self._send(self._kept.popleft())

    def _send(self, data: bytes) -> None:
        if self._core is None:
            return
        self._unsent += data
        if self._is_collecting or not self._unsent:
            return
        try:
            sent = self._core.send(self._unsent)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._drop()
            return
        del self._unsent[:sent]
        if len(self._unsent) > MOST_UNSENT_BYTES:
            self._drop()
        elif self._waits_for_room != bool(self._unsent):
            self._waits_for_room = bool(self._unsent)
            wanted = select.EPOLLIN | (select.EPOLLOUT if self._unsent else 0)
            self._register(self._core.fileno(), wanted, self._on_ready)
