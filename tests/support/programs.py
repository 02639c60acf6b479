"""Phone programs of Debian's: run when they are here, one clear line when they are not."""

import shutil
import socket
from pathlib import Path

import pytest


def need_program(program: str, package: str) -> Path:
    """The program's path, or skip the test with a line that says what to install."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not here (Debian: {package})")
    return Path(found)


def find_free_port() -> int:
    """A UDP port that is free now on 127.0.0.1, for programs that cannot take port 0."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
