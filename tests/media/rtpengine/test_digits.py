"""Digits as rtpengine's datagrams tell them."""

import json

import pytest

from telephony.media.rtpengine.digits import Digit, DigitLine

TOLD = {
    "callid": "x-c-1", "source_tag": "l-1", "tags": ["l-1", "l-1~h"], "type": "DTMF",
    "timestamp": 1700000000, "source_ip": "127.0.0.1", "event": 5, "duration": 100, "volume": 10,
}  # fmt: skip


def told(**changes: object) -> bytes:
    return json.dumps(TOLD | changes).encode()


def test_a_datagram_names_call_phone_and_key() -> None:
    assert DigitLine().feed(told(event=11), 1.0) == Digit("x-c-1", "l-1", "#", 0.1)


def test_a_digit_that_is_told_for_each_listener_counts_once() -> None:
    line = DigitLine()

    heard = [line.feed(told(), at) for at in (1.0, 1.001, 1.2, 1.4)]

    assert [digit is not None for digit in heard] == [True, False, True, True]


def test_two_phones_may_press_the_same_key_at_once() -> None:
    line = DigitLine()

    assert line.feed(told(), 1.0) is not None
    assert line.feed(told(source_tag="l-2"), 1.0) is not None


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b"\xff", told(event=16), told(event="5"), told(type="X")]
)
def test_anything_else_is_no_digit(data: bytes) -> None:
    assert DigitLine().feed(data, 1.0) is None


def test_a_call_that_is_over_is_forgotten() -> None:
    line = DigitLine()
    line.feed(told(), 1.0)
    line.forget("x-c-1")

    assert line.feed(told(), 1.001) is not None
