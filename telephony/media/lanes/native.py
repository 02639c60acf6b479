"""The C loop's library: compiled when it is first asked for, kept in a folder of the centre's own.

Nothing needs it. Without a compiler, or when anything else is wrong with it, `load` gives the
reason and the Python loop serves, which does the same for twice the CPU time.
"""

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
from pathlib import Path
from typing import TypeAlias

from foundation.errors import CallCentreError
from telephony.media.lanes.lanes import LAYOUT

SOURCE = Path(__file__).with_name("lanes.c")
FLAGS = ("-O2", "-fPIC", "-shared", "-ffp-contract=off")
"The last: jitter is to be the same number as Python's."
COMPILERS = ("cc", "gcc", "clang")
COMPILE_WITHIN_S = 30
Library: TypeAlias = ctypes.CDLL


class NoLibrary(CallCentreError):
    """The C loop cannot be had here; the sentence says why."""


def find_compiler() -> str | None:
    return next((path for name in COMPILERS if (path := shutil.which(name))), None)


def load(folder: Path) -> Library:
    """The library, compiled into the folder unless this very source has been already."""
    path = folder / _name()
    if not path.exists():
        _compile(path)
    try:
        library = ctypes.CDLL(str(path))
    except OSError as error:
        raise NoLibrary(f"{path} cannot be loaded: {error}") from None
    return _declared(library, path)


def _name() -> str:
    about = SOURCE.read_bytes() + " ".join((*FLAGS, platform.machine())).encode()
    return f"lanes-{hashlib.sha256(about).hexdigest()[:16]}.so"


def _compile(path: Path) -> None:
    compiler = find_compiler()
    if compiler is None:
        raise NoLibrary("there is no C compiler (Debian: gcc and libc6-dev)")
    # Several workers may start at once: each compiles for itself, the last one's stays.
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        words = [compiler, *FLAGS, "-o", str(unfinished), str(SOURCE), "-lm"]
        subprocess.run(words, check=True, capture_output=True, timeout=COMPILE_WITHIN_S)
        unfinished.replace(path)
    except subprocess.CalledProcessError as error:
        says = error.stderr.decode(errors="replace")[:300]
        raise NoLibrary(f"{compiler} cannot compile {SOURCE.name}: {says}") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoLibrary(f"{SOURCE.name} cannot be compiled into {path.parent}: {error}") from None
    finally:
        unfinished.unlink(missing_ok=True)


def _declared(library: Library, path: Path) -> Library:
    try:
        layout = list((ctypes.c_int64 * len(LAYOUT)).in_dll(library, "lanes_layout"))
    except ValueError as error:
        raise NoLibrary(f"{path} is not the C loop: {error}") from None
    if layout != LAYOUT:
        raise NoLibrary(f"{path} lays out its memory as {layout} and not as {LAYOUT}")
    library.lane_take.argtypes = [
        *(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int),
        *(ctypes.c_uint32, ctypes.c_uint16, ctypes.c_double),
    ]
    for function in (library.lanes_watch, library.lanes_unwatch):
        function.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    library.lanes_drain.argtypes = [ctypes.c_void_p]
    return library
