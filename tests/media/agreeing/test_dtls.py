"""Handshakes between two ends of our own, over a wire that loses what a list says."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.media.agreeing import dtls
from telephony.media.agreeing.dtls import (
    GIVE_UP_S,
    MTU,
    Fingerprint,
    Handshake,
    Identity,
    Role,
    datagrams,
)

if not dtls.IS_INSTALLED:
    pytest.skip("pyOpenSSL is not installed", allow_module_level=True)

OURS, BROWSERS = Identity.make(), Identity.make()


def ends(
    expected: Fingerprint = BROWSERS.fingerprint, browsers: Identity = BROWSERS
) -> tuple[Handshake, Handshake]:
    """Server and client."""
    server = Handshake(OURS, Role.SERVER, expected)
    return server, Handshake(browsers, Role.CLIENT, OURS.fingerprint)


def shake(server: Handshake, client: Handshake, lost: frozenset[int] = frozenset()) -> None:
    """Datagrams are counted over both directions; those of `lost` never arrive."""
    number = 0
    flights = [(server, each) for each in client.start(0.0)]
    while flights:
        to, datagram = flights.pop(0)
        number += 1
        if number in lost:
            continue
        other = client if to is server else server
        flights += [(other, each) for each in to.feed(datagram, 0.0)]


def test_both_ends_have_the_same_keys_crosswise() -> None:
    server, client = ends()

    shake(server, client)

    assert server.keys is not None
    assert client.keys is not None
    assert (server.keys.ours, server.keys.theirs) == (client.keys.theirs, client.keys.ours)
    assert len(server.keys.ours) == 30
    assert server.keys.ours != server.keys.theirs
    assert server.deadline is None
    assert server.keys.ours.hex() not in repr(server.keys)


def test_a_certificate_that_the_description_does_not_name_gives_no_keys() -> None:
    server, client = ends(browsers=Identity.make())

    shake(server, client)

    assert server.keys is None
    assert "certificate" in server.failure
    assert server.feed(b"\x16\xfe\xfd" + bytes(20), 1.0) == []


def test_the_other_end_is_checked_by_a_client_too() -> None:
    server = Handshake(Identity.make(), Role.SERVER, BROWSERS.fingerprint)
    client = Handshake(BROWSERS, Role.CLIENT, OURS.fingerprint)

    shake(server, client)

    assert client.keys is None
    assert "certificate" in client.failure


def test_a_peer_that_missed_our_last_flight_gets_it_again() -> None:
    server, client = ends()
    flight = [each for hello in client.start(0.0) for each in server.feed(hello, 0.0)]
    finished = [again for each in flight for again in client.feed(each, 0.0)]
    last = [again for each in finished for again in server.feed(each, 0.0)]
    assert server.keys is not None
    assert client.keys is None, "our last flight is lost"

    again = [answer for each in finished for answer in server.feed(each, 0.0)]
    for each in again or last:
        client.feed(each, 0.0)

    assert client.keys is not None


def test_the_waiting_ends() -> None:
    server, client = ends()
    assert server.tick(1000.0) == [], "nobody has begun"
    for hello in client.start(1000.0):
        server.feed(hello, 1000.0)

    server.tick(1000.0 + GIVE_UP_S - 1)
    assert not server.is_over
    server.tick(1000.0 + GIVE_UP_S)

    assert server.keys is None
    assert server.failure == "nobody has answered"


def test_a_flight_is_sent_in_datagrams_of_whole_records() -> None:
    records = [b"\x16\xfe\xfd" + bytes(8) + size.to_bytes(2, "big") + bytes(size)
               for size in (500, 600, 200, 1100, 50)]  # fmt: skip

    sent = datagrams(b"".join(records))

    assert b"".join(sent) == b"".join(records)
    assert [len(each) for each in sent] == [513 + 613, 213, 1113 + 63]
    assert max(map(len, sent)) <= MTU
    assert datagrams(b"") == []


def test_the_certificate_outlives_the_process(tmp_path: Path) -> None:
    file = tmp_path / "new" / "media.pem"

    first, second = Identity.kept_in(file), Identity.kept_in(file)

    assert first == second
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(file.parent.iterdir()) == [file]
    assert "PRIVATE" not in repr(first)


@pytest.mark.parametrize(
    "value", ["", "sha-256", "sha-256 00:11", "md5 " + "00:" * 15 + "00", "sha-256 xx", "sha-1 00"]
)
def test_a_fingerprint_that_says_nothing_safe_is_none(value: str) -> None:
    assert Fingerprint.parse(value) is None


def test_a_fingerprint_comes_back_as_it_was_said() -> None:
    said = str(OURS.fingerprint)

    assert Fingerprint.parse(said) == OURS.fingerprint
    assert Fingerprint.parse(said.lower()) == OURS.fingerprint
    assert len(said) == len("sha-256 ") + 95


@settings(deadline=None, max_examples=30)
@given(st.lists(st.binary(max_size=300), max_size=5))
def test_any_bytes_give_no_keys_and_no_fault(junk: list[bytes]) -> None:
    server, _ = ends()
    for each in junk:
        server.feed(each, 0.0)

    assert server.keys is None


def test_junk_between_its_flights_does_not_stop_a_handshake() -> None:
    server, client = ends()
    server.feed(bytes(100), 0.0)
    server.feed(b"\x16\xfe\xfd" + bytes(30), 0.0)

    shake(server, client)

    assert server.keys is not None
