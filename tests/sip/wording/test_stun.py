"""STUN on the SIP port: a binding request is answered with where it came from."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.sip.events import HostPort
from telephony.sip.wording.stun import answer_stun

COOKIE = bytes.fromhex("2112a442")
# RFC 5769 2.2 and 2.3: the same transaction from both families.
TRANSACTION = COOKIE + bytes.fromhex("b7e7a701bc34d686fa87dfae")
V4 = HostPort("192.0.2.1", 32853)
V6 = HostPort("2001:db8:1234:5678:11:2233:4455:6677", 32853)


def ask(attributes: bytes = b"", transaction: bytes = TRANSACTION, kind: int = 1) -> bytes:
    return struct.pack("!HH", kind, len(attributes)) + transaction + attributes


@pytest.mark.parametrize(
    ("source", "mapped"),
    [
        (V4, "0020 0008 0001 a147 e112a643"),
        (V6, "0020 0014 0002 a147 0113a9faa5d3f179bc25f4b5bed2b9d9"),
    ],
)
def test_the_address_is_xored_as_in_rfc_5769(source: HostPort, mapped: str) -> None:
    expected = bytes.fromhex(mapped.replace(" ", ""))
    answer = answer_stun(ask(), source)
    assert answer == struct.pack("!HH", 0x0101, len(expected)) + TRANSACTION + expected


def test_a_client_of_the_older_rfc_gets_the_plain_address() -> None:
    answer = answer_stun(ask(transaction=bytes(16)), V4)
    assert answer is not None
    assert answer[20:] == bytes.fromhex("0001000800018055c0000201")


def test_an_attribute_that_we_would_have_to_understand_is_refused_with_420() -> None:
    answer = answer_stun(ask(struct.pack("!HH", 0x0024, 0)), V4)
    assert answer is not None
    assert answer[:2] == b"\x01\x11"
    assert answer[20:28] == bytes.fromhex("0009000400000414")
    assert answer[28:34] == bytes.fromhex("000a00020024")


def test_an_optional_attribute_is_passed_over() -> None:
    software = struct.pack("!HH", 0x8022, 3) + b"abc\0"
    assert (answer_stun(ask(software), V4) or b"")[:2] == b"\x01\x01"


@pytest.mark.parametrize(
    "data",
    [
        ask()[:-1],
        ask(kind=0x0101),
        struct.pack("!HH", 1, 4) + TRANSACTION,
        ask(struct.pack("!HH", 0x8022, 9)),
        b"\0\0\0\0",
    ],
    ids=["short", "an answer", "wrong length", "attribute past the end", "zeros"],
)
def test_what_is_no_binding_request_gets_no_answer(data: bytes) -> None:
    assert answer_stun(data, V4) is None


@given(st.binary(min_size=1, max_size=80))
def test_no_bytes_do_harm(data: bytes) -> None:
    answer = answer_stun(data, V4)
    assert answer is None or len(answer) <= 64
