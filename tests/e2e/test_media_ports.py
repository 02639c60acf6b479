"""RTP port pairs on real sockets."""

import socket
from collections.abc import Iterator

import pytest

from telephony.media.errors import NoRtpPort
from telephony.media.packets.ports import PortPool
from tests.support.programs import find_media_ports

pytestmark = pytest.mark.e2e

HOST = "127.0.0.1"


@pytest.fixture
def first() -> int:
    """An even port with seven free ones above it."""
    return find_media_ports()[0]


@pytest.fixture
def pool(first: int) -> Iterator[PortPool]:
    pool = PortPool(HOST, (first, first + 7), drain_s=2.0)
    yield pool
    pool.tick(1e9)


def test_voice_is_marked_expedited(pool: PortPool) -> None:
    pair = pool.take()
    marks = [
        sock.getsockopt(socket.IPPROTO_IP, socket.IP_TOS) >> 2 for sock in (pair.rtp, pair.rtcp)
    ]
    assert marks == [46, 46]
    pool.give_back(pair)


def test_a_narrow_pair_takes_one_peers_rtp_only_and_any_after(pool: PortPool) -> None:
    pair = pool.take()
    peer, other = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    for phone in (peer, other):
        phone.bind((HOST, 0))
        phone.settimeout(1.0)
    ours, buffer = (HOST, pair.port), bytearray(100)

    narrow = pair.narrow(peer.getsockname())
    assert narrow is not None
    other.sendto(b"refused", ours)
    peer.sendto(b"heard", ours)
    assert buffer[: narrow.recv_into(buffer)] == b"heard"
    narrow.send(memoryview(b"back"))
    assert peer.recv(100) == b"back"
    with pytest.raises(BlockingIOError):
        narrow.recv_into(buffer)

    pair.widen()
    other.sendto(b"heard again", ours)
    size, source = pair.rtp.recvfrom_into(buffer)
    assert (bytes(buffer[:size]), source) == (b"heard again", other.getsockname())
    assert pair.rtp.getsockname() == ours
    for phone in (peer, other):
        phone.close()
    pool.give_back(pair)


def test_a_pair_on_all_addresses_stays_wide(first: int) -> None:
    pool = PortPool("0.0.0.0", (first, first + 7), drain_s=0.0)
    pair = pool.take()

    assert pair.narrow((HOST, 9)) is None

    pool.give_back(pair)


def test_rtp_is_even_and_rtcp_the_odd_one_above(pool: PortPool, first: int) -> None:
    pairs = [pool.take() for _ in range(4)]

    assert [pair.port for pair in pairs] == [first, first + 2, first + 4, first + 6]
    for pair in pairs:
        assert pair.rtcp.getsockname()[1] == pair.rtp.getsockname()[1] + 1 == pair.port + 1
        pool.release(pair, 0.0)


def test_an_odd_beginning_of_the_range_is_left_out(first: int) -> None:
    pool = PortPool(HOST, (first + 1, first + 4), drain_s=0.0)

    pair = pool.take()

    assert pair.port == first + 2
    with pytest.raises(NoRtpPort):
        pool.take()
    pair.close()


@pytest.mark.parametrize("taken", [0, 1])
def test_a_pair_of_which_another_program_has_one_is_left_out(
    pool: PortPool, first: int, taken: int
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((HOST, first + taken))
        pair = pool.take()

    assert pair.port == first + 2
    pool.release(pair, 0.0)


def test_a_released_pair_rests_bound_and_goes_to_the_end_of_the_line(
    pool: PortPool, first: int
) -> None:
    pairs = [pool.take() for _ in range(4)]
    for pair in pairs[:2]:
        pool.release(pair, 100.0)

    pool.tick(101.9)
    with pytest.raises(NoRtpPort):
        pool.take()
    assert pairs[0].rtp.fileno() >= 0
    pool.tick(102.0)

    again = [pool.take(wanted=first + 2), pool.take()]

    assert [pair.port for pair in again] == [first + 2, first]
    for pair in pairs[2:] + again:
        pair.close()


def test_a_wanted_pair_that_is_not_free_is_refused(pool: PortPool, first: int) -> None:
    pair = pool.take(wanted=first + 4)

    for wanted in (first + 4, first + 1, 1):
        with pytest.raises(NoRtpPort):
            pool.take(wanted)
    pool.release(pair, 0.0)
