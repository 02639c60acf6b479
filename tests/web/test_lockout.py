"""How long one waits after wrong passwords."""

from foundation.web.lockout import Lockout, LockoutOptions


def _fail(lockout: Lockout, times: int, user: str = "sue", address: str = "1.2.3.4") -> None:
    for _ in range(times):
        lockout.failed(user, address, 100.0)


def test_some_failures_are_free() -> None:
    lockout = Lockout()
    _fail(lockout, 4)

    assert lockout.locked_for_s("sue", "1.2.3.4", 100.0) == 0


def test_fifth_failure_locks_and_each_further_one_doubles_the_pause() -> None:
    lockout = Lockout()
    _fail(lockout, 5)
    assert lockout.locked_for_s("sue", "1.2.3.4", 100.0) == 30
    _fail(lockout, 1)
    assert lockout.locked_for_s("sue", "1.2.3.4", 100.0) == 60
    _fail(lockout, 14)
    assert lockout.locked_for_s("sue", "1.2.3.4", 100.0) == 900


def test_pause_ends() -> None:
    lockout = Lockout()
    _fail(lockout, 5)

    assert lockout.locked_for_s("sue", "1.2.3.4", 130.0) == 0


def test_nobody_locks_out_a_supervisor_from_another_address() -> None:
    lockout = Lockout()
    _fail(lockout, 10)

    assert lockout.locked_for_s("sue", "10.0.0.1", 100.0) == 0


def test_address_that_tries_many_names_is_locked_for_all_names() -> None:
    lockout = Lockout()
    for number in range(20):
        _fail(lockout, 1, user=f"user{number}")

    assert lockout.locked_for_s("somebody", "1.2.3.4", 100.0) == 30


def test_right_password_forgives_the_name() -> None:
    lockout = Lockout()
    _fail(lockout, 4)
    lockout.succeeded("sue", "1.2.3.4")
    _fail(lockout, 1)

    assert lockout.locked_for_s("sue", "1.2.3.4", 100.0) == 0


def test_failures_of_long_ago_are_forgotten() -> None:
    lockout = Lockout(LockoutOptions(forget_after_s=3600))
    _fail(lockout, 4)
    lockout.failed("sue", "1.2.3.4", 100.0 + 3601)

    assert lockout.locked_for_s("sue", "1.2.3.4", 3702.0) == 0


def test_memory_is_bounded() -> None:
    lockout = Lockout(LockoutOptions(entries=10))
    for number in range(100):
        _fail(lockout, 1, user=f"user{number}")

    assert len(lockout) == 10
