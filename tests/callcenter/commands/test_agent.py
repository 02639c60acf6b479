"""`callcenter agent …` where there is no core to ask; with one: tests/e2e/test_core_line.py."""

from pathlib import Path

import pytest

from tests.support.centres import run_command, write_centre

COMMANDS = [
    ("list",),
    ("ready", "eva"),
    ("pause", "eva", "--reason", "meal"),
    ("off", "eva"),
    ("add", "eva", "Eva", "1001", "--skill", "orders=5", "--language", "en"),
    ("remove", "eva"),
]


@pytest.mark.parametrize("words", COMMANDS)
def test_without_a_running_core_it_says_what_to_do(tmp_path: Path, words: tuple[str, ...]) -> None:
    result = run_command("agent", *words, "--dir", write_centre(tmp_path))

    assert result.exit_code == 1
    assert "core does not listen" in result.stderr
    assert f"Is the centre running? callcenter serve {tmp_path}" in result.stderr


@pytest.mark.parametrize("words", COMMANDS)
def test_problems_of_the_configuration_are_told_as_sentences(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    write_centre(tmp_path, "timezone: Mars\nauto_redy: true\n")
    result = run_command("agent", *words, "--dir", tmp_path)

    assert result.exit_code == 1
    assert "callcenter.yaml:1: timezone" in result.stderr
    assert "callcenter.yaml:2: auto_redy" in result.stderr


def test_folder_without_a_centre_leads_to_init(tmp_path: Path) -> None:
    result = run_command("agent", "list", "--dir", tmp_path)

    assert result.exit_code == 1
    assert "`callcenter init` writes a starter centre" in result.stderr


def test_skill_without_a_level_is_refused(tmp_path: Path) -> None:
    words = ("add", "eva", "Eva", "1001", "--skill", "orders")
    result = run_command("agent", *words, "--dir", write_centre(tmp_path))

    assert result.exit_code == 2
    assert "orders=5" in result.stderr
