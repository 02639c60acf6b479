"""Finds the SDP of a message, alone or among other parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.sip.wording.bodies import sdp_of
from telephony.sip.wording.errors import SipParseError
from telephony.sip.wording.message import Request

SDP = b"v=0\r\ns=-\r\n"
SDP_PART = b"Content-Type: application/sdp\r\n\r\n" + SDP
TEXT_PART = b"\r\nno headers, so it is text"


def mixed(*parts: bytes, boundary: bytes = b"b1") -> bytes:
    joined = b"".join(b"\r\n--" + boundary + b"\r\n" + part for part in parts)
    return b"to be ignored" + joined + b"\r\n--" + boundary + b"--\r\nto be ignored, too"


def read(kind: str, body: bytes) -> bytes | None:
    return sdp_of(Request("INVITE", "sip:8000@x", [("Content-Type", kind)], body))


KIND = "multipart/mixed; boundary=b1"


def test_sdp_alone_is_the_body_and_no_body_is_none() -> None:
    assert read("Application/SDP; charset=x", SDP) == SDP
    assert read("text/plain", b"") == b""
    assert read("text/plain", b"hello") is None


@pytest.mark.parametrize(
    "body",
    [
        mixed(SDP_PART),
        mixed(TEXT_PART, SDP_PART, TEXT_PART),
        mixed(b"", SDP_PART),
        mixed(b"Content-Disposition: x;handling=optional\r\n\r\n", SDP_PART),
        mixed(SDP_PART, SDP_PART.replace(b"s=-", b"s=2")),
        b"--b1\r\n" + SDP_PART + b"\r\n--b1--",
        b"--b1  \r\nX: folded\r\n one\r\n" + SDP_PART + b"\r\n--b1",
        mixed(SDP_PART).replace(b"\r\n--b1", b"\n--b1"),
        mixed(b"Content-Type: multipart/alternative;boundary=b2\r\n\r\n"
              + mixed(TEXT_PART, SDP_PART, boundary=b"b2")),
    ],
)  # fmt: skip
def test_the_first_sdp_part_is_found(body: bytes) -> None:
    assert read(KIND, body) == SDP


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nothing of the kind",
        mixed(TEXT_PART),
        mixed(SDP_PART, b"Content-Disposition: x;handling=required\r\n\r\nmust be understood"),
        mixed(b"Content-Transfer-Encoding: base64\r\nContent-Type: application/sdp\r\n\r\ndj0w"),
        mixed(b"Content-Type: application/sdp"),
        mixed(SDP_PART).replace(b"--b1", b"--b12"),
    ],
)
def test_without_a_usable_sdp_part_there_is_none(body: bytes) -> None:
    assert not read(KIND, body)


def test_parts_inside_parts_end_somewhere() -> None:
    body = SDP_PART
    for depth in range(5):
        mark = f"b{depth}".encode()
        kind = b"Content-Type: multipart/mixed;boundary=" + mark + b"\r\n\r\n"
        body = kind + mixed(body, boundary=mark)
    assert read("multipart/mixed;boundary=top", mixed(body, boundary=b"top")) is None


@pytest.mark.parametrize("kind", ["multipart/mixed", "multipart/mixed;boundary=", "multipart"])
def test_a_multipart_without_boundary_is_malformed(kind: str) -> None:
    with pytest.raises(SipParseError):
        read(kind, mixed(SDP_PART))


@given(st.lists(st.sampled_from([b"--b1", b"--", b"\r\n", b"\n", SDP_PART, b";", b":", b"\xff"])))
def test_any_parts_give_sdp_none_or_an_error(pieces: list[bytes]) -> None:
    try:
        found = read(KIND, b"".join(pieces))
    except SipParseError:
        return
    assert found is None or isinstance(found, bytes)
