"""Events survive the journal, and so do rows that this version cannot read."""

from dataclasses import dataclass

import pytest

from foundation.errors import LocalError
from foundation.ids import CallId
from foundation.journal import EventCodec, UnknownEvent, Upcaster
from tests.support.events import CODEC, BellRang, DoorOpened


@pytest.mark.parametrize("event", [BellRang(CallId("c-1"), 3), DoorOpened("李娜")])
def test_what_is_encoded_decodes_to_the_same_event(event: object) -> None:
    assert CODEC.decode(*CODEC.encode(event)) == event


def test_a_body_is_json_that_a_person_can_read() -> None:
    assert CODEC.encode(BellRang(CallId("c-1"))) == (
        "BellRang",
        1,
        b'{"call_id":"c-1","times":1}',
    )


def test_an_unregistered_class_is_refused_when_writing() -> None:
    with pytest.raises(LocalError, match="not registered"):
        CODEC.encode("a string")


def test_a_row_of_a_class_that_is_gone_reads_as_unknown() -> None:
    assert CODEC.decode("Gone", 1, b"{}") == UnknownEvent("Gone", 1, b"{}", "no such class")


def test_a_row_of_a_later_version_reads_as_unknown() -> None:
    event = CODEC.decode("BellRang", 2, b"{}")

    assert isinstance(event, UnknownEvent)
    assert event.why == "written by a later version"


@pytest.mark.parametrize("body", [b"{}", b"[1]", b'{"call_id":7}', b"\xff", b""])
def test_a_body_that_does_not_fit_reads_as_unknown(body: bytes) -> None:
    assert isinstance(CODEC.decode("BellRang", 1, body), UnknownEvent)


def test_old_rows_pass_through_every_upcaster_after_their_version() -> None:
    codec = EventCodec(
        [BellRang],
        [
            Upcaster("BellRang", 2, lambda old: {**old, "times": old["times"] * 2}),
            Upcaster("BellRang", 1, lambda old: {"call_id": old["call"], "times": old["n"]}),
        ],
    )

    assert codec.version("BellRang") == 3
    assert codec.decode("BellRang", 1, b'{"call":"c-1","n":4}') == BellRang(CallId("c-1"), 8)
    assert codec.decode("BellRang", 2, b'{"call_id":"c-1","times":4}') == BellRang(CallId("c-1"), 8)
    assert codec.decode("BellRang", 3, b'{"call_id":"c-1","times":4}') == BellRang(CallId("c-1"), 4)


def test_an_upcaster_that_fails_gives_an_unknown_event() -> None:
    codec = EventCodec([BellRang], [Upcaster("BellRang", 1, lambda old: {"call_id": old["call"]})])

    assert isinstance(codec.decode("BellRang", 1, b"{}"), UnknownEvent)


def test_upcasters_with_a_hole_are_refused() -> None:
    with pytest.raises(LocalError, match="numbered"):
        EventCodec([BellRang], [Upcaster("BellRang", 2, lambda old: old)])


def test_fields_that_a_later_version_added_are_ignored() -> None:
    @dataclass(frozen=True, slots=True)
    class Short:
        a: int

    assert EventCodec([Short]).decode("Short", 1, b'{"a":1,"b":2}') == Short(1)
