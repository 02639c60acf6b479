"""The driver's process: a media worker whose verbs are done by rtpengine.

    python -m telephony.media.rtpengine.service '{"ng": ["127.0.0.1", 22222], …}'

The loop, the control socket and the clock are the worker's, and so is the media plane that records
and mixes; core can't tell the two apart but by the capabilities in `Welcome`.
"""

import logging
import os
import select
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from foundation.clock import monotonic_s
from telephony.media import protocol as p
from telephony.media.rtpengine.driver import Driver
from telephony.media.rtpengine.jukebox import FileJukebox
from telephony.media.rtpengine.ng import NgClient
from telephony.media.rtpengine.options import DriverOptions
from telephony.media.rtpengine.watch import Watch
from telephony.media.rtpengine.wiring import Wiring
from telephony.media.worker import Worker, ask_for_realtime, run

log = logging.getLogger(__name__)

CAPABILITIES = [
    *["relay", "play", "dtmf", "tap", "echo", "transcode", "mix", "whisper"],
    *["listen-in", "pause", "hide", "rtpengine"],
]
NEVER_S = 1e9
"Our own plane is not to tell of silence: of most legs it hears nothing at all."
MOST_DATAGRAM_BYTES = 65536


class DriverWorker(Worker):
    """The shell round `Driver` and, behind it, `MediaPlane`."""

    capabilities = CAPABILITIES

    def __init__(self, options: DriverOptions, *, is_realtime: bool = False) -> None:
        inner = msgspec.structs.replace(options.worker, media_lost_s=NEVER_S)
        super().__init__(inner, is_realtime=is_realtime)
        self._ng = _udp()
        self._ng.connect(options.ng)
        self._digits = _udp()
        self._digits.bind(options.digits)
        self._house = _udp()  # bound and never read: what nobody hears ends here without an answer
        self._house.bind((inner.address, 0))
        self._driver_due_at: float | None = None
        "Kept: to be asked for after each packet it would take too long."
        self._driver = self._make_driver(options)
        self._listen(self._ng, self._on_ng)
        self._listen(self._digits, self._on_digits)

    def _make_driver(self, options: DriverOptions) -> Driver:
        jukebox = FileJukebox(self._plane.prompts, Path(options.scratch))
        address = options.worker.address
        house = (address, self._house.getsockname()[1])
        return Driver(
            wiring=Wiring(self._own_now, jukebox, options.prefix, house, address),
            inner=self._own_now,
            jukebox=jukebox,
            admission=self._plane.admission,
            watch=Watch(options.worker.media_lost_s),
            prefix=options.prefix,
            tell=self._control.tell,
            transmit=self._transmit,
            ng=NgClient(f"{os.getpid()}_{os.urandom(4).hex()}_"),
            is_listening=self._plane.is_listening,
        )

    def _listen(self, sock: socket.socket, take: Callable[[bytes, float], None]) -> None:
        def on_ready(now: float) -> None:
            try:
                data = sock.recv(MOST_DATAGRAM_BYTES)
            except OSError:
                return  # nothing there after all, or nobody listens at the other end
            take(data, now)

        self._register(sock.fileno(), select.EPOLLIN, on_ready)

    def _on_ng(self, data: bytes, now: float) -> None:
        self._driver.on_ng(data, now)
        self._driver_due_at = self._driver.deadline

    def _on_digits(self, data: bytes, now: float) -> None:
        self._driver.on_digit(data, now)

    def _transmit(self, data: bytes) -> None:
        with suppress(OSError):  # refused or full: it is sent again, and given up in the end
            self._ng.send(data)

    # -- what differs from a worker ---------------------------------------------------------------

    def _handle(self, request: p.Request, now: float) -> p.Done | p.Failed | None:
        connection = self._control.connection
        is_answered = not isinstance(request, p.Keep)

        def answer(reply: p.Done | p.Failed) -> None:
            if is_answered:
                self._control.reply(reply, connection)

        self._driver.handle(request, now, answer)
        return None

    def _own_now(self, request: p.Request) -> p.Done | p.Failed:
        return self._own(request, monotonic_s())

    def _tell(self, event: p.Event) -> None:
        self._driver.on_own_event(event, monotonic_s())

    def _tell_load(self) -> None:
        self._driver.tell_load()

    def _housekeep(self, now: float) -> None:
        super()._housekeep(now)
        self._tick_driver(now)

    def _due_at(self, now: float) -> float:
        due_at = super()._due_at(now)
        return due_at if self._driver_due_at is None else min(due_at, self._driver_due_at)

    def _tick(self, now: float) -> None:
        super()._tick(now)
        if self._driver_due_at is not None and self._driver_due_at <= now:
            self._tick_driver(now)

    def _tick_driver(self, now: float) -> None:
        is_well = all([self._contain(each) for each in self._driver.due(now)])
        # What is overdue by a fault is tried ten times a second, not in every turn of the loop.
        self._driver_due_at = self._driver.deadline if is_well else None

    def _close(self) -> None:
        self._driver.close(monotonic_s())
        super()._close()
        for sock in (self._ng, self._digits, self._house):
            sock.close()


def _udp() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    return sock


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    options = msgspec.json.decode(sys.argv[1], type=DriverOptions)
    is_realtime = options.worker.realtime and ask_for_realtime()
    run(DriverWorker(options, is_realtime=is_realtime))


if __name__ == "__main__":
    main()
