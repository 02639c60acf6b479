"""Deadlines that are set, moved, cancelled, and come due."""

from acd.timers import Timers


def test_the_nearest_deadline_is_next() -> None:
    timers = Timers[str]()
    assert timers.next_at is None
    timers.set("a", 20.0)
    timers.set("b", 10.0)

    assert timers.next_at == 10.0
    assert timers.maybe_pop(20.0) is None
    assert timers.maybe_pop(10.0) == "b"
    assert timers.maybe_pop(10.0) is None
    assert timers.next_at == 20.0


def test_one_instant_comes_in_the_order_it_was_set() -> None:
    timers = Timers[str]()
    for key in ("b", "a", "c"):
        timers.set(key, 10.0)

    assert [timers.maybe_pop(10.0) for _ in range(4)] == ["b", "a", "c", None]


def test_one_deadline_may_cancel_another_of_the_same_instant() -> None:
    timers = Timers[str]()
    timers.set("a", 10.0)
    timers.set("b", 10.0)

    assert timers.maybe_pop(10.0) == "a"
    timers.cancel("b")
    assert timers.maybe_pop(10.0) is None


def test_a_moved_or_cancelled_deadline_does_not_come() -> None:
    timers = Timers[str]()
    timers.set("a", 10.0)
    timers.set("a", 20.0)
    timers.set("b", 15.0)
    timers.cancel("b")
    timers.cancel("never set")

    assert timers.next_at == 20.0
    assert timers.maybe_pop(20.0) == "a"
    assert timers.next_at is None


def test_a_deadline_moved_away_and_back_comes_once() -> None:
    timers = Timers[str]()
    for at in (10.0, 20.0, 10.0, 10.0):
        timers.set("a", at)

    assert timers.maybe_pop(10.0) == "a"
    assert timers.next_at is None


def test_cancelled_deadlines_do_not_pile_up() -> None:
    timers = Timers[str]()
    timers.set("a", 1.0)
    for number in range(10_000):
        timers.set(f"b{number}", 600.0)
        timers.cancel(f"b{number}")

    assert len(timers) < 200
    assert timers.maybe_pop(1.0) == "a"
    assert timers.next_at is None
