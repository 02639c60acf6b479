"""One stream for one phone, whoever speaks on it."""

import itertools
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from telephony.media.packets.rtp import RtpPacket
from telephony.media.packets.stream import OutStream


def header(data: bytes) -> RtpPacket:
    return RtpPacket.parse(data)


def relay(stream: OutStream, numbers: list[int], ssrc: int, now: float) -> list[RtpPacket]:
    return [
        header(stream.relayed(0, n & 0xFFFF, n * 160 & 0xFFFFFFFF, ssrc, 160, now + i * 0.02))
        for i, n in enumerate(numbers)
    ]


def play(stream: OutStream, frames: int, now: float) -> list[RtpPacket]:
    return [header(stream.own_frame(0, 160, now + n * 0.02)) for n in range(frames)]


def steps(packets: list[RtpPacket]) -> Iterator[tuple[int, int]]:
    for before, after in itertools.pairwise(packets):
        yield (after.seq - before.seq) & 0xFFFF, (after.rtp_ts - before.rtp_ts) & 0xFFFFFFFF


def test_turns_of_prompt_and_two_callers_are_one_stream() -> None:
    stream = OutStream(7, 0.0, restarted=False)

    packets = play(stream, 5, 0.0)
    packets += relay(stream, list(range(65530, 65540)), ssrc=1, now=0.1)
    packets += play(stream, 5, 0.3)
    packets += relay(stream, [4, 5, 6], ssrc=2, now=0.4)

    assert {packet.ssrc for packet in packets} == {7}
    assert list(steps(packets)) == [(1, 160)] * (len(packets) - 1)
    assert [n for n, packet in enumerate(packets) if packet.marker] == [0, 5, 15, 20]


def test_silence_between_turns_is_time_in_the_stream() -> None:
    stream = OutStream(7, 0.0, restarted=False)

    packets = play(stream, 1, 0.0) + relay(stream, [9], ssrc=1, now=3.0)

    assert list(steps(packets)) == [(1, 24000)]


def test_loss_and_order_of_the_sender_stay_visible() -> None:
    stream = OutStream(7, 0.0, restarted=False)

    packets = relay(stream, [1, 2, 5, 4, 6], ssrc=1, now=0.0)
    packets += play(stream, 1, 0.1)

    assert [packet.seq - packets[0].seq for packet in packets[:5]] == [0, 1, 4, 3, 5]
    assert packets[5].seq - packets[4].seq == 1
    assert packets[5].rtp_ts - packets[4].rtp_ts == 160


def test_a_sender_that_jumps_back_takes_a_new_turn() -> None:
    stream = OutStream(7, 0.0, restarted=False)

    packets = relay(stream, [5000, 5001], ssrc=1, now=0.0)
    packets += [header(stream.relayed(0, 5002, 40, 1, 160, 0.04))]
    packets += relay(stream, [40000, 40001], ssrc=1, now=0.06)

    assert list(steps(packets)) == [(1, 160)] * 4
    assert [packet.marker for packet in packets] == [True, False, True, True, False]


def test_packets_that_are_left_out_leave_no_hole() -> None:
    stream = OutStream(7, 0.0, restarted=False)

    packets = relay(stream, [1, 2], ssrc=1, now=0.0)
    stream.leave_out(3, ssrc=1)
    stream.leave_out(4, ssrc=1)
    packets += relay(stream, [5], ssrc=1, now=0.08)

    assert list(steps(packets)) == [(1, 160), (1, 480)]


def test_one_key_press_has_one_timestamp_and_audio_follows_later() -> None:
    stream = OutStream(7, 0.0, restarted=False)

    packets = play(stream, 1, 0.0)
    packets += [header(stream.own_event(101, first=n == 0, now=0.02 * (n + 1))) for n in range(5)]
    packets += play(stream, 1, 0.12)

    assert list(steps(packets)) == [(1, 160)] + [(1, 0)] * 4 + [(1, 800)]


def test_a_key_press_in_the_midst_of_audio_keeps_its_timestamp() -> None:
    stream = OutStream(7, 0.0, restarted=False)
    audio = [(n, n * 160, 160) for n in (1, 2, 4, 6)]
    events = [(n, 2 * 160, 0) for n in (3, 5, 7, 8)]

    packets = [
        header(stream.relayed(0, seq, rtp_ts, 1, samples, 0.02 * seq))
        for seq, rtp_ts, samples in sorted(audio + events)
    ]
    packets += play(stream, 1, 0.18)

    assert [packet.seq - packets[0].seq for packet in packets] == list(range(9))
    assert len({packets[n].rtp_ts for n in (2, 4, 6, 7)}) == 1
    assert packets[8].rtp_ts - packets[5].rtp_ts == 160 * 3


def test_a_restarted_stream_goes_on_ahead_of_what_was_sent() -> None:
    before = play(OutStream(7, 100.0, restarted=False), 50, 100.0)
    after = play(OutStream(7, 102.0, restarted=True), 1, 102.0)

    assert 0 < (after[0].seq - before[-1].seq) & 0xFFFF < 300
    assert 0 < (after[0].rtp_ts - before[-1].rtp_ts) & 0xFFFFFFFF < 16_160


@given(
    st.lists(
        st.tuples(st.sampled_from(["own", "relay", "pause"]), st.integers(1, 3), st.floats(0, 2)),
        max_size=30,
    )
)
def test_any_turns_are_contiguous_and_rising(turns: list[tuple[str, int, float]]) -> None:
    stream = OutStream(7, 0.0, restarted=False)
    numbers = {ssrc: itertools.count(ssrc * 20000) for ssrc in (1, 2, 3)}
    now, packets = 0.0, []
    for what, ssrc, wait_s in turns:
        now += wait_s
        if what == "own":
            packets += play(stream, 1, now)
        elif what == "relay":
            packets += relay(stream, [next(numbers[ssrc])], ssrc, now)
        else:
            stream.pause()

    for seq_step, ts_step in steps(packets):
        assert seq_step == 1
        assert 0 < ts_step < 0x80000000
