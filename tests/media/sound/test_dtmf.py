"""Telephone events; what the network loses is a list."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.media.sound.dtmf import DigitReceiver, DigitSender

Packet = tuple[int, int, bool, int]
"Event, timestamp, end, duration."


def press(event: int, rtp_ts: int) -> list[Packet]:
    going = [(event, rtp_ts, False, 160 * n) for n in range(1, 5)]
    return [*going, *[(event, rtp_ts, True, 800)] * 3]


def hear(packets: list[Packet]) -> str:
    receiver = DigitReceiver()
    digits = (
        receiver.feed(bytes([event, end << 7 | 10]) + duration.to_bytes(2, "big"), rtp_ts)
        for event, rtp_ts, end, duration in packets
    )
    return "".join(digit for digit in digits if digit is not None)


@pytest.mark.parametrize("lost", [[], [0], [0, 1], [4], [4, 5], [4, 5, 6], [0, 1, 2, 3, 4, 5], [1]])
def test_one_key_press_is_one_digit_whatever_was_lost(lost: list[int]) -> None:
    packets = [packet for n, packet in enumerate(press(7, 1000)) if n not in lost]

    assert hear(packets) == "7"


@pytest.mark.parametrize("order", [[0, 2, 1, 3, 4, 5, 6], [1, 0, 2, 3, 4, 5, 6], [4, 0, 1, 2]])
def test_one_key_press_out_of_order_is_one_digit(order: list[int]) -> None:
    packets = press(11, 1000)

    assert hear([packets[n] for n in order]) == "#"


def test_the_same_key_twice_is_two_digits_even_when_all_ends_are_lost() -> None:
    assert hear(press(5, 1000) + press(5, 3000)) == "55"
    assert hear(press(5, 1000)[:4] + press(5, 3000)[1:4]) == "55"


def test_a_late_packet_of_the_key_before_is_not_a_third_digit() -> None:
    assert hear(press(1, 1000) + press(2, 2600)[:2] + press(1, 1000)[6:] + press(2, 2600)) == "12"


def test_timestamps_may_wrap_between_digits() -> None:
    assert hear(press(1, 0xFFFFFF00) + press(2, 0x500)) == "12"


def test_a_key_held_for_longer_than_8_s_is_one_digit() -> None:
    first = [(3, 1000, False, 65000), (3, 1000, False, 65535)]
    second = [(3, 1000 + 65535, False, 160), (3, 1000 + 65535, True, 320)]

    assert hear(first + second) == "3"


@pytest.mark.parametrize("event", [16, 17, 36, 255])
def test_events_that_are_no_keys_are_not_heard(event: int) -> None:
    assert hear(press(event, 1000)) == ""


@given(st.lists(st.tuples(st.binary(max_size=8), st.integers(0, 0xFFFFFFFF)), max_size=20))
def test_any_bytes_are_a_digit_or_nothing(packets: list[tuple[bytes, int]]) -> None:
    receiver = DigitReceiver()
    for payload, rtp_ts in packets:
        digit = receiver.feed(payload, rtp_ts)
        assert digit is None or digit in "0123456789*#ABCD"


def test_a_sent_digit_is_heard_by_our_own_receiver() -> None:
    sender, receiver, rtp_ts, heard = DigitSender("90#"), DigitReceiver(), 0, ""
    while (packets := sender.next_frame()) is not None:
        for packet in packets:
            rtp_ts += 5000 if packet.first else 0
            heard += receiver.feed(packet.payload, rtp_ts) or ""

    assert heard == "90#"
