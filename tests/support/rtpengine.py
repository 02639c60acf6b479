"""Debian's rtpengine on loopback with ports of its own, and our driver in front of it."""

import contextlib
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from telephony.media.lanes import native
from telephony.media.options import WorkerOptions
from telephony.media.rtpengine import bencode
from telephony.media.rtpengine.options import DriverOptions
from tests.support.media_process import ROOT, WorkerProcess

PROGRAM = "rtpengine"
UP_WITHIN_S = 20.0
needs_rtpengine = pytest.mark.skipif(
    shutil.which(PROGRAM) is None, reason="rtpengine is not installed (Debian: rtpengine-daemon)"
)


class Rtpengine:
    """One daemon that tests may kill and start again."""

    def __init__(self, ports: tuple[int, int], log: Path) -> None:
        first, last = ports
        self.ng = ("127.0.0.1", first)
        self.digits = ("127.0.0.1", first + 1)
        self._ports = first + 2, last
        self._log = log
        self._occupied: list[socket.socket] = []
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        first, last = self._ports
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    PROGRAM, "--config-file=none", "--foreground", "--log-stderr", "--log-level=5",
                    "--table=-1", "--interface=127.0.0.1", f"--listen-ng=127.0.0.1:{self.ng[1]}",
                    f"--dtmf-log-dest=127.0.0.1:{self.digits[1]}", f"--port-min={first}",
                    f"--port-max={last}", "--num-threads=2", "--timeout=3600",
                ],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        self._wait_until_up()

    def occupy(self, ports: Iterable[int]) -> None:
        """Another program has these ports from now on, until `end`."""
        for port in ports:
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._occupied.append(sock)
            sock.bind(("127.0.0.1", port))

    def _wait_until_up(self) -> None:
        until = time.monotonic() + UP_WITHIN_S
        ping = b"p " + bencode.encode({"command": "ping"})
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(0.1)
            sock.connect(self.ng)
            while True:
                assert self.process is not None
                assert self.process.poll() is None, self.log_tail()
                assert time.monotonic() < until, f"rtpengine does not answer\n{self.log_tail()}"
                try:
                    sock.send(ping)
                    sock.recv(1000)
                except OSError:
                    time.sleep(0.02)
                else:
                    return

    def log_tail(self) -> str:
        return self._log.read_text(errors="replace")[-2000:]

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        if self.process is not None:
            self.process.send_signal(number)  # nothing when it has ended already
            self.process.wait(10)
        while self._occupied:
            self._occupied.pop().close()

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        self.start()
        try:
            yield
        finally:
            self.end()


RTPENGINE = pytest.param("rtpengine", marks=needs_rtpengine)
DRIVERS = ["own", RTPENGINE]
"What calls are to be the same with; for a fixture's `params`."
C_LOOP = pytest.param(
    "c",
    marks=pytest.mark.skipif(
        native.find_compiler() is None, reason="needs a C compiler (gcc, libc6-dev)"
    ),
)
"Our own worker with usual packets dealt with in C; the same for `media_process`."


class DriverProcess(WorkerProcess):
    """The driver's process with its rtpengine; a kill is of the driver alone."""

    def __init__(self, options: WorkerOptions, folder: Path) -> None:
        first, last = options.ports
        middle = first + (last - first + 1) // 2
        super().__init__(msgspec.structs.replace(options, ports=(first, middle - 1)))
        self.rtpengine = Rtpengine((middle, last), folder / "rtpengine.log")
        self._scratch = folder / "scratch"

    def start(self) -> None:
        if self.rtpengine.process is None:
            self.rtpengine.start()
        options = DriverOptions(
            worker=self.options,
            ng=self.rtpengine.ng,
            digits=self.rtpengine.digits,
            prefix="test-",
            scratch=str(self._scratch),
        )
        argument = msgspec.json.encode(options).decode()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "telephony.media.rtpengine.service", argument], cwd=ROOT
        )


@contextlib.contextmanager
def media_process(driver: str, options: WorkerOptions, folder: Path) -> Iterator[WorkerProcess]:
    """One of `DRIVERS` or `C_LOOP`, running; killed at the end."""
    if driver == "c":
        options = replace(options, loop="c", library_folder=str(folder / "lib"))
    if driver in ("own", "c"):
        worker = WorkerProcess(options)
        worker.start()
        yield worker
        worker.end(signal.SIGKILL)
        return
    with driver_process(options, folder) as driver_worker:
        yield driver_worker


@contextlib.contextmanager
def driver_process(options: WorkerOptions, folder: Path) -> Iterator[DriverProcess]:
    worker = DriverProcess(options, folder)
    try:
        worker.start()
        yield worker
    finally:
        if worker.process is not None:
            worker.end(signal.SIGKILL)
        worker.rtpengine.end()
