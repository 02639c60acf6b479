"""`init` writes a centre that `check` finds in order."""

from pathlib import Path

import pytest
import typer
from argon2 import PasswordHasher
from typer.testing import CliRunner

from callcenter.commands.check import check
from callcenter.commands.init import init_command
from callcenter.configuration.settings import load
from ivr.language.nodes import Menu


class FirstUsers:
    """Keeps who was created."""

    def __init__(self) -> None:
        self.made: list[tuple[Path, str, str]] = []

    def create(self, folder: Path, name: str, password_hash: str) -> None:
        self.made.append((folder, name, password_hash))


@pytest.fixture
def users() -> FirstUsers:
    return FirstUsers()


@pytest.fixture
def app(users: FirstUsers) -> typer.Typer:
    app = typer.Typer()
    app.command("init")(init_command(users.create))
    app.command("check")(check)
    return app


def run(app: typer.Typer, *words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(words))
    return result.exit_code, result.output


def test_starter_centre_passes_check(app: typer.Typer, tmp_path: Path) -> None:
    assert run(app, "init", str(tmp_path / "centre"))[0] == 0
    code, output = run(app, "check", str(tmp_path / "centre"))
    assert code == 0, output
    assert "The configuration is in order." in output
    assert "a warning" not in output


def test_every_agent_gets_a_password_of_its_own(app: typer.Typer, tmp_path: Path) -> None:
    for name in ("one", "two"):
        run(app, "init", str(tmp_path / name))
    passwords = [
        agent.sip_password.get_secret_value()
        for name in ("one", "two")
        for agent in load(tmp_path / name).agents
    ]
    assert len(passwords) >= 4
    assert len(set(passwords)) == len(passwords)
    assert all(len(password) == 16 for password in passwords)
    assert (tmp_path / "one" / "callcenter.yaml").stat().st_mode & 0o077 == 0


def test_first_supervisors_password_is_shown_and_only_its_hash_is_kept(
    app: typer.Typer, users: FirstUsers, tmp_path: Path
) -> None:
    _, output = run(app, "init", str(tmp_path / "centre"))
    [(folder, name, password_hash)] = users.made
    shown = output.split("password ")[1].split()[0]
    assert (folder, name) == (tmp_path / "centre", "supervisor")
    assert PasswordHasher().verify(password_hash, shown)
    kept = [file.read_text() for file in (tmp_path / "centre").rglob("*") if file.is_file()]
    assert not any(shown in text for text in kept)


def test_folder_in_use_is_left_alone(app: typer.Typer, users: FirstUsers, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    code, output = run(app, "init", str(tmp_path))
    assert code == 1
    assert "is not an empty folder; nothing was written" in output
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]
    assert users.made == []


def test_starter_flow_leads_key_1_to_orders_and_test_line_to_an_echo(
    app: typer.Typer, tmp_path: Path
) -> None:
    run(app, "init", str(tmp_path / "centre"))
    settings = load(tmp_path / "centre")
    assert {line.number: line.flow for line in settings.lines} == {"8000": "main", "9196": "echo"}
    assert set(settings.flows) == {"main", "echo", "matters", "survey"}
    choices = settings.flows["main"].nodes["choices"]
    assert isinstance(choices, Menu)
    assert {choices.keys["1"], choices.keys["2"]} == {"orders", "support"}
    assert set(settings.prompt_words["greeting"]) == {"en", "zh"}
    assert "recorded" in settings.prompt_words["greeting"]["en"]
    assert "录音" in settings.prompt_words["greeting"]["zh"]


def test_check_tells_all_problems_and_fails(app: typer.Typer, tmp_path: Path) -> None:
    (tmp_path / "callcenter.yaml").write_text("timezon: UTC\nsip: {listen: [x]}\n")
    code, output = run(app, "check", str(tmp_path))
    assert code == 1
    assert "callcenter.yaml:1: timezon: unknown key 'timezon'; did you mean 'timezone'?" in output
    assert "callcenter.yaml:2: sip.listen[0]: 'x': write transport:address:port" in output
    assert "2 problems" in output


def test_check_tells_warnings_and_passes(app: typer.Typer, tmp_path: Path) -> None:
    (tmp_path / "callcenter.yaml").write_text("timezone: UTC\n")
    code, output = run(app, "check", str(tmp_path))
    assert code == 0
    assert "no number leads in" in output


def test_check_tells_recordings_that_cannot_be_played(app: typer.Typer, tmp_path: Path) -> None:
    run(app, "init", str(tmp_path / "centre"))
    (tmp_path / "centre" / "prompts" / "greeting.wav").write_bytes(b"ID3 this is an mp3")
    code, output = run(app, "check", str(tmp_path / "centre"))
    assert code == 1
    assert "greeting.wav: is not a PCM WAV file" in output
