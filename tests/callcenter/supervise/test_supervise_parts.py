"""The parts of the supervision that need no process of their own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from callcenter.supervise.logs import KEEP, ROTATE_AT_BYTES, Echo, open_log
from callcenter.supervise.restarts import PAUSES_S, SETTLED_S, Restarts
from callcenter.supervise.roles import new_run_file, read_run_files
from foundation.clock import boot_id

HEAVY = {"sqlalchemy", "fastapi", "numpy", "msgspec", "pydantic", "yaml", "rich", "typer"}


def test_the_parent_imports_nothing_heavy() -> None:
    program = "import callcenter.supervise, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert HEAVY & set(done.stdout.split()) == set()


def test_a_role_is_started_again_at_once_and_then_ever_later() -> None:
    restarts = Restarts()

    pauses = [restarts.pause_s(ran_s=0.1) for _ in range(len(PAUSES_S) + 2)]

    assert pauses == [*PAUSES_S, PAUSES_S[-1], PAUSES_S[-1]]
    assert restarts.total == len(PAUSES_S) + 2


def test_a_role_that_ran_for_a_while_is_started_again_at_once() -> None:
    restarts = Restarts()
    for _ in range(5):
        restarts.pause_s(ran_s=0.1)

    assert restarts.pause_s(ran_s=SETTLED_S) == 0.0


def test_a_run_file_knows_its_process_by_start_time_and_boot(tmp_path: Path) -> None:
    new_run_file("core", os.getpid(), restarts=2).write(tmp_path)
    (run_file,) = read_run_files(tmp_path)
    assert run_file.is_alive

    content = json.loads((tmp_path / "core.json").read_text())
    for key, other in (("start_ticks", 1), ("boot_id", boot_id()[::-1]), ("pid", 2**22 + 1)):
        (tmp_path / "core.json").write_text(json.dumps({**content, key: other}))
        assert not read_run_files(tmp_path)[0].is_alive


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff", b'{"name": "core"}'])
def test_a_broken_run_file_is_as_good_as_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "core.json").write_bytes(content)

    assert read_run_files(tmp_path) == []


def test_a_big_log_is_moved_aside_and_the_oldest_is_dropped(tmp_path: Path) -> None:
    for number in range(KEEP + 2):
        with open_log(tmp_path, "core") as log:
            log.write(f"start {number}".encode())
            log.truncate(ROTATE_AT_BYTES + 1)

    names = sorted(file.name for file in tmp_path.iterdir())
    assert names == ["core.log", *(f"core.log.{n}" for n in range(1, KEEP + 1))]
    newest = [(tmp_path / name).read_bytes()[:7].decode() for name in names]
    assert newest == [f"start {KEEP + 1 - n}" for n in range(KEEP + 1)]


def test_a_small_log_is_continued(tmp_path: Path) -> None:
    for word in (b"one ", b"two"):
        with open_log(tmp_path, "core") as log:
            log.write(word)

    assert (tmp_path / "core.log").read_bytes() == b"one two"


def test_the_terminal_hears_only_what_is_new(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "core.log").write_text("old\n")
    echo = Echo(tmp_path)
    with open_log(tmp_path, "core") as log:
        log.write(b"new\n")
    (tmp_path / "web.log").write_text("first\n")

    echo.repeat()
    echo.repeat()

    assert capfd.readouterr().err == "new\nfirst\n"
