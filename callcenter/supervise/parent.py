"""The parent's loop: one selector over the children's pidfds, the signals and the next restart.

    start ──▶ adopt or spawn each role ──▶ watch ──▶ a role ended: again, after its pause
                                            │
                                            └── SIGTERM, SIGINT ──▶ stop in reverse order, then end

Children have sessions of their own: Ctrl-C reaches the parent alone. They are not bound to its life
(no PR_SET_PDEATHSIG): talks must survive it.
"""

import fcntl
import logging
import os
import selectors
import signal
import socket
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from io import FileIO
from pathlib import Path
from types import FrameType

from callcenter.supervise.logs import Echo, open_log
from callcenter.supervise.restarts import Restarts
from callcenter.supervise.roles import (
    Role,
    RunFile,
    new_run_file,
    read_run_files,
    run_folder,
)
from callcenter.supervise.sockets import (
    FDS_VARIABLE,
    SOCKET_NAME,
    Address,
    bind_all,
    fetch_sockets,
)
from foundation.clock import monotonic_s, utc_now
from foundation.errors import Conflict

log = logging.getLogger(__name__)

GRACE_S = 5.0
"A role that has not ended so long after SIGTERM is killed."
ECHO_EVERY_S = 0.2


@dataclass(slots=True)
class _Child:
    """A role's present process, ours or adopted."""

    role: Role
    restarts: Restarts = field(default_factory=Restarts)
    run_file: RunFile | None = None
    pidfd: int = -1
    popen: "subprocess.Popen[bytes] | None" = None
    again_at: float | None = None
    "When to start it again, on the monotonic clock."

    @property
    def is_running(self) -> bool:
        return self.pidfd >= 0


