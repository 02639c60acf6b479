"""Session cookies: who gets in, and when no more."""

import pytest

from foundation.errors import ConfigurationError
from foundation.web.sessions import Session, SessionOptions, Sessions
from foundation.web.users import Role, User

SUE = User("sue", Role.SUPERVISOR, "hash-1")
SIGNED_IN_S = 1_000_000.0


@pytest.fixture
def sessions() -> Sessions:
    return Sessions(SessionOptions(key=b"k" * 32, lifetime_s=3600))


def _read(sessions: Sessions, cookie: str, after_s: float = 1.0) -> Session | None:
    return sessions.read(cookie, SIGNED_IN_S + after_s)


def test_issued_cookie_is_read_back(sessions: Sessions) -> None:
    session = _read(sessions, sessions.issue(SUE, SIGNED_IN_S))

    assert session is not None
    assert session.user_id == "sue"
    assert sessions.belongs_to(session, SUE)


def test_session_ends_when_its_time_is_over(sessions: Sessions) -> None:
    cookie = sessions.issue(SUE, SIGNED_IN_S)

    assert _read(sessions, cookie, 3599.9) is not None
    assert _read(sessions, cookie, 3600) is None


def test_session_survives_a_restart_with_the_same_key(sessions: Sessions) -> None:
    restarted = Sessions(sessions.options)

    assert _read(restarted, sessions.issue(SUE, SIGNED_IN_S)) is not None


def test_cookie_signed_with_another_key_is_nothing(sessions: Sessions) -> None:
    stranger = Sessions(SessionOptions(key=b"x" * 32))

    assert _read(sessions, stranger.issue(SUE, SIGNED_IN_S)) is None


def test_no_changed_character_passes(sessions: Sessions) -> None:
    cookie = sessions.issue(SUE, SIGNED_IN_S)
    for place in range(len(cookie) - 1):  # the last base64 character has unused bits
        changed = cookie[:place] + ("A" if cookie[place] != "A" else "B") + cookie[place + 1 :]
        assert _read(sessions, changed) is None


@pytest.mark.parametrize("rubbish", ["", ".", "a.b", "é.ü", "x" * 5000])
def test_rubbish_is_nothing(sessions: Sessions, rubbish: str) -> None:
    assert _read(sessions, rubbish) is None


def test_changed_password_ends_the_session(sessions: Sessions) -> None:
    session = _read(sessions, sessions.issue(SUE, SIGNED_IN_S))

    assert session is not None
    assert not sessions.belongs_to(session, User("sue", Role.SUPERVISOR, "hash-2"))


def test_signed_out_session_is_nothing_and_others_live_on(sessions: Sessions) -> None:
    here, there = sessions.issue(SUE, SIGNED_IN_S), sessions.issue(SUE, SIGNED_IN_S)
    session = _read(sessions, here)
    assert session is not None

    sessions.revoke(session, SIGNED_IN_S)

    assert _read(sessions, here) is None
    assert _read(sessions, there) is not None


def test_session_is_due_for_renewal_after_half_its_time(sessions: Sessions) -> None:
    session = _read(sessions, sessions.issue(SUE, SIGNED_IN_S))

    assert session is not None
    assert not sessions.is_due_for_renewal(session, SIGNED_IN_S + 1800)
    assert sessions.is_due_for_renewal(session, SIGNED_IN_S + 1801)


def test_short_key_is_refused() -> None:
    with pytest.raises(ConfigurationError):
        Sessions(SessionOptions(key=b"short"))
