"""A lite agent's answers to checks; STUN's own bytes are RFC 5769's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation import stun
from telephony.media.agreeing.ice import (
    ICE_CONTROLLED,
    MOST_KNOWN,
    PRIORITY,
    USE_CANDIDATE,
    Credentials,
    IceLite,
    our_credentials,
)

OURS, THEIRS = Credentials("evtj", "VOkJxbRl1RmTxUk/WvJxBt"), Credentials("h6vY", "p" * 24)
SAMPLE = bytes.fromhex(
    "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74"
    "002400046e0001ff80290008932ff9b151263b36000600096576746a3a68367659202020"
    "000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf"
)
"RFC 5769 section 2.1."
FINGERPRINT_BYTES = 8
"It only tells STUN from media, which the first byte does already."
TRANSACTION = stun.MAGIC.to_bytes(4, "big") + bytes(range(12))
BROWSER, OTHER = ("192.0.2.9", 50000), ("198.51.100.7", 41000)


def check(
    *more: stun.Attribute,
    username: bytes = b"evtj:h6vY",
    password: str = OURS.password,
    transaction: bytes = TRANSACTION,
) -> bytes:
    attributes = [(stun.USERNAME, username), (PRIORITY, bytes(4)), *more]
    return stun.build(stun.BINDING_REQUEST, transaction, attributes, password.encode())


@pytest.fixture
def ice() -> IceLite:
    return IceLite(OURS, THEIRS)


def status(answer: bytes | None) -> int:
    """0 for success."""
    said = stun.Message.parse(answer or b"")
    assert said is not None
    assert said.transaction == TRANSACTION
    code = said.find(stun.ERROR_CODE)
    return 0 if code is None else code[2] * 100 + code[3]


def test_the_sample_of_the_rfc_is_signed_with_its_password() -> None:
    sample = stun.Message.parse(SAMPLE)
    assert sample is not None

    assert sample.is_signed_by(OURS.password.encode())
    assert not sample.is_signed_by(b"another")
    assert sample.find(stun.USERNAME) == b"evtj:h6vY"


def test_what_we_build_is_signed_and_checked_as_in_the_sample() -> None:
    sample = stun.Message.parse(SAMPLE)
    assert sample is not None
    signed = (stun.MESSAGE_INTEGRITY, stun.FINGERPRINT)
    plain = [each for each in sample.attributes if each[0] not in signed]

    built = stun.build(sample.kind, sample.transaction, plain, OURS.password.encode())

    # The sample pads by spaces, which the signature covers; ours are zeros, so signs differ.
    assert len(built) == len(SAMPLE)
    parsed = stun.Message.parse(built)
    assert parsed is not None
    assert parsed.is_signed_by(OURS.password.encode())
    assert parsed.attributes[-1][0] == stun.FINGERPRINT


def test_a_check_is_answered_with_the_address_it_came_from(ice: IceLite) -> None:
    answer = stun.Message.parse(ice.feed(check(), BROWSER) or b"")

    assert answer is not None
    assert answer.kind == stun.BINDING_SUCCESS
    assert answer.is_signed_by(OURS.password.encode())
    seen = stun.xor_mapped_address(*BROWSER, TRANSACTION)
    assert answer.find(stun.XOR_MAPPED_ADDRESS) == seen
    assert (ice.known, ice.nominated) == ([BROWSER], None)


def test_the_pair_that_was_nominated_last_is_the_one(ice: IceLite) -> None:
    for source in (BROWSER, OTHER, BROWSER):
        ice.feed(check((USE_CANDIDATE, b"")), source)
    ice.feed(check(), OTHER)

    assert ice.nominated == BROWSER
    assert ice.known == [BROWSER, OTHER]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (check(username=b"else:h6vY"), 401),
        (check(password="guessed"), 401),
        (stun.build(stun.BINDING_REQUEST, TRANSACTION, [(stun.USERNAME, b"evtj:h6vY")]), 400),
        (stun.build(stun.BINDING_REQUEST, TRANSACTION, [], OURS.password.encode()), 400),
        (check((0x7777, b"?")), 420),
        (check((ICE_CONTROLLED, bytes(8))), 487),
    ],
)
def test_whoever_cannot_prove_it_is_refused_and_stays_unknown(
    ice: IceLite, data: bytes, expected: int
) -> None:
    assert status(ice.feed(data, OTHER)) == expected
    assert (ice.known, ice.nominated, ice.refused) == ([], None, 1)


def test_a_refusal_of_a_stranger_is_not_signed(ice: IceLite) -> None:
    answer = stun.Message.parse(ice.feed(check(password="guessed"), OTHER) or b"")

    assert answer is not None
    assert answer.find(stun.MESSAGE_INTEGRITY) is None


@pytest.mark.parametrize(
    "data",
    [
        stun.build(stun.BINDING_SUCCESS, TRANSACTION, [], OURS.password.encode()),
        stun.build(0x0011, TRANSACTION, []),
        check(transaction=bytes(16)),
        check()[:-1],
    ],
)
def test_what_is_no_check_gets_no_answer(ice: IceLite, data: bytes) -> None:
    assert ice.feed(data, BROWSER) is None


def test_a_restart_asks_for_the_new_password_and_goes_on_with_the_old_pair(ice: IceLite) -> None:
    ice.feed(check((USE_CANDIDATE, b"")), BROWSER)
    ice.renew(Credentials("newu", "n" * 24), Credentials("h6vZ", "q" * 24))

    assert status(ice.feed(check((USE_CANDIDATE, b"")), OTHER)) == 401
    assert ice.nominated == BROWSER
    renewed = check((USE_CANDIDATE, b""), username=b"newu:h6vZ", password="n" * 24)
    assert status(ice.feed(renewed, OTHER)) == 0
    assert ice.nominated == OTHER


def test_no_more_addresses_are_known_than_one_browser_has(ice: IceLite) -> None:
    for port in range(1024, 1024 + 3 * MOST_KNOWN):
        ice.feed(check(), ("192.0.2.9", port))

    assert len(ice.known) == MOST_KNOWN
    assert ice.known[-1] == ("192.0.2.9", 1024 + 3 * MOST_KNOWN - 1)


def test_our_names_are_the_same_for_the_same_peer_and_secret_only() -> None:
    names = {our_credentials(secret, peer) for secret in (b"a", b"b") for peer in ("", "x", "y")}

    assert len(names) == 6
    assert our_credentials(b"a", "x") == our_credentials(b"a", "x")
    assert {(len(one.ufrag), len(one.password)) for one in names} == {(8, 32)}
    assert our_credentials(b"a", "x").password not in repr(our_credentials(b"a", "x"))


@given(st.binary(max_size=200))
def test_any_bytes_leave_nobody_known(data: bytes) -> None:
    ice = IceLite(OURS, THEIRS)
    ice.feed(data, OTHER)

    assert (ice.known, ice.nominated) == ([], None)


@given(st.integers(0, len(check()) - FINGERPRINT_BYTES - 1), st.integers(1, 255))
def test_one_wrong_byte_makes_a_check_worthless(at: int, change: int) -> None:
    data = bytearray(check())
    data[at] ^= change
    ice = IceLite(OURS, THEIRS)
    ice.feed(bytes(data), OTHER)

    assert ice.known == []
