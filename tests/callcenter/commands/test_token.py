"""`callcenter token`: made once, listed without its text, revoked."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from callcenter.__main__ import command_line

CENTRE = """
agents: [{id: ann, name: Ann, number: "101", sip_password: s1, skills: {orders: 1}}]
queues: {orders: {skills: {orders: 1}}}
recordings: {transcribe: false}
"""


@pytest.fixture
def folder(tmp_path: Path) -> str:
    (tmp_path / "callcenter.yaml").write_text(CENTRE, encoding="utf-8")
    return str(tmp_path)


def run(folder: str, *words: str) -> tuple[int, str]:
    result = CliRunner().invoke(command_line(["token"]), ["token", *words, "--dir", folder])
    return result.exit_code, result.output


def test_token_is_shown_once_listed_and_revoked(folder: str) -> None:
    code, made = run(folder, "add", "cron", "--role", "inspector")
    token = re.search(r"cc_\S+", made)
    assert (code, token is not None) == (0, True)

    code, listed = run(folder, "list")
    assert (code, "cron" in listed, "inspector" in listed, "cc_" in listed) == (
        0,
        True,
        True,
        False,
    )
    assert run(folder, "add", "cron") == (1, "There is a token 'cron' already.\n")

    assert run(folder, "revoke", "cron") == (0, "cron is revoked.\n")
    assert run(folder, "revoke", "cron") == (1, "There is no token 'cron'.\n")


def test_token_of_an_agent_who_is_not_configured_is_refused(folder: str) -> None:
    code, said = run(folder, "add", "cron", "--role", "team_lead", "--agent", "bob")
    assert (code, "There is no agent 'bob'" in said) == (1, True)
