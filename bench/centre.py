"""A whole centre under test: its folder written, its processes started, found and ended."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import yaml

from bench.machine import cpu_s, family, folder_until_exit
from callcenter.supervise import status

READY_WITHIN_S = 60.0
FLOW = {
    "languages": ["en"],
    "start": "choices",
    "prompts": {"choices": {"en": "Welcome. This call is recorded. For orders press 1."}},
    "nodes": {
        "choices": {
            "do": "menu", "prompt": "choices", "keys": {"1": "orders"}, "default": "orders",
        },
        "orders": {"do": "queue", "queue": "orders"},
    },
}  # fmt: skip
Flows: TypeAlias = Mapping[str, object]
FLOWS: Flows = {"main": FLOW}


class NotReady(Exception):
    """The centre did not come up; the message is the end of its log."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Free when asked for; the media range lies below the kernel's own ephemeral ports."""

    sip: int
    http: int
    media: tuple[int, int] = (20000, 23999)


def free_ports() -> Ports:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sip, socket.socket() as http:
        sip.bind(("127.0.0.1", 0))
        http.bind(("127.0.0.1", 0))
        return Ports(sip.getsockname()[1], http.getsockname()[1])


def configuration(
    ports: Ports, agents: int, loop: str = "python", flows: Iterable[str] = ("main",)
) -> dict[str, object]:
    """Recorded, not transcribed, not announced: what the load generator can measure."""
    return {
        "sip": {"listen": [f"udp:127.0.0.1:{ports.sip}"], "domain": "127.0.0.1"},
        "http": {"listen": f"127.0.0.1:{ports.http}"},
        "media": {
            "address": "127.0.0.1",
            "ports": list(ports.media),
            # On a small machine the limit is what is to be found out, so it is not to be set here.
            "limits": {"busy": 1.0, "legs": 4000},
            "loop": loop,
        },
        "recordings": {"transcribe": False, "archive": "none"},
        "auto_ready": True,
        "lines": [{"number": str(8000 + n), "flow": name} for n, name in enumerate(flows)],
        "agents": [
            {
                "id": f"agent{n:04d}", "name": f"Agent {n}", "sip_password": f"pw{n:04d}",
                "number": str(1000 + n), "skills": {"orders": 1},
            }
            for n in range(1, agents + 1)
        ],
        "queues": {
            "orders": {
                "skills": {"orders": 1}, "wrap_up_s": 0, "ring_s": 30, "announce_agent": False,
                "announce_position_every_s": 0,
            }
        },
    }  # fmt: skip


def write(
    folder: Path, ports: Ports, agents: int, loop: str = "python", flows: Flows = FLOWS
) -> None:
    (folder / "flows").mkdir(parents=True)
    wanted = configuration(ports, agents, loop, flows)
    dumped = yaml.safe_dump(wanted, sort_keys=False, allow_unicode=True)
    (folder / "callcenter.yaml").write_text(dumped, encoding="utf-8")
    for name, flow in flows.items():
        written = yaml.safe_dump(flow, sort_keys=False, allow_unicode=True)
        (folder / "flows" / f"{name}.yaml").write_text(written, encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Centre:
    """A running centre; `pid` is the parent's."""

    folder: Path
    ports: Ports
    pid: int

    @property
    def sip(self) -> str:
        return f"127.0.0.1:{self.ports.sip}"

    def pids(self) -> list[int]:
        """All roles: everything the parent has started."""
        return family(self.pid)

    def roles(self) -> dict[str, int]:
        """Process ids of what grows or does not: media's worker and core, by name."""
        modules = {"media": b"telephony.media.worker", "core": b"callcenter.roles\0core"}
        lines = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in self.pids()}
        return {
            name: pid
            for name, module in modules.items()
            for pid, line in lines.items()
            if module in line
        }

    def cpu_ms(self) -> dict[str, float]:
        """Of the processor, used until now: by core, media and web, and by all others as one."""
        used = dict.fromkeys(("core", "media", "web", "others"), 0.0)
        modules = {b"roles\0core": "core", b"media.worker": "media", b"roles\0web": "web"}
        for pid in self.pids():
            line = Path(f"/proc/{pid}/cmdline").read_bytes()
            name = next((name for module, name in modules.items() if module in line), "others")
            used[name] += 1000 * cpu_s(pid)
        return used

    def kill(self, role: str) -> int:
        """SIGKILL; the process id that is no more."""
        [pid] = [one.pid for one in status(self.folder) if one.name == role and one.is_running]
        os.kill(pid, signal.SIGKILL)
        return pid

    def recordings(self) -> list[Path]:
        return sorted((self.folder / "data" / "recordings").rglob("*.wav"))


@contextmanager
def running(agents: int, loop: str = "python", flows: Flows = FLOWS) -> Iterator[Centre]:
    """A centre with so many agents in a folder of its own, gone when we end; its lines are 8000 and
    on, one for each flow."""
    folder = folder_until_exit("callcenter-bench-")
    ports = free_ports()
    write(folder, ports, agents, loop, flows)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    with (folder / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "callcenter", "serve", str(folder)],
            stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=environment,
            start_new_session=True,
        )  # fmt: skip
    try:
        _wait_until_ready(process, ports, folder / "serve.log")
        yield Centre(folder, ports, process.pid)
    finally:
        _end(process)


def _wait_until_ready(process: subprocess.Popen[bytes], ports: Ports, log: Path) -> None:
    until = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{ports.http}/readyz", timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise NotReady(f"the centre is not ready; its log ends:\n{log.read_text()[-3000:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM to the parent; whoever of its children is left after 15 s is killed."""
    children = family(process.pid) if process.poll() is None else []
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pid in children:
        if _is_ours(pid):
            os.kill(pid, signal.SIGKILL)


def _is_ours(pid: int) -> bool:
    """The number may belong to somebody else by now."""
    try:
        return b"callcenter" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return False
