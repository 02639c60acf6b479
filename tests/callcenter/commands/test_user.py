"""`callcenter user …` on a centre that does not run."""

import asyncio
import re
from pathlib import Path

import pytest

from callcenter.configuration.settings import load
from foundation.db import make_engine
from foundation.web.store import UserStore
from foundation.web.users import Passwords, Role, User
from tests.support.centres import run_command, write_centre
from tests.support.database import put_schema

PASSWORDS = Passwords()


@pytest.fixture
def centre(tmp_path: Path) -> Path:
    """Migrated already: that is half a second of each test."""
    put_schema(load(write_centre(tmp_path)).database_url)
    return tmp_path


def find_user(centre: Path, name: str) -> User | None:
    async def find() -> User | None:
        engine = make_engine(load(centre).database_url)
        try:
            return await UserStore(engine).find(name)
        finally:
            await engine.dispose()

    return asyncio.run(find())


def password_in(output: str) -> str:
    found = re.search(r"password (\S+)", output)
    assert found is not None, output
    return found.group(1)


def test_new_user_may_sign_in_with_the_password_that_is_shown_once(tmp_path: Path) -> None:
    """The first, in a centre that has no database yet."""
    centre = write_centre(tmp_path)
    result = run_command("user", "add", "sue", "--role", "team_lead", "--dir", centre)

    assert result.exit_code == 0, result.output
    password, user = password_in(result.output), find_user(centre, "sue")
    assert user is not None
    assert (user.role, user.agent_id) == (Role.TEAM_LEAD, None)
    assert PASSWORDS.is_right(user, password)
    assert password not in run_command("user", "list", "--dir", centre).output


def test_user_can_be_an_agent(centre: Path) -> None:
    run_command("user", "add", "eva", "--role", "agent", "--agent", "eva", "--dir", centre)

    user = find_user(centre, "eva")
    assert user is not None
    assert user.agent_id == "eva"


def test_name_that_is_taken_is_refused_and_the_first_user_stays(centre: Path) -> None:
    first = password_in(run_command("user", "add", "sue", "--dir", centre).output)
    again = run_command("user", "add", "sue", "--role", "agent", "--dir", centre)

    assert again.exit_code == 1
    assert again.stderr == "There is a user 'sue' already.\n"
    assert "password" not in again.stdout
    user = find_user(centre, "sue")
    assert user is not None
    assert user.role is Role.SUPERVISOR
    assert PASSWORDS.is_right(user, first)


@pytest.mark.parametrize("name", ["", "two words", " sue", "su\x07e"])
def test_name_that_nobody_could_type_is_refused(centre: Path, name: str) -> None:
    result = run_command("user", "add", name, "--dir", centre)

    assert result.exit_code == 1
    assert "is no name for a user" in result.stderr


def test_agent_that_is_not_configured_is_refused_with_the_nearest(centre: Path) -> None:
    result = run_command("user", "add", "sue", "--agent", "evva", "--dir", centre)

    assert result.exit_code == 1
    assert result.stderr == "There is no agent 'evva'; did you mean 'eva'?\n"
    assert find_user(centre, "sue") is None


def test_role_that_does_not_exist_is_refused_with_those_that_do(centre: Path) -> None:
    result = run_command("user", "add", "sue", "--role", "boss", "--dir", centre)

    assert result.exit_code == 2
    assert "supervisor" in result.stderr


def test_list_shows_all_users_with_their_roles(centre: Path) -> None:
    run_command("user", "add", "sue", "--dir", centre)
    run_command("user", "add", "eva", "--role", "agent", "--agent", "eva", "--dir", centre)

    output = run_command("user", "list", "--dir", centre).stdout

    for word in ("sue", "supervisor", "eva", "agent"):
        assert word in output


def test_new_password_ends_the_old_one_and_keeps_role_and_agent(centre: Path) -> None:
    added = run_command("user", "add", "eva", "--role", "agent", "--agent", "eva", "--dir", centre)
    changed = run_command("user", "password", "eva", "--dir", centre)

    user = find_user(centre, "eva")
    assert user is not None
    assert (user.role, user.agent_id) == (Role.AGENT, "eva")
    assert PASSWORDS.is_right(user, password_in(changed.output))
    assert not PASSWORDS.is_right(user, password_in(added.output))


def test_removed_user_is_gone(centre: Path) -> None:
    run_command("user", "add", "sue", "--dir", centre)

    assert run_command("user", "remove", "sue", "--dir", centre).exit_code == 0
    assert find_user(centre, "sue") is None


@pytest.mark.parametrize("what", ["password", "remove"])
def test_user_that_does_not_exist_is_named(centre: Path, what: str) -> None:
    result = run_command("user", what, "nobody", "--dir", centre)

    assert result.exit_code == 1
    assert result.stderr == "There is no user 'nobody'.\n"
    assert result.stdout == ""


@pytest.mark.parametrize("words", [("list",), ("add", "sue"), ("remove", "sue")])
def test_problems_of_the_configuration_are_told_as_sentences(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    write_centre(tmp_path, "timezone: Mars\nauto_redy: true\n")
    result = run_command("user", *words, "--dir", tmp_path)

    assert result.exit_code == 1
    assert "callcenter.yaml:1: timezone" in result.stderr
    assert "callcenter.yaml:2: auto_redy" in result.stderr


def test_database_that_cannot_be_opened_is_told_as_a_sentence(tmp_path: Path) -> None:
    write_centre(tmp_path, "store: {url: 'sqlite:///callcenter.yaml/x.db'}")
    result = run_command("user", "list", "--dir", tmp_path)

    assert result.exit_code == 1
    assert result.stderr.startswith("The database cannot be used: ")


def test_password_may_be_typed_and_is_not_shown(centre: Path) -> None:
    typed = "correct horse battery"
    result = run_command(
        "user", "add", "sue", "--ask", "--dir", centre, typed=f"{typed}\n{typed}\n"
    )

    assert result.exit_code == 0, result.output
    assert typed not in result.output
    assert PASSWORDS.is_right(find_user(centre, "sue"), typed)


@pytest.mark.parametrize("typed", ["short", "aaaaaaaaaaaaaaa"])
def test_weak_password_is_refused_with_the_rule(centre: Path, typed: str) -> None:
    result = run_command(
        "user", "add", "sue", "--ask", "--dir", centre, typed=f"{typed}\n{typed}\n"
    )

    assert result.exit_code == 1
    assert "A password has at least " in result.stderr
    assert find_user(centre, "sue") is None
