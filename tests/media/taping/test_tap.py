"""Both sides on one time line; arrivals are lists of (seconds, timestamp)."""

import pytest

from telephony.media.sound.g711 import SILENCE, Law
from telephony.media.taping.tap import Tap, TapSide

Arrival = tuple[float, int]
QUIET = SILENCE[Law.PCMU]


def voice(n: int) -> bytes:
    return bytes([n % 100 + 1]) * 160


def record(arrivals: list[Arrival], seconds: float) -> bytes:
    """Packets arrive and blocks are cut each 200 ms, as long behind, in the order of time."""
    side = TapSide(0.0)
    line = bytearray()
    cuts = [0.2 * n for n in range(2, round(seconds / 0.2) + 2)]
    waiting = [(at, n, rtp_ts) for n, (at, rtp_ts) in enumerate(arrivals)]
    for cut_at in cuts:
        while waiting and waiting[0][0] <= cut_at:
            at, n, rtp_ts = waiting.pop(0)
            side.take(voice(n), rtp_ts, Law.PCMU, at)
        line += side.cut(round((cut_at - 0.2) * 8000))
    return bytes(line)


def steady(count: int, begin_s: float = 0.0, first_ts: int = 5000) -> list[Arrival]:
    return [(begin_s + 0.02 * n, first_ts + 160 * n) for n in range(count)]


def spoken(count: int, first: int = 0) -> bytes:
    return b"".join(voice(n) for n in range(first, first + count))


def test_a_steady_talker_is_on_the_line_from_the_arrival_on() -> None:
    line = record(steady(10, begin_s=0.1), 0.6)

    assert line == QUIET * 800 + spoken(10) + QUIET * (4800 - 800 - 1600)


@pytest.mark.parametrize("late_s", [[0, 0.015, 0.03, 0.005], [0, 0.039, 0.001, 0.02]])
def test_jitter_does_not_tear_the_voice(late_s: list[float]) -> None:
    arrivals = [(at + late_s[n % 4], ts) for n, (at, ts) in enumerate(steady(20))]

    assert record(sorted(arrivals), 0.6)[:3200].count(QUIET) == 0


def test_timestamps_may_wrap() -> None:
    arrivals = [(at, ts & 0xFFFFFFFF) for at, ts in steady(10, first_ts=2**32 - 480)]

    assert record(arrivals, 0.4)[:1600] == spoken(10)


def test_lost_packets_are_silence_of_their_length() -> None:
    arrivals = steady(10)
    del arrivals[3:5]

    line = record(arrivals, 0.4)

    assert line[:480] == spoken(3)
    assert line[480:800] == QUIET * 320
    assert line[800:1600] == spoken(5, first=3)


def test_an_overtaken_packet_takes_its_place() -> None:
    ordered = steady(10)
    arrivals = [*ordered[:3], ordered[4], (ordered[4][0] + 0.001, ordered[3][1]), *ordered[5:]]

    line = record(arrivals, 0.4)

    assert line[480:640] == voice(4)
    assert line[640:800] == voice(3)
    assert line[800:1600] == spoken(5, first=5)


def test_a_talk_spurt_after_silence_suppression_is_placed_by_its_arrival() -> None:
    arrivals = steady(5) + steady(5, begin_s=0.5, first_ts=5000 + 4000)

    line = record(arrivals, 0.8)

    assert line[:800] == spoken(5)
    assert line[800:4000] == QUIET * 3200
    assert line[4000:4800] == spoken(5, first=5)


def test_a_phone_whose_clock_stood_still_in_silence_is_placed_by_arrival() -> None:
    arrivals = steady(5) + steady(5, begin_s=0.5, first_ts=5000 + 800)

    assert record(arrivals, 0.8)[4000:4800] == spoken(5, first=5)


def test_a_jump_of_the_timestamps_is_placed_by_arrival() -> None:
    arrivals = steady(5) + steady(5, begin_s=0.1, first_ts=9_000_000)

    assert record(arrivals, 0.4)[:1600] == spoken(10)


@pytest.mark.parametrize("skew", [0.99, 1.01])
def test_a_skewed_clock_stays_within_80_ms_of_the_present(skew: float) -> None:
    """At 1 % a talk of 30 s would be 300 ms off without new anchors."""
    side = TapSide(0.0)
    worst = 0
    for n in range(1500):
        at = 0.02 * n * skew
        side.take(voice(n), 160 * n, Law.PCMU, at)
        if n % 10 == 9:
            side.cut(round(max(0.0, at - 0.2) * 8000))
            worst = max(worst, abs(side.end - round(at * 8000)))

    assert worst <= 8 * (40 + 20 + 20)


def test_late_beyond_the_held_back_time_is_not_torn_into_the_next_block() -> None:
    side = TapSide(0.0)
    for n in range(30):
        side.take(voice(n), 160 * n, Law.PCMU, 0.02 * n)
    block = side.cut(1600)
    side.take(b"\x00" * 160, 160, Law.PCMU, 0.6)

    assert block == spoken(10)
    assert 0 not in side.cut(3200)


def test_a_change_of_law_converts_what_was_waiting() -> None:
    side = TapSide(0.0)
    side.take(SILENCE[Law.PCMU] * 160, 0, Law.PCMU, 0.0)
    side.take(SILENCE[Law.PCMA] * 160, 160, Law.PCMA, 0.02)

    assert side.law is Law.PCMA
    assert side.cut(320) == SILENCE[Law.PCMA] * 320


def test_both_sides_have_the_same_length_at_every_cut() -> None:
    tap = Tap("r-1", 10.0)
    for n in range(50):
        tap.left.take(voice(n), 160 * n, Law.PCMU, 10 + 0.02 * n)

    first, second, last = tap.cut(10.5), tap.cut(10.5), tap.cut(11.0, final=True)

    assert first is not None
    assert last is not None
    assert second is None
    assert (first.frames, last.frames) == (2400, 5600)
    assert first.left + last.left == spoken(50)
    assert first.right + last.right == QUIET * 8000


def test_nothing_is_handed_out_before_it_may_have_come() -> None:
    assert Tap("r-1", 10.0).cut(10.2) is None
