"""Many deadlines, one next one."""

from hypothesis import given
from hypothesis import strategies as st

from telephony.sip.transactions.alarms import Alarms


def test_keys_come_out_in_the_order_of_their_times() -> None:
    alarms: Alarms[str] = Alarms()
    for key, at in (("b", 2.0), ("a", 1.0), ("c", 3.0), ("b", 0.5)):
        alarms.set(key, at)
    alarms.set("c", None)
    assert alarms.next == 0.5
    assert list(alarms.due(2.0)) == ["b", "a"]
    assert alarms.next is None


def test_a_deadline_that_is_put_off_for_ever_takes_no_room() -> None:
    alarms: Alarms[int] = Alarms()
    for at in range(10_000):
        alarms.set(at % 10, 3600.0 + at)
        alarms.set(11, None if at % 2 else 7.0)
    assert alarms.kept < 100
    assert alarms.next == 3600.0 + 9_990


TIMES = st.one_of(st.none(), st.integers(0, 20).map(float))


@given(st.lists(st.tuples(st.integers(0, 5), TIMES), max_size=400), st.integers(0, 20))
def test_what_is_due_is_what_was_set_last(
    changes: list[tuple[int, float | None]], now: int
) -> None:
    alarms: Alarms[int] = Alarms()
    wanted: dict[int, float | None] = {}
    for key, at in changes:
        alarms.set(key, at)
        wanted[key] = at
    due = sorted(key for key, at in wanted.items() if at is not None and at <= now)
    assert sorted(alarms.due(now)) == due
    left = [at for at in wanted.values() if at is not None and at > now]
    assert alarms.next == min(left, default=None)
