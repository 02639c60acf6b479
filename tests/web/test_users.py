"""Passwords, and users in the database."""

from pathlib import Path

import pytest
from argon2 import PasswordHasher

from foundation.db import make_engine
from foundation.errors import Conflict, NotFound, Unavailable
from foundation.web.store import UserStore
from foundation.web.users import NOBODY, Passwords, Role, User, WeakPassword, check_password_rules
from tests.support.web_house import CHEAP, PASSWORD, user_store


@pytest.mark.parametrize(
    "password", ["", "short", "nine char", "aaaaaaaaaaaa", "Supervisor1", "x1y2" * 65]
)
def test_weak_password_is_refused(password: str) -> None:
    with pytest.raises(WeakPassword):
        check_password_rules(password, "supervisor1")


@pytest.mark.parametrize("password", ["ten chars!", "正确的马电池订书钉很长", PASSWORD])
def test_long_password_is_taken(password: str) -> None:
    check_password_rules(password, "supervisor1")


def test_password_is_kept_as_argon2id_and_verified() -> None:
    user = User("sue", Role.SUPERVISOR, CHEAP.hash(PASSWORD))

    assert user.password_hash.startswith("$argon2id$")
    assert CHEAP.is_right(user, PASSWORD)
    assert not CHEAP.is_right(user, PASSWORD + "!")


def test_nobodys_password_is_never_right() -> None:
    assert not CHEAP.is_right(None, "nobody has this password")
    assert not Passwords().is_right(None, PASSWORD)


def test_nobodys_hash_is_as_dear_as_everybodys() -> None:
    assert not PasswordHasher().check_needs_rehash(NOBODY)


def test_damaged_hash_is_never_right() -> None:
    assert not CHEAP.is_right(User("sue", Role.SUPERVISOR, "not a hash"), PASSWORD)


def test_administrator_may_act_as_anybody_and_others_as_themselves() -> None:
    assert User("a", Role.ADMINISTRATOR, "").may_act_as(Role.SUPERVISOR)
    assert User("b", Role.SUPERVISOR, "").may_act_as(Role.SUPERVISOR, Role.TEAM_LEAD)
    assert not User("c", Role.AGENT, "").may_act_as(Role.SUPERVISOR)


async def test_user_is_added_changed_and_removed(tmp_path: Path) -> None:
    async with user_store(tmp_path) as users:
        await users.add(User("eve", Role.INSPECTOR, "h1"))
        await users.change(User("eve", Role.TEAM_LEAD, "h2", "agent7"))
        assert await users.find("eve") == User("eve", Role.TEAM_LEAD, "h2", "agent7")
        assert [user.user_id for user in await users.all()] == [
            "ann",
            "eve",
            "lea",
            "root",
            "sue",
            "tom",
        ]

        await users.remove("eve")
        assert await users.find("eve") is None


async def test_second_user_of_the_same_name_is_a_conflict(tmp_path: Path) -> None:
    async with user_store(tmp_path) as users:
        with pytest.raises(Conflict, match="sue"):
            await users.add(User("sue", Role.AGENT, "h"))


async def test_unknown_user_cannot_be_changed_or_removed(tmp_path: Path) -> None:
    async with user_store(tmp_path) as users:
        with pytest.raises(NotFound):
            await users.change(User("eve", Role.AGENT, "h"))
        with pytest.raises(NotFound):
            await users.remove("eve")


async def test_unreadable_database_is_unavailable(tmp_path: Path) -> None:
    file = tmp_path / "users.db"
    file.write_bytes(b"this is no database, it is a text of some length" * 50)
    engine = make_engine(f"sqlite:///{file}")
    try:
        with pytest.raises(Unavailable):
            await UserStore(engine).check()
    finally:
        await engine.dispose()
