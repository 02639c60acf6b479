"""Packets in any order and at any time, frames at each tick."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.media.sound.g711 import CONVERT, Law
from telephony.media.sound.jitter import LEAST_DEPTH, MOST_DEPTH, MOST_STORED, JitterBuffer


def voice(n: int) -> bytes:
    """Packet n: 160 codes that say which it is."""
    return bytes([n % 256]) * 160


def take(buffer: JitterBuffer, *numbers: int) -> None:
    for n in numbers:
        buffer.take(voice(n), (n * 160) & 0xFFFFFFFF, Law.PCMU)


def frames(buffer: JitterBuffer, count: int) -> list[int | None]:
    """The number of each frame's packet, -1 where none came, None where there is nothing."""
    heard: list[int | None] = []
    for _ in range(count):
        frame = buffer.next_frame()
        if frame is None:
            heard.append(None)
        else:
            assert len(frame.codes) == len(frame.came) == 160
            heard.append(frame.codes[0] if 1 in frame.came else -1)
    return heard


def test_two_packets_are_gathered_before_the_first_is_played() -> None:
    buffer = JitterBuffer()

    heard = frames(buffer, 1)
    for n in range(4):
        take(buffer, n)
        heard += frames(buffer, 1)

    assert heard == [None, None, 0, 1, 2]


def test_a_single_packet_is_played_though_no_other_comes() -> None:
    buffer = JitterBuffer()
    take(buffer, 7)

    assert frames(buffer, 3) == [None, None, 7]


def test_overtaken_packets_are_put_in_order() -> None:
    buffer = JitterBuffer()
    take(buffer, 0, 2, 1, 3)

    assert frames(buffer, 4) == [0, 1, 2, 3]


def test_a_lost_packet_is_a_frame_that_did_not_come() -> None:
    buffer = JitterBuffer()
    take(buffer, 0, 1, 3)

    assert frames(buffer, 4) == [0, 1, -1, 3]


def test_timestamps_wrap() -> None:
    buffer = JitterBuffer()
    first = (0x100000000 - 160) // 160
    take(buffer, first, first + 1)
    buffer.take(voice(9), (first + 2) * 160 & 0xFFFFFFFF, Law.PCMU)

    assert frames(buffer, 3) == [first % 256, (first + 1) % 256, 9]


def test_packets_of_10_and_30_ms_are_cut_into_frames() -> None:
    buffer = JitterBuffer()
    buffer.take(b"\x01" * 80, 0, Law.PCMU)
    buffer.take(b"\x02" * 240, 80, Law.PCMU)

    first, second = buffer.next_frame(), buffer.next_frame()

    assert first is not None
    assert second is not None
    assert first.codes == b"\x01" * 80 + b"\x02" * 80
    assert second.codes == b"\x02" * 160


def test_a_step_of_the_delay_is_followed_after_one_gap() -> None:
    buffer = JitterBuffer()
    take(buffer, 0, 1)
    heard = frames(buffer, 3)
    for n in range(2, 9):
        heard += frames(buffer, 1)
        take(buffer, n)
    heard += frames(buffer, 2)

    assert heard == [0, 1, -1, -1, None, None, 2, 3, 4, 5, 6, 7]
    assert buffer.depth == LEAST_DEPTH + 160


def test_the_depth_has_a_limit_and_shrinks_when_the_network_is_calm() -> None:
    buffer = JitterBuffer()
    take(buffer, 10, 11)
    frames(buffer, 1)
    take(buffer, 1, 2, 3, 4)
    assert (buffer.depth, buffer.late) == (MOST_DEPTH, 4)

    for n in range(12, 1020):
        take(buffer, n)
        frames(buffer, 1)

    assert buffer.depth == LEAST_DEPTH


def test_a_fast_clock_is_given_up_frame_by_frame() -> None:
    buffer = JitterBuffer()
    take(buffer, 0, 1, 2, 3)
    played: list[int] = []
    for n in range(4, 240):
        take(buffer, n)
        played += [-9 if frame is None else frame for frame in frames(buffer, 1)]

    assert -1 not in played
    assert -9 not in played
    steps = [(after - before) % 256 for before, after in itertools.pairwise(played)]
    assert sum(step - 1 for step in steps) == 2


def test_what_nobody_takes_is_not_gathered_for_ever() -> None:
    buffer = JitterBuffer()
    take(buffer, *range(500))

    heard = frames(buffer, 15)

    assert heard[-1] is None
    assert len([n for n in heard if n is not None and n >= 0]) <= MOST_STORED // 160 + 1


def test_a_clock_that_was_set_anew_starts_anew() -> None:
    buffer = JitterBuffer()
    take(buffer, 0, 1)
    frames(buffer, 1)
    take(buffer, 900_000, 900_001)

    assert frames(buffer, 2) == [900_000 % 256, 900_001 % 256]


def test_a_change_of_law_keeps_what_was_there() -> None:
    buffer = JitterBuffer()
    take(buffer, 5)
    buffer.take(voice(6), 6 * 160, Law.PCMA)

    frame = buffer.next_frame()

    assert frame is not None
    assert (frame.law, frame.codes) == (Law.PCMA, voice(5).translate(CONVERT[Law.PCMU, Law.PCMA]))


@settings(deadline=None)
@given(st.lists(st.tuples(st.binary(max_size=400), st.integers(0, 2**32 - 1), st.integers(0, 3))))
def test_any_packets_give_whole_frames_and_bounded_storage(
    packets: list[tuple[bytes, int, int]],
) -> None:
    buffer = JitterBuffer()
    for payload, rtp_ts, ticks in packets:
        buffer.take(payload, rtp_ts, Law.PCMA)
        frames(buffer, ticks)

    frames(buffer, 200)
    assert buffer.next_frame() is None
