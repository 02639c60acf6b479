"""Phone programs of Debian's: run when they are here, one clear line when they are not.

And ports for them and for centres: of a part that no other xdist worker takes ports from, and below
those that the kernel gives away by itself, for such a one may be a connection's in between.
"""

import os
import random
import shutil
import socket
from collections import deque
from contextlib import suppress
from pathlib import Path

import pytest


def need_program(program: str, package: str) -> Path:
    """The program's path, or skip the test with a line that says what to install."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not here (Debian: {package})")
    return Path(found)


WORKERS = 4
"With more of them (`pytest -n 8`) two share a part, and may meet."
PORTS = range(10_000, 19_000)
MEDIA_PORTS = range(24_000, 30_800, 400)
"The first of each 400. Those below are the benches', whose centres some tests use."
AT_ONCE = 3
"Of such parts a process has; a fourth that it asks for is instead of its first."
LINE_PORTS = range(31_000, 32_600, 100)


def part_of(ports: range) -> range:
    """Ours, when several processes test at once; all of them, when we are alone."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None:
        return ports
    length = len(ports) // WORKERS
    first = int(worker.removeprefix("gw")) % WORKERS * length
    return ports[first : first + length]


def find_free_port(beside: int = 0) -> int:
    """A port that is free on 127.0.0.1 for UDP and TCP, for programs that cannot take port 0; the
    same one is not given again soon. `beside`: nor are so many after it, which are free, too."""
    while True:
        first = random.choice(part_of(PORTS))
        ports = range(first, first + 1 + beside)
        if all(port not in _given and _is_free(port) for port in ports):
            _given.extend(ports)
            return first


def find_media_ports() -> tuple[int, int]:
    """First and last of 400 that are free, and that no other process which tests will be given."""
    for first in random.sample(MEDIA_PORTS, len(MEDIA_PORTS)):
        claim = _claim(first)
        if claim is None:
            continue
        if all(_is_free(port) for port in range(first, first + 400)):
            if len(_claims) == AT_ONCE:
                _claims.popleft().close()
            _claims.append(claim)
            return first, first + 399
        claim.close()
    raise AssertionError(f"other programs have ports in all of {MEDIA_PORTS}")


def _claim(first: int) -> socket.socket | None:
    """Ports are taken by the call, long after they were found free. A name among the kernel's
    sockets says whose they are to be, until it is closed or its process has ended."""
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0callcenter-tests-media-{first}")
    except OSError:
        claim.close()
        return None
    return claim


_given: deque[int] = deque(maxlen=1_000)
_claims: deque[socket.socket] = deque()


def _is_free(port: int) -> bool:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        socket.socket() as tcp,
        suppress(OSError),
    ):
        udp.bind(("127.0.0.1", port))
        tcp.bind(("127.0.0.1", port))
        return True
    return False
