"""RFC 3550's figures; what the network does is a list of sequence numbers."""

from collections.abc import Iterable

import pytest

from telephony.media.packets.rtcp import ReceptionStats


def received(numbers: Iterable[int], ssrc: int = 1) -> ReceptionStats:
    stats = ReceptionStats()
    for n in numbers:
        stats.take(ssrc, n & 0xFFFF, n * 160 & 0xFFFFFFFF, n * 0.02)
    return stats


@pytest.mark.parametrize(
    ("numbers", "total", "lost"),
    [
        ([1, 2, 3, 4], 4, 0),
        ([1, 2, 5, 6], 4, 2),
        ([1, 3, 2, 4], 4, 0),
        ([1, 2, 2, 3], 4, -1),
        ([65533, 65534, 65535, 65536, 65537], 5, 0),
        ([65534, 65537, 65535, 65538], 4, 1),
        ([65534, 65537, 65600, 131072 - 5, 131072 + 5], 5, None),
    ],
)
def test_loss_is_what_never_came(numbers: list[int], total: int, lost: int | None) -> None:
    stats = received(numbers)

    assert stats.total_received == total
    if lost is not None:
        assert stats.total_lost == lost


def test_the_extended_number_counts_the_wraps() -> None:
    assert received([65534, 65535, 65536, 65537]).extended_seq == 65537


def test_a_steady_sender_has_no_jitter() -> None:
    assert received(range(100)).jitter == pytest.approx(0)


def test_jitter_is_the_rfcs_running_mean() -> None:
    stats = ReceptionStats()
    for n, late_s in enumerate([0.0, 0.010, 0.0]):
        stats.take(1, n, n * 160, n * 0.02 + late_s)

    first = 80 / 16
    assert stats.jitter == pytest.approx(first + (80 - first) / 16)


def test_a_restarted_sender_begins_anew_and_keeps_its_sums() -> None:
    stats = received([1, 2, 4])
    for n in (40000, 40001):
        stats.take(1, n, n * 160, 1.0)
    for n in (7, 8):
        stats.take(2, n, n * 160, 2.0)

    assert stats.total_received == 7
    assert stats.total_lost == 1


def test_the_lost_fraction_is_of_the_time_since_the_last_report() -> None:
    stats = received([1, 2, 5, 6])

    assert stats.fraction_lost() == 2 * 256 // 6
    stats.take(1, 7, 0, 0.0)
    assert stats.fraction_lost() == 0
