"""`callcenter queue …` where there is no core to ask; with one: tests/e2e/test_core_line.py."""

from pathlib import Path

import pytest

from callcenter.commands.queue import fields_of
from tests.support.centres import run_command, write_centre

COMMANDS = [
    ("list",),
    ("add", "night", "name=Night shift", "skills={orders: 2}"),
    ("change", "night", "ring_s=20"),
    ("remove", "night", "--move-to", "orders"),
    ("remove", "night", "--when-empty"),
]


@pytest.mark.parametrize("words", COMMANDS)
def test_without_a_running_core_it_says_what_to_do(tmp_path: Path, words: tuple[str, ...]) -> None:
    result = run_command("queue", *words, "--dir", write_centre(tmp_path))

    assert result.exit_code == 1
    assert "core does not listen" in result.stderr


def test_fields_are_those_of_the_configuration() -> None:
    words = ["name=Night shift", "skills={orders: 2}", "closed=true", "ring_s=9", "survey="]
    assert fields_of(words) == {
        "name": "Night shift",
        "skills": {"orders": 2},
        "closed": True,
        "ring_s": 9,
        "survey": None,
    }


@pytest.mark.parametrize("word", ["ring_s", "=9", "skills={orders"])
def test_what_is_no_field_is_refused(tmp_path: Path, word: str) -> None:
    result = run_command("queue", "change", "night", word, "--dir", write_centre(tmp_path))
    assert result.exit_code == 2
    assert word in result.stderr
