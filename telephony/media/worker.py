"""The media worker: one process, one epoll loop, one thread beside it for the disk.

    python -m telephony.media.worker '{"socket": "/run/…/media.sock", "ports": [30000, 31999]}'

The loop never waits but in `poll`, and the collector of garbage is off: a full collection among ten
thousand objects would hold up every talk. asyncio is not used here: its streams cost twice as much
for each packet.
"""

import gc
import logging
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from foundation.clock import monotonic_s
from telephony.media import protocol as p
from telephony.media.agreeing import dtls
from telephony.media.control import ControlSocket, Register
from telephony.media.lanes import native
from telephony.media.lanes.lane_loop import LaneLoop
from telephony.media.naps import MOST_READY, Naps
from telephony.media.options import WorkerOptions
from telephony.media.plane import MediaPlane
from telephony.media.session import Session
from telephony.media.sound import g722, opus
from telephony.media.sound.playout import FrameClock
from telephony.media.taping.recorder import Recorder
from telephony.media.wires import srtp

log = logging.getLogger(__name__)

CAPABILITIES = [
    *["relay", "play", "dtmf", "tap", "echo", "transcode", "mix", "whisper"],
    *["listen-in", "figures", "one-stream", "restart", "pause", "hide", "hide-keys"],
]
REALTIME_PRIORITY = 5
HOUSEKEEPING_S = 0.1
MOST_LOGGED_FAULTS = 20
SWITCH_INTERVAL_S = 0.0005
"The recorder's thread gives the interpreter back this soon (CPython's default is 5 ms)."
LAST_WRITES_S = 2.0


class Worker:
    """The shell round `MediaPlane`."""

    capabilities = CAPABILITIES

    def __init__(self, options: WorkerOptions, *, is_realtime: bool = False) -> None:
        self._epoll = select.epoll()
        self._handlers: dict[int, Callable[[float], None]] = {}
        self._recorder = Recorder(options.writer_queue_blocks)
        identity = own_identity(options.identity)
        self._lanes = find_c_loop(options, self._register)
        self._lanes_taken = 0
        self._plane = MediaPlane(
            options,
            self._recorder,
            self._tell,
            self._watch,
            self._unwatch,
            identity,
            self._lanes,
        )
        if self._lanes is not None:
            self._register(self._lanes.fileno(), select.EPOLLIN, self._lanes.serve)
        welcome = p.Welcome(
            version=p.PROTOCOL_VERSION,
            worker=f"w-{os.getpid()}-{os.urandom(4).hex()}",
            capabilities=[
                *self.capabilities,
                *["g722"] * (g722.NAME in options.codecs),
                *["opus"] * (opus.NAME in options.codecs),
                *["srtp"] * srtp.IS_INSTALLED,
                *["webrtc"] * (identity is not None),
                *["realtime"] * is_realtime,
                *["c-loop"] * (self._lanes is not None),
            ],
        )
        self._control = ControlSocket(options.socket, welcome, self._handle, self._register)
        now = monotonic_s()
        self._clock = FrameClock(now)
        self._housekeeping_at = now + HOUSEKEEPING_S
        self._load_at = now + 1.0
        self._measured_at = now
        self._busy_s = 0.0
        self._late_ticks = 0
        self._faults = 0
        self._naps = Naps()
        self._is_stopping = False

    def run(self) -> None:
        self._recorder.start()
        for problem in self._plane.preload():
            log.warning("%s", problem)
        while not self._is_stopping:
            now = monotonic_s()
            ready = self._wait(max(0.0, self._due_at(now) - now))
            woken_at = monotonic_s()
            self._naps.found(len(ready))
            self._serve(ready, woken_at)
            self._tick(monotonic_s())
            self._busy_s += monotonic_s() - woken_at
        self._close()

    def _serve(self, ready: list[tuple[int, int]], now: float) -> None:
        """All that was ready at `now`, which is also the nearest to when it came."""
        for fd, _events in ready:
            handler = self._handlers.get(fd)
            if handler is not None:  # not taken away by one before it in the same batch
                self._contain(handler, now)

    def _contain(self, call: Callable[..., None], *args: float) -> bool:
        """A bug that one packet finds must not end the talks of all others. True: there was none.

        Unlike `foundation.tasks.contain` it says so a few times only: packets come by thousands.
        """
        try:
            call(*args)
        except Exception:
            self._faults += 1
            if self._faults <= MOST_LOGGED_FAULTS:
                log.exception("a fault while %s was served", call)
            return False
        return True

    def _wait(self, wait_s: float) -> list[tuple[int, int]]:
        nap_s = self._naps.before(wait_s)
        if nap_s:
            time.sleep(nap_s)
        return self._epoll.poll(wait_s - nap_s, MOST_READY)

    def stop(self) -> None:
        self._is_stopping = True

    def _close(self) -> None:
        self._plane.close(monotonic_s())
        self._recorder.stop(LAST_WRITES_S)
        self._plane.housekeep(monotonic_s())
        self._control.close()
        if self._lanes is not None:
            self._lanes.close()
        self._epoll.close()

    # -- time -------------------------------------------------------------------------------------

    def _due_at(self, now: float) -> float:
        due_at = min(self._housekeeping_at, self._load_at)
        if self._plane.needs_clock:
            return min(due_at, self._clock.due_at)
        return due_at

    def _tick(self, now: float) -> None:
        if self._plane.needs_clock:
            self._tick_clock(now)
        else:
            self._clock.restart(now)
        if now >= self._housekeeping_at:
            self._housekeeping_at = now + HOUSEKEEPING_S
            self._housekeep(now)
        if now >= self._load_at:
            self._measure(now)

    def _housekeep(self, now: float) -> None:
        self._plane.housekeep(now)
        self._control.flush()

    def _tick_clock(self, now: float) -> None:
        self._clock.skip_stall(now)
        self._late_ticks += self._clock.is_late(now)
        while (slot := self._clock.take(now)) is not None:
            self._plane.tick(slot, now)

    def _measure(self, now: float) -> None:
        busy = min(1.0, self._busy_s / (now - self._measured_at))
        self._plane.admission.measured(busy, self._late_ticks)
        if self._control.has_core:  # nobody wants to hear of it afterwards
            self._tell_load()
        if self._lanes is not None:
            self._naps.taken_by_c(self._lanes.taken - self._lanes_taken)
            self._lanes_taken = self._lanes.taken
        self._naps.measured(now - self._measured_at)
        self._measured_at, self._load_at = now, now + 1.0
        self._busy_s, self._late_ticks = 0.0, 0

    def _tell_load(self) -> None:
        self._plane.tell_load()

    # -- the plane's edges ------------------------------------------------------------------------

    def _handle(self, request: p.Request, now: float) -> p.Done | p.Failed | None:
        reply = self._own(request, now)
        return None if isinstance(request, p.Keep) else reply

    def _own(self, request: p.Request, now: float) -> p.Done | p.Failed:
        try:
            reply = self._plane.handle(request, now)
        except Exception:
            # Core repeats what was under way when a worker died: it would find the bug for ever.
            log.exception("a fault in %s", type(request).__name__)
            return p.Failed(rid=request.rid, status=500, sentence="a fault of the media worker")
        if isinstance(request, p.Release) and not self._plane.sessions:
            gc.collect()  # nobody is talking: the moment for what is not done in the loop
        return reply

    def _tell(self, event: p.Event) -> None:
        self._control.tell(event)

    def _watch(self, session: Session) -> None:
        if self._lanes is not None and session.lane is not None:
            self._lanes.watch(session, session.lane)
        else:
            self._register(session.pair.rtp.fileno(), select.EPOLLIN, session.on_rtp)
        self._register(session.pair.rtcp.fileno(), select.EPOLLIN, session.on_rtcp)

    def _unwatch(self, session: Session) -> None:
        if self._lanes is not None and session.lane is not None:
            self._lanes.unwatch(session.lane)
        else:
            self._register(session.pair.rtp.fileno(), 0, session.on_rtp)
        self._register(session.pair.rtcp.fileno(), 0, session.on_rtcp)

    def _register(self, fd: int, events: int, handler: Callable[[float], None]) -> None:
        if not events:
            self._epoll.unregister(fd)
            del self._handlers[fd]
        elif fd in self._handlers:
            self._epoll.modify(fd, events)
        else:
            self._epoll.register(fd, events)
            self._handlers[fd] = handler


