"""A phone's time line."""

from callcenter.demo.heard import Heard


def test_lost_packet_is_silence_in_its_place() -> None:
    heard = Heard()
    heard.put(1000, b"\1\1" * 160)
    heard.put(1320, b"\2\2" * 160)

    assert heard.pcm() == b"\1\1" * 160 + bytes(320) + b"\2\2" * 160


def test_packet_that_comes_twice_is_heard_once() -> None:
    heard = Heard()
    for rtp_ts in (1000, 1000, 1160, 1000):
        heard.put(rtp_ts, b"\1\1" * 160)

    assert heard.pcm() == b"\1\1" * 320


def test_rtp_clock_that_wraps_leaves_no_gap() -> None:
    heard = Heard()
    heard.put((1 << 32) - 160, b"\1\1" * 160)
    heard.put(0, b"\2\2" * 160)

    assert len(heard.pcm()) == 640


def test_new_source_with_another_clock_goes_on_at_once() -> None:
    heard = Heard()
    heard.put(1000, b"\1\1" * 160)
    heard.put(900_000, b"\2\2" * 160)

    assert len(heard.pcm()) == 640