class Parent:
    """`run` returns after an orderly stop."""

    def __init__(
        self,
        folder: Path,
        roles: Sequence[Role],
        addresses: Sequence[Address] = (),
        *,
        grace_s: float = GRACE_S,
        echo: bool = False,
        on_started: Callable[[list[Address]], None] = lambda addresses: None,
    ) -> None:
        """`echo`: repeat the roles' logs on the terminal. `on_started` gets the bound addresses."""
        self._run_folder = run_folder(folder)
        self._log_folder = folder / "data" / "log"
        self._addresses = addresses
        self._grace_s = grace_s
        self._echo = Echo(self._log_folder) if echo else None
        self._on_started = on_started
        self._children = [_Child(role) for role in roles]
        self._sockets: list[socket.socket] = []
        self._selector = selectors.DefaultSelector()
        self._wake_in, self._wake_out = socket.socketpair()
        self._stops_asked = 0

    def run(self) -> None:
        """Must be the main thread's. `Conflict` when another parent runs in this folder."""
        with _lock(self._run_folder / "parent.lock"):
            before = self._take_signals()
            try:
                self._start()
                while not self._stops_asked:
                    self._watch(self._next_timeout_s())
                    self._start_due()
                self._stop_all()
            finally:
                self._give_signals_back(before)
                self._close()

    def request_stop(self) -> None:
        """From anywhere: signal handlers, other threads. The second time nobody is waited for."""
        self._stops_asked += 1
        self._wake_out.send(b"!")

    # -- starting --------------------------------------------------------------------------------

    def _start(self) -> None:
        self._selector.register(self._wake_in, selectors.EVENT_READ)
        found = {run_file.name: run_file for run_file in read_run_files(self._run_folder)}
        for child in self._children:
            run_file = found.pop(child.role.name, None)
            if run_file is not None:
                self._adopt(child, run_file)
        self._stop_strangers(list(found.values()))
        self._sockets = bind_all(self._addresses, self._fetch())
        for child in self._children:
            if not child.is_running:
                self._spawn(child)
        self._on_started([self._address(number) for number in range(len(self._sockets))])

    def _address(self, number: int) -> Address:
        host, port = self._sockets[number].getsockname()[:2]
        return Address(host, port, self._addresses[number].transport)

    def _adopt(self, child: _Child, run_file: RunFile) -> None:
        child.restarts = Restarts(run_file.restarts)
        try:
            pidfd = os.pidfd_open(run_file.pid)
        except OSError:
            return
        # Only now that the pidfd holds the process can the check not be overtaken.
        if not run_file.is_alive:
            os.close(pidfd)
            return
        self._watch_child(child, run_file, pidfd)
        log.info("%s: adopted, pid %d", child.role.name, run_file.pid)

    def _stop_strangers(self, run_files: list[RunFile]) -> None:
        """Roles of an earlier configuration."""
        for run_file in run_files:
            stranger = _Child(Role(run_file.name, ()))
            self._adopt(stranger, run_file)
            self._stop(stranger)
            (self._run_folder / f"{run_file.name}.json").unlink(missing_ok=True)

    def _fetch(self) -> list[socket.socket]:
        """A core that was adopted while it was still starting needs a moment to share."""
        holders = [c for c in self._children if c.role.needs_sip_sockets and c.is_running]
        until = monotonic_s() + self._grace_s
        while holders and self._addresses and monotonic_s() < until:
            if sockets := fetch_sockets(self._run_folder / SOCKET_NAME):
                return sockets
            self._watch(0.1)
            holders = [child for child in holders if child.is_running]
        return []

    def _spawn(self, child: _Child) -> None:
        child.again_at = None
        try:
            child.popen = self._open_process(child.role)
        except OSError as error:
            log.error("%s: cannot be started: %s", child.role.name, error)
            child.again_at = monotonic_s() + child.restarts.pause_s(ran_s=0.0)
            return
        pid = child.popen.pid
        run_file = new_run_file(child.role.name, pid, child.restarts.total)
        self._watch_child(child, run_file, os.pidfd_open(pid))
        log.info("%s: started, pid %d", child.role.name, pid)
        try:
            run_file.write(self._run_folder)
            _lower_priority(pid, child.role.niceness)
        except OSError as error:
            # A full disk must not end the parent; only an adoption would miss this child.
            log.error("%s: runs, but: %s", child.role.name, error)

    def _open_process(self, role: Role) -> "subprocess.Popen[bytes]":
        descriptors = [s.fileno() for s in self._sockets] if role.needs_sip_sockets else []
        with open_log(self._log_folder, role.name) as output:
            return subprocess.Popen(
                role.argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                pass_fds=descriptors,
                env={**os.environ, FDS_VARIABLE: ",".join(map(str, descriptors))},
            )

    def _watch_child(self, child: _Child, run_file: RunFile, pidfd: int) -> None:
        child.run_file, child.pidfd = run_file, pidfd
        self._selector.register(pidfd, selectors.EVENT_READ, child)

    # -- watching --------------------------------------------------------------------------------

    def _watch(self, timeout_s: float | None) -> None:
        for key, _ in self._selector.select(timeout_s):
            if key.data is None:
                self._wake_in.recv(64)
            else:
                self._ended(key.data)
        if self._echo is not None:
            self._echo.repeat()

    def _ended(self, child: _Child) -> None:
        assert child.run_file is not None
        self._selector.unregister(child.pidfd)
        os.close(child.pidfd)
        child.pidfd = -1
        code = child.popen.wait() if child.popen is not None else None
        child.popen = None
        ran_s = (utc_now() - datetime.fromisoformat(child.run_file.since)).total_seconds()
        log.info("%s: pid %d %s", child.role.name, child.run_file.pid, _how(code))
        if not self._stops_asked:
            child.again_at = monotonic_s() + child.restarts.pause_s(ran_s)

    def _start_due(self) -> None:
        for child in self._children:
            if child.again_at is not None and child.again_at <= monotonic_s():
                self._spawn(child)

    def _next_timeout_s(self) -> float | None:
        waits = [c.again_at - monotonic_s() for c in self._children if c.again_at is not None]
        if self._echo is not None:
            waits.append(ECHO_EVERY_S)
        return max(0.0, min(waits)) if waits else None

    # -- stopping --------------------------------------------------------------------------------

    def _stop_all(self) -> None:
        for child in reversed(self._children):
            self._stop(child)
            (self._run_folder / f"{child.role.name}.json").unlink(missing_ok=True)

    def _stop(self, child: _Child) -> None:
        self._signal(child, signal.SIGTERM)
        until = monotonic_s() + self._grace_s
        while child.is_running and monotonic_s() < until and self._stops_asked < 2:
            self._watch(until - monotonic_s())
        if child.is_running:
            log.warning("%s: does not end, is killed", child.role.name)
        self._signal(child, signal.SIGKILL)
        while child.is_running:
            self._watch(None)

    def _signal(self, child: _Child, number: signal.Signals) -> None:
        if child.is_running:
            signal.pidfd_send_signal(child.pidfd, number)

    def _close(self) -> None:
        for child in self._children:
            if child.is_running:
                self._selector.unregister(child.pidfd)
                os.close(child.pidfd)
        for listener in self._sockets:
            listener.close()
        self._selector.close()
        self._wake_in.close()
        self._wake_out.close()

    # -- signals ---------------------------------------------------------------------------------

    def _take_signals(self) -> "dict[signal.Signals, signal._HANDLER]":
        """A closed terminal (SIGHUP) ends the house too, unless it was started with nohup."""
        numbers = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]
        wanted = [n for n in numbers if signal.getsignal(n) is not signal.SIG_IGN]
        return {number: signal.signal(number, self._on_signal) for number in wanted}

    def _give_signals_back(self, before: "dict[signal.Signals, signal._HANDLER]") -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.request_stop()


def _lower_priority(pid: int, niceness: int) -> None:
    """Relative to our own, as nice(1) does it."""
    if niceness:
        os.setpriority(os.PRIO_PROCESS, pid, os.getpriority(os.PRIO_PROCESS, 0) + niceness)


def _how(code: int | None) -> str:
    if code is None:
        return "ended"
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"


def _lock(path: Path) -> FileIO:
    """Not inherited by children, so it is free the moment the parent is dead."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = FileIO(path, "a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = path.read_text(encoding="utf-8").strip()
        file.close()
        raise Conflict(
            f"the centre in {path.parents[2]} is already served by pid {owner}"
        ) from None
    file.truncate(0)
    file.write(str(os.getpid()).encode())
    return file
