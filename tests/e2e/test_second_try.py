"""`tools.second_try` with a real pytest in a folder of little tests, as `make test` runs it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parent.parent.parent
SETTINGS = '[pytest]\nmarkers =\n  e2e: ""\naddopts = --strict-markers -p xdist\n'
TESTS = """
import os
from pathlib import Path
import pytest

@pytest.mark.e2e
def test_that_passes_the_second_time():
    been_here = Path("been_here")
    was_here = been_here.exists()
    been_here.touch()
    assert was_here

@pytest.mark.e2e
def test_that_is_broken():
    raise ValueError("broken for ever")

@pytest.fixture
def door():
    yield
    been_here = Path("been_at_the_door")
    was_here = been_here.exists()
    been_here.touch()
    assert was_here

@pytest.mark.e2e
def test_that_fails_at_its_end(door):
    pass

@pytest.mark.e2e
def test_that_kills_its_worker():
    os._exit(7)

def test_without_sockets():
    assert not Path("stage_1").exists()

def test_that_passes():
    pass

def test_of_the_priority():
    assert os.nice(0) >= 10

def test_that_is_left():
    pass
"""


def second_try(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    (folder / "pytest.ini").write_text(SETTINGS)
    (folder / "test_little.py").write_text(TESTS)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(
        [sys.executable, "-m", "tools.second_try", *words],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_two_that_pass_when_alone_are_named_and_the_run_passes(tmp_path: Path) -> None:
    run = second_try(
        tmp_path, "-n", "1", "-k", "passes or end", "--", "-n", "0", "-k", "that_passes"
    )
    assert run.returncode == 0, run.stdout
    last = run.stdout.partition("PASSED ONLY AT THE SECOND TRY: 2")[2]
    assert "test_little.py::test_that_passes_the_second_time\n" in last
    assert "test_little.py::test_that_fails_at_its_end\n" in last


def test_one_beside_another_gives_way_to_it_and_is_tried_again_as_any(tmp_path: Path) -> None:
    beside = ("-n", "1", "-k", "at_its_end or priority")
    run = second_try(tmp_path, *beside, "beside", "-n", "0", "-k", "that_is_left")
    assert run.returncode == 0, run.stdout
    last = run.stdout.partition("PASSED ONLY AT THE SECOND TRY: 1")[2]
    assert "test_little.py::test_that_fails_at_its_end\n" in last


def test_what_is_broken_fails_the_run_after_the_last_stage(tmp_path: Path) -> None:
    run = second_try(tmp_path, "-n", "0", "-k", "broken", "--", "-n", "0", "-k", "that_passes")
    assert run.returncode == 1
    last = run.stdout.partition("FAILED TWICE: 1")[2]
    assert "test_little.py::test_that_is_broken\n" in last
    assert "broken for ever" in last


def test_a_test_without_a_mark_is_not_tried_again(tmp_path: Path) -> None:
    (tmp_path / "stage_1").touch()
    run = second_try(tmp_path, "-n", "0", "-k", "without_sockets or the_second_time")
    assert run.returncode == 1
    assert "FAILED, AND NOT TRIED AGAIN: 2" in run.stdout


def test_a_worker_that_dies_fails_the_run(tmp_path: Path) -> None:
    run = second_try(tmp_path, "-n", "1", "-k", "kills or that_passes")
    assert run.returncode == 1
    assert "FAILED, AND NOT TRIED AGAIN" in run.stdout


def test_a_file_that_cannot_be_imported_fails_the_run(tmp_path: Path) -> None:
    (tmp_path / "test_torn.py").write_text("import nowhere_at_all\n")
    run = second_try(tmp_path, "-n", "0")
    assert run.returncode == 2
    assert "test_torn.py" in run.stdout.partition("FAILED, AND NOT TRIED AGAIN")[2]


def test_a_stage_without_tests_fails_the_run(tmp_path: Path) -> None:
    assert second_try(tmp_path, "-n", "0", "-k", "no_such").returncode == 5
