"""Everybody sees every fact, in order."""

import pytest

from foundation.bus import MAX_CASCADE, Bus


def test_subscribers_are_told_in_the_order_they_came() -> None:
    bus: Bus[int] = Bus()
    told: list[str] = []
    bus.subscribe(lambda item: told.append(f"first {item}"))
    bus.subscribe(lambda item: told.append(f"second {item}"))

    bus.tell(1)

    assert told == ["first 1", "second 1"]


def test_a_fact_told_inside_a_subscriber_waits_until_all_have_heard_its_cause() -> None:
    bus: Bus[int] = Bus()
    told: list[str] = []

    def first(item: int) -> None:
        told.append(f"first {item}")
        if item == 1:
            bus.tell(2)

    bus.subscribe(first)
    bus.subscribe(lambda item: told.append(f"second {item}"))

    bus.tell(1)

    assert told == ["first 1", "second 1", "first 2", "second 2"]


def test_a_subscriber_that_throws_is_logged_and_stops_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bus: Bus[int] = Bus()
    told: list[int] = []

    def broken(item: int) -> None:
        raise ValueError(f"cannot take {item}")

    bus.subscribe(broken)
    bus.subscribe(told.append)

    bus.tell(1)

    assert told == [1]
    assert "cannot take 1" in caplog.text


def test_an_ended_subscription_hears_no_more() -> None:
    bus: Bus[int] = Bus()
    told: list[int] = []
    end = bus.subscribe(told.append)
    bus.tell(1)
    end()
    bus.tell(2)

    assert told == [1]


def test_facts_that_cause_facts_without_end_are_cut(caplog: pytest.LogCaptureFixture) -> None:
    bus: Bus[int] = Bus()
    told: list[int] = []

    def endless(item: int) -> None:
        told.append(item)
        if len(told) < 5:
            for _ in range(MAX_CASCADE):
                bus.tell(item + 1)

    bus.subscribe(endless)
    bus.tell(1)

    assert "facts wait to be told" in caplog.text
    assert len(told) <= MAX_CASCADE + 5


def test_a_subscriber_to_kinds_hears_of_those_and_of_what_is_derived_from_them() -> None:
    bus: Bus[object] = Bus()
    told: list[object] = []
    bus.subscribe(told.append, int, str)
    bus.tell(1.5)
    end = bus.subscribe(told.append, float)

    for item in (1, "a", True, 2.5, b"b"):
        bus.tell(item)
    end()
    bus.tell(3.5)

    assert told == [1, "a", True, 2.5]
