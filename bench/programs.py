"""The C programs of the bench, compiled when first needed."""

import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
BUILD = HERE / ".build"
SOURCES = {
    "hotline_load": HERE / "loadgen" / "hotline_load.c",
    "floor_relay": HERE / "floor_relay.c",
}


class NoCompiler(Exception):
    """There is no C compiler here."""


def compiled(program: str) -> Path:
    """The program's path; compiled again when its source is newer."""
    source, target = SOURCES[program], BUILD / program
    if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
        return target
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise NoCompiler(f"{program} needs a C compiler (Debian: gcc libc6-dev)")
    BUILD.mkdir(exist_ok=True)
    subprocess.run([compiler, "-O2", "-Wall", "-Wextra", "-o", target, source, "-lm"], check=True)
    return target
