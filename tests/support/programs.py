"""Phone programs of Debian's: run when they are here, one clear line when they are not."""

import random
import shutil
import socket
from contextlib import suppress
from pathlib import Path

import pytest


def need_program(program: str, package: str) -> Path:
    """The program's path, or skip the test with a line that says what to install."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not here (Debian: {package})")
    return Path(found)


def find_free_port() -> int:
    """A port that is free on 127.0.0.1 for UDP and TCP, for programs that cannot take port 0.

    Below those that the kernel gives away by itself: such a one may be a connection's in between.
    """
    while True:
        port = random.randrange(10_000, 19_000)
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
            socket.socket() as tcp,
            suppress(OSError),
        ):
            udp.bind(("127.0.0.1", port))
            tcp.bind(("127.0.0.1", port))
            return port
