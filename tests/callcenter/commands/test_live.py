"""`callcenter live …`, `reload` where no core is; with one: tests/e2e/test_floor_live.py."""

from pathlib import Path

from callcenter.changes import live_file
from callcenter.changes.live_file import LiveAgent, LiveFile
from callcenter.configuration.settings import load
from tests.support.centres import run_command, write_centre


def test_live_changes_are_shown_and_undone_without_a_core(tmp_path: Path) -> None:
    path = live_file.path_of(load(write_centre(tmp_path)))
    live_file.write(path, LiveFile().with_agent("eva", LiveAgent(skills={"orders": 5})))

    shown = run_command("live", "show", "--dir", tmp_path)
    assert "orders: 5" in shown.stdout
    assert "live.yaml goes before what is written of eva" in run_command("check", tmp_path).stdout

    undone = run_command("live", "reset", "--dir", tmp_path)
    assert (undone.exit_code, undone.stdout) == (0, "Done; the centre does not run.\n")
    assert run_command("live", "show", "--dir", tmp_path).stdout == "Nothing was changed live.\n"


def test_live_file_that_cannot_be_used_is_a_warning_of_check(tmp_path: Path) -> None:
    path = live_file.path_of(load(write_centre(tmp_path)))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("version: 2\n", encoding="utf-8")
    result = run_command("check", tmp_path)

    assert result.exit_code == 0
    assert "live.yaml, left out at the next start: live.yaml:1: version" in result.stdout
    assert run_command("live", "show", "--dir", tmp_path).exit_code == 1


def test_reload_without_a_running_core_says_what_to_do(tmp_path: Path) -> None:
    result = run_command("reload", write_centre(tmp_path))

    assert result.exit_code == 1
    assert f"Is the centre running? callcenter serve {tmp_path}" in result.stderr
