"""The parts of the pyVoIP phone that need no socket."""

import hashlib

import msgspec
import pytest

from callcenter.demo.pyvoip_phone import protocol
from telephony.lines.pyvoip.again import SendAgain
from telephony.lines.pyvoip.sip import WideMessage, authorization

PEER = ("127.0.0.1", 5060)
CHALLENGE = (
    b"SIP/2.0 401 Unauthorized\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1\r\n"
    b"Call-ID: a\r\nCSeq: 1 REGISTER\r\n"
    b'WWW-Authenticate: Digest realm="testrealm@host.com", nonce="abc"\r\n'
    b"Content-Length: 0\r\n\r\n"
)


def test_request_is_sent_again_with_doubling_waits_up_to_t2() -> None:
    again = SendAgain()
    again.add("branch", b"BYE", PEER, now=0.0)

    sent_at = [now / 10 for now in range(330) if again.due(now / 10)]

    assert sent_at == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]


def test_invite_s_waits_double_without_end() -> None:
    again = SendAgain()
    again.add("branch", b"INVITE", PEER, now=0.0, invite=True)

    assert [now / 10 for now in range(330) if again.due(now / 10)] == [
        0.5, 1.5, 3.5, 7.5, 15.5, 31.5,
    ]  # fmt: skip


def test_answered_request_is_not_sent_again() -> None:
    again = SendAgain()
    again.add("branch", b"BYE", PEER, now=0.0)
    again.stop("branch")

    assert again.due(100.0) == []
    assert again.given_up(100.0) == []


def test_peer_that_never_answers_is_given_up_once_after_timer_b() -> None:
    again = SendAgain()
    again.add("branch", b"BYE", PEER, now=0.0)

    assert again.given_up(31.9) == []
    assert again.given_up(32.0) == ["branch"]
    assert again.given_up(33.0) == []


def test_digest_without_qop_is_that_of_rfc_2069() -> None:
    header = authorization(WideMessage(CHALLENGE), "REGISTER", "sip:host", "Mufasa", "Circle")

    # md5(md5("Mufasa:testrealm@host.com:Circle") ":abc:" md5("REGISTER:sip:host"))
    assert f'response="{_rfc_2069()}"' in header
    assert "qop" not in header


def _rfc_2069() -> str:
    def md5(text: str) -> str:
        return hashlib.md5(text.encode()).hexdigest()

    secret, what = md5("Mufasa:testrealm@host.com:Circle"), md5("REGISTER:sip:host")
    return md5(f"{secret}:abc:{what}")


def test_empty_header_and_compact_names_are_read() -> None:
    data = CHALLENGE.replace(b"Call-ID:", b"i:").replace(b"\r\nCSeq", b"\r\nSupported:\r\nCSeq")

    assert WideMessage(data).call_id == "a"


def test_names_of_headers_ignore_case() -> None:
    data = CHALLENGE.replace(b"Call-ID:", b"CALL-id:").replace(b"CSeq:", b"cseq:")

    assert WideMessage(data).call_id == "a"
    assert WideMessage(data).headers["CSeq"]["method"] == "REGISTER"


@pytest.mark.parametrize(
    "line", ['{"do":"call","number":"8000"}', '{"do":"hangup"}', '{"do":"reject","status":603}']
)
def test_commands_are_json_lines(line: str) -> None:
    command = msgspec.json.decode(line, type=protocol.Command)

    assert msgspec.json.encode(command).decode() == line
