"""A PBX on paper: messages to a pyVoIP line as text, and what the line sent."""

import socket
from typing import cast

from telephony.lines import carried
from telephony.lines.pyvoip.line import LineCall, PyVoipLine
from telephony.lines.pyvoip.registration import News
from telephony.lines.pyvoip.sip import Address

PBX: Address = ("192.0.2.9", 5060)
STRANGER: Address = ("203.0.113.66", 5060)
OFFER = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\n\r\nodd, but none of the SIP side's business"


class PaperSocket:
    """Remembers datagrams."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Address]] = []

    def getsockname(self) -> Address:
        return ("192.0.2.1", 5070)

    def sendto(self, data: bytes, to: Address) -> None:
        self.sent.append((data.decode(), to))

    def close(self) -> None:
        pass


class PaperLine:
    """A line whose socket is paper."""

    def __init__(self) -> None:
        self.invited: list[LineCall] = []
        self.told: list[tuple[str, carried.Given]] = []
        self.digits: list[tuple[str, str]] = []
        self.news: list[News] = []
        self.line = PyVoipLine(
            "pbx.example", 5060, "200", "secret", "192.0.2.1", 5070,
            on_invited=self.invited.append,
            on_call=lambda call_id, given: self.told.append((call_id, given)),
            on_digit=lambda call_id, digit: self.digits.append((call_id, digit)),
            on_registration=self.news.append,
        )  # fmt: skip
        self.socket = PaperSocket()
        self.line.sip.use(cast(socket.socket, self.socket))
        self.line.sip.use_addresses([PBX[0]])

    def receive(self, text: str, source: Address = PBX) -> list[str]:
        """What the line sends in return, as start lines."""
        before = len(self.socket.sent)
        self.line.sip._receive(text.encode(), source)
        return [message.split("\r\n", 1)[0] for message, _ in self.socket.sent[before:]]

    @property
    def last(self) -> str:
        return self.socket.sent[-1][0]

    def tick(self, now: float) -> list[str]:
        before = len(self.socket.sent)
        self.line.sip.on_time(now)
        return [message.split("\r\n", 1)[0] for message, _ in self.socket.sent[before:]]


def request(
    method: str, *, branch: str = "1", call: str = "a@pbx", tag: str = "", body: str = "",
    more: str = "", cseq: int = 1,
) -> str:  # fmt: skip
    to = "<sip:200@192.0.2.1>" + (f";tag={tag}" if tag else "")
    return (
        f"{method} sip:200@192.0.2.1:5070 SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK{branch}\r\n"
        f"From: <sip:10086@pbx.example>;tag=caller\r\nTo: {to}\r\nCall-ID: {call}\r\n"
        f"CSeq: {cseq} {method}\r\nContact: <sip:10086@192.0.2.55:5062>\r\n"
        f"Record-Route: <sip:192.0.2.9;lr>\r\n{more}"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    )


def answer(to: str, status: str, more: str = "") -> str:
    """The PBX's answer to a request of ours."""
    kept = [
        line
        for line in to.split("\r\n")[1:]
        if line.split(":")[0] in ("Via", "From", "To", "Call-ID", "CSeq")
    ]
    return "\r\n".join([f"SIP/2.0 {status}", *kept, f"{more}Content-Length: 0", "", ""])


def tag_of(message: str) -> str:
    """Of To."""
    to = next(line for line in message.split("\r\n") if line.startswith("To:"))
    return to.partition(";tag=")[2]