def ask_for_realtime() -> bool:
    """SCHED_RR for this thread and those it starts; False without the right to it.

    The recorder's thread must have it too: it would otherwise be preempted by any process while it
    holds the interpreter, and the loop would wait for it.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(REALTIME_PRIORITY))
    except OSError:
        return False
    return True


def own_identity(file: str) -> dtls.Identity | None:
    """None: what browsers need is not installed."""
    if not (dtls.IS_INSTALLED and srtp.IS_INSTALLED):
        return None
    dtls.load()
    return dtls.Identity.kept_in(Path(file)) if file else dtls.Identity.make()


def find_c_loop(options: WorkerOptions, register: Register) -> LaneLoop | None:
    """None: packets are Python's, as configured or for want of something, which the log says."""
    if options.loop == "python":
        return None
    try:
        library = native.load(Path(options.library_folder))
    except native.NoLibrary as error:
        level = logging.INFO if options.loop == "auto" else logging.WARNING
        log.log(level, "packets are dealt with in Python: %s", error)
        return None
    log.info("usual packets are dealt with in C")
    return LaneLoop(library, register)


def with_what_is_installed(options: WorkerOptions) -> WorkerOptions:
    missing = set()
    if g722.NAME in options.codecs and not g722.is_installed():
        log.warning("G.722 is not served: the extra 'hd' (the package G722) is not installed")
        missing.add(g722.NAME)
    if opus.NAME in options.codecs and not opus.is_installed():
        log.warning("Opus is not served: neither libopus0 nor the extra 'hd' is installed")
        missing.add(opus.NAME)
    codecs = tuple(codec for codec in options.codecs if codec not in missing)
    return msgspec.structs.replace(options, codecs=codecs)


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    options = msgspec.json.decode(sys.argv[1], type=WorkerOptions)
    is_realtime = options.realtime and ask_for_realtime()
    run(Worker(with_what_is_installed(options), is_realtime=is_realtime))


def run(worker: Worker) -> None:
    """Until SIGTERM."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    srtp.load()
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    gc.collect()
    gc.freeze()
    gc.disable()
    worker.run()


if __name__ == "__main__":
    main()
