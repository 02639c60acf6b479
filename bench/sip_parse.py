"""How much SIP one CPU-second does: parsing, typed headers, writing, and whole calls as a server.

    python -m bench.sip_parse [--seconds 1.0]

CPU time of this process, no sockets: the work of the stack alone.
"""

import argparse
import random
import time
from collections.abc import Callable

from telephony.sip.events import HostPort, IncomingCall, SendDatagram
from telephony.sip.options import Listener, SipOptions
from telephony.sip.stack import SipStack
from telephony.sip.wording.message import Request, parse_message

CENTRE = HostPort("192.0.2.1", 5060)
CALLER = HostPort("192.0.2.2", 5070)
SDP = (
    b"v=0\r\no=- 3724394400 3724394405 IN IP4 192.0.2.2\r\ns=call\r\nc=IN IP4 192.0.2.2\r\n"
    b"t=0 0\r\nm=audio 30000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
    b"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=sendrecv\r\na=ptime:20\r\n"
)
COMMON = (
    "Via: SIP/2.0/UDP 192.0.2.2:5070;branch=z9hG4bK{branch};rport\r\n"
    "Max-Forwards: 70\r\n"
    'From: "Li Na" <sip:10086@192.0.2.2>;tag={tag}\r\n'
    "To: <sip:8000@192.0.2.1>{to_tag}\r\n"
    "Call-ID: {call}@192.0.2.2\r\n"
    "CSeq: {cseq}\r\n"
    "Contact: <sip:10086@192.0.2.2:5070>\r\n"
    "User-Agent: bench\r\n"
    "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE\r\n"
    "Supported: replaces, timer\r\n"
)


def request(method: str, number: int, cseq: int, to_tag: str = "", body: bytes = b"") -> bytes:
    head = COMMON.format(
        branch=f"{number}-{cseq}-{method}",
        tag=f"t{number}",
        to_tag=f";tag={to_tag}" if to_tag else "",
        call=f"c{number}",
        cseq=f"{cseq} {method}",
    )
    kind = "Content-Type: application/sdp\r\n" if body else ""
    text = f"{method} sip:8000@192.0.2.1 SIP/2.0\r\n{head}{kind}Content-Length: {len(body)}\r\n\r\n"
    return text.encode() + body


INVITE = request("INVITE", 1, 1, body=SDP)


def parse() -> None:
    parse_message(INVITE)


def parse_typed() -> Request:
    message = parse_message(INVITE)
    assert isinstance(message, Request)
    _ = message.via, message.sender, message.to, message.cseq, message.call_id, message.contacts
    _ = message.uri, message.content_type
    return message


def parse_write() -> bytes:
    message = parse_typed()
    return bytes(Request(message.method, message.uri_text, message.headers[:-1], message.body))


class Callers:
    """Calls one after the other; virtual time passes so that finished transactions go away."""

    def __init__(self) -> None:
        options = SipOptions(listeners=(Listener(address=CENTRE),))
        self.stack = SipStack(
            options, {}, lines=lambda user: True, secret=b"bench", random=random.Random(1)
        )
        self.number = 0
        self.now = 0.0

    def call(self) -> None:
        """INVITE, 200, ACK, BYE, 200."""
        self.number += 1
        self.now += 0.01
        stack, number, now = self.stack, self.number, self.now
        effects = stack.receive(request("INVITE", number, 1, body=SDP), CALLER, 0, now)
        (leg,) = (each.leg for each in effects if isinstance(each, IncomingCall))
        (answer,) = (e.data for e in stack.accept(leg, SDP, now) if isinstance(e, SendDatagram))
        tag = parse_message(answer).to.tag
        stack.receive(request("ACK", number, 1, tag), CALLER, 0, now)
        stack.receive(request("BYE", number, 2, tag), CALLER, 0, now)
        stack.tick(now)


def rate(work: Callable[[], object], seconds: float) -> float:
    count = 0
    started = time.process_time()
    while (spent := time.process_time() - started) < seconds:
        for _ in range(100):
            work()
        count += 100
    return count / spent


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=1.0)
    seconds = arguments.parse_args().seconds
    print(f"INVITE of {len(INVITE)} bytes, per CPU-second")
    print(f"parse                 {rate(parse, seconds):9.0f}")
    print(f"parse, typed headers  {rate(parse_typed, seconds):9.0f}")
    print(f"parse, typed, write   {rate(parse_write, seconds):9.0f}")
    print(f"calls as a server     {rate(Callers().call, 2 * seconds):9.0f}")


if __name__ == "__main__":
    main()
