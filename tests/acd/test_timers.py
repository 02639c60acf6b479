"""Deadlines that are set, moved, cancelled, and come due."""

from hypothesis import given
from hypothesis import strategies as st

from acd.timers import FARTHEST, Timers


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


def test_who_never_comes_is_far_off() -> None:
    timers = Timers[str]()
    timers.set("a", float("inf"))

    assert timers.next_at == FARTHEST
    timers.cancel("a")
    assert timers.next_at is None


def test_cancelled_deadlines_of_many_seconds_do_not_pile_up() -> None:
    timers = Timers[str]()
    for number in range(10_000):
        timers.set("a", float(number))
        assert timers.next_at == number
        timers.set(f"b{number}", 600.0 + number)
        timers.cancel(f"b{number}")

    assert len(timers) < 200


moments = st.sampled_from([0.0, 0.5, 1.0, 1.25, 1.75, 2.0, 30.0, 30.5])
doings = st.one_of(
    st.tuples(st.just("set"), st.sampled_from("abcd"), moments),
    st.tuples(st.just("cancel"), st.sampled_from("abcd"), st.just(0.0)),
    st.tuples(st.just("ask"), st.just(""), st.just(0.0)),
    st.tuples(st.just("pop"), st.just(""), moments),
)


@given(st.lists(doings, max_size=40))
def test_any_doings_are_those_of_a_list_that_is_searched(
    done: list[tuple[str, str, float]],
) -> None:
    timers, kept = Timers[str](), dict[str, float]()
    for what, key, at in done:
        match what:
            case "set":
                timers.set(key, at)
                if kept.get(key) != at:
                    kept.pop(key, None)  # The last that was set is the last of its instant.
                    kept[key] = at
            case "cancel":
                timers.cancel(key)
                kept.pop(key, None)
            case "pop":
                first = min(kept, key=lambda each: kept[each], default=None)
                expected = first if first is not None and kept[first] == at else None
                assert timers.maybe_pop(at) == expected
                kept.pop(expected or "", None)
            case _:
                assert timers.next_at == min(kept.values(), default=None)
        assert [timers.is_set(each) for each in "abcd"] == [each in kept for each in "abcd"]
