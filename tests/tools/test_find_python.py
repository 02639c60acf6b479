"""Which interpreter an environment is made of; interpreters here are scripts that tell a time."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "tools" / "find_python.sh"

INTERPRETER = """#!/bin/sh
case $1 in -c) exit {fits} ;; *) echo {loop_us} ;; esac
"""


def interpreter(at: Path, loop_us: int, *, fits: bool = True) -> Path:
    at.write_text(INTERPRETER.format(fits=0 if fits else 1, loop_us=loop_us))
    at.chmod(0o755)
    return at


def found(folder: Path, own: Path) -> str:
    """What the script says: `folder` is first in the PATH, `own` the system's interpreter."""
    environment = {"PATH": f"{folder}:{os.environ['PATH']}", "SYSTEM_PYTHON": str(own)}
    told = subprocess.run([SCRIPT], env=environment, capture_output=True, text=True, check=True)
    return told.stdout.strip()


@pytest.mark.parametrize("loop_us", [1000, 900, 851])
def test_the_usual_one_stays_when_the_systems_is_hardly_faster(
    tmp_path: Path, loop_us: int
) -> None:
    interpreter(tmp_path / "python3", 1000)
    assert found(tmp_path, interpreter(tmp_path / "own", loop_us)) == "python3"


@pytest.mark.parametrize("loop_us", [849, 500])
def test_the_systems_is_taken_when_it_is_much_faster(tmp_path: Path, loop_us: int) -> None:
    interpreter(tmp_path / "python3", 1000)
    own = interpreter(tmp_path / "own", loop_us)
    assert found(tmp_path, own) == str(own)


def test_one_of_another_version_or_without_venv_is_not_taken(tmp_path: Path) -> None:
    interpreter(tmp_path / "python3", 1000)
    assert found(tmp_path, interpreter(tmp_path / "own", 100, fits=False)) == "python3"


def test_the_systems_is_taken_when_the_usual_one_does_not_fit(tmp_path: Path) -> None:
    interpreter(tmp_path / "python3", 100, fits=False)
    own = interpreter(tmp_path / "own", 1000)
    assert found(tmp_path, own) == str(own)


def test_with_none_that_fits_the_usual_one_is_named_and_refused_later(tmp_path: Path) -> None:
    interpreter(tmp_path / "python3", 100, fits=False)
    assert found(tmp_path, tmp_path / "missing") == "python3"
