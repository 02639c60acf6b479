"""Who calls, as core is told."""

import pytest

from telephony.lines.caller import headers_for_core
from telephony.lines.reasons import reason_text
from telephony.sip.wording.errors import SipParseError

INVITE = (
    "INVITE sip:28000@127.0.0.1:5080 SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1\r\n"
    "From: {sender};tag=1\r\n"
    "To: <sip:8000@pbx.example>\r\n"
    "Call-ID: a@pbx\r\nCSeq: 1 INVITE\r\n{more}Content-Length: 0\r\n\r\n"
)


def headers(sender: str = '"Li Na" <sip:10086@pbx.example>', more: str = "") -> dict[str, str]:
    return dict(headers_for_core(INVITE.format(sender=sender, more=more).encode()))


def test_caller_of_from_is_asserted_with_the_name() -> None:
    assert headers() == {"P-Asserted-Identity": '"Li Na" <sip:10086@line.invalid>'}


def test_what_the_pbx_asserts_wins_over_from() -> None:
    got = headers(more="P-Asserted-Identity: <sip:+8613800138000@pbx.example>\r\n")

    assert got == {"P-Asserted-Identity": '"Li Na" <sip:+8613800138000@line.invalid>'}


@pytest.mark.parametrize(
    "given",
    [
        {"sender": "<sip:anonymous@anonymous.invalid>"},
        {"more": "Privacy: id\r\nP-Asserted-Identity: <sip:10086@pbx.example>\r\n"},
        {"sender": "<sip:pbx.example>"},
    ],
)
def test_who_withholds_the_number_or_has_none_stays_anonymous(given: dict[str, str]) -> None:
    got = headers(**given)

    assert "10086" not in str(got)
    assert got.get("Privacy") == "id"


def test_over_whom_the_call_came_is_passed_on() -> None:
    assert headers(more="Diversion: <sip:boss@pbx.example>;reason=no-answer\r\n")["Diversion"] == (
        "<sip:boss@pbx.example>;reason=no-answer"
    )


def test_answer_is_no_invite() -> None:
    with pytest.raises(SipParseError):
        headers_for_core(b"SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n")


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ('SIP;cause=200;text="Call completed elsewhere"', "Call completed elsewhere"),
        ("Q.850;cause=16", ""),
        ("", ""),
        ("SIP;;;=", ""),
    ],
)
def test_text_of_a_reason(header: str, text: str) -> None:
    assert reason_text(header) == text
