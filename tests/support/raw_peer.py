"""A phone that keeps no rule: any request and any answer at any moment, written by hand.

    peer = RawPeer(stack, stream=False)
    peer.ask("INVITE", body=OFFER)
    peer.answer(peer.asked[-1], 183, tag="fork", rseq=1)
    peer.pass_time(32.0)

It notes what the stack answered to each of its requests, and everything that the stack told.
"""

from collections import defaultdict
from collections.abc import Iterable

from telephony.sip.events import SendDatagram, SipEvent, StackEffect
from telephony.sip.stack import SipStack
from telephony.sip.wording.message import Request, parse_message
from tests.support.wire import CENTRE, PHONE

TICKS_MOST = 500
"In one stretch of time; what ticks more often spins."


class RawPeer:
    """At PHONE, against one stack at CENTRE; `now` is the only clock."""

    def __init__(self, stack: SipStack, *, stream: bool) -> None:
        self.stack = stack
        self.now = 0.0
        self.transport = "TCP" if stream else "UDP"
        self.events: list[SipEvent] = []
        self.asked: list[Request] = []
        "What the stack asked of us, ACKs included."
        self.finals: dict[tuple[str, str], set[int]] = defaultdict(set)
        "Final answers to each of our requests, by branch and method."
        self.written: list[tuple[float, bytes]] = []
        "All that we sent, and when."
        self.call_id, self.tag, self.their_tag = "raw-1", "raw", ""
        self.sent_count = 0
        self.invite: Request | None = None
        self.rack = ""
        "Of the last reliable answer to our INVITE."
        self._number = 0
        self._is_open = stream
        if stream:
            stack.flow_opened(PHONE, 0)

    # -- what the stack does ---------------------------------------------------------------------

    def perform(self, effects: Iterable[StackEffect]) -> None:
        for effect in effects:
            if not isinstance(effect, SendDatagram):
                self.events.append(effect)
            elif self.transport == "TCP" and not self._is_open:
                self.perform(self.stack.unsent(effect, self.now))
            else:
                self._hear(effect.data)

    def _hear(self, data: bytes) -> None:
        self.sent_count += 1
        message = parse_message(data)
        if isinstance(message, Request):
            self.asked.append(message)
            self.call_id = message.call_id
            self.their_tag = self.their_tag or message.sender.tag
            return
        if message.status > 100 and message.to.tag:
            self.their_tag = message.to.tag
        if (rseq := message.find("rseq")) is not None:
            self.rack = f"{rseq} {message.cseq.number} INVITE"
        if message.status >= 200:
            self.finals[message.via.branch, message.cseq.method].add(message.status)

    def pass_time(self, seconds: float) -> None:
        until = self.now + seconds
        for _ in range(TICKS_MOST):
            deadline = self.stack.deadline
            if deadline is None or deadline > until:
                self.now = until
                return
            self.now = max(self.now, deadline)
            self.perform(self.stack.tick(self.now))
            assert self.stack.deadline is None or self.stack.deadline > deadline, "it would spin"
        raise AssertionError(f"more than {TICKS_MOST} timers in {seconds} s")

    # -- what the peer does ----------------------------------------------------------------------

    def ask(self, method: str, *lines: str, body: bytes = b"", tag: str | None = None) -> None:
        """A request of the dialog, or the first one; ACK and CANCEL are of the last INVITE."""
        of_invite = method in ("ACK", "CANCEL") and self.invite is not None
        if not of_invite:
            self._number += 1
        number = self.invite.cseq.number if of_invite and self.invite else self._number
        branch = f"z9hG4bKraw{number if method != 'ACK' else f'{number}a'}"
        their_tag = self.their_tag if tag is None else tag
        is_first = method == "CANCEL" and self.invite is not None and not self.invite.to.tag
        to = "<sip:8000@hotline.example>" + (
            f";tag={their_tag}" if their_tag and not is_first else ""
        )
        head = [
            f"{method} sip:8000@{CENTRE.host} SIP/2.0",
            f"Via: SIP/2.0/{self.transport} {PHONE.host}:{PHONE.port};branch={branch};rport",
            "Max-Forwards: 70",
            f"From: <sip:10086@example.com>;tag={self.tag}",
            f"To: {to}",
            f"Call-ID: {self.call_id}",
            f"CSeq: {number} {method}",
            f"Contact: <sip:10086@{PHONE.host}:{PHONE.port}>",
            *lines,
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        data = "\r\n".join([*head, "", ""]).encode() + body
        if method == "INVITE":
            request = parse_message(data)
            assert isinstance(request, Request)
            self.invite = request
        elif method != "ACK":
            _ = self.finals[branch, method]  # an answer is owed
        if method == "INVITE":
            _ = self.finals[branch, method]
        self.write(data)

    def answer(
        self, request: Request, status: int, *lines: str, tag: str = "", body: bytes = b""
    ) -> None:
        """An answer to what the stack asked; `tag` of which phone."""
        to = request.values("to")[0]
        head = [
            f"SIP/2.0 {status} Whatever",
            *(f"Via: {via}" for via in request.values("via")),
            f"From: {request.values('from')[0]}",
            f"To: {to}" + ("" if request.to.tag else f";tag={tag or self.tag}"),
            f"Call-ID: {request.call_id}",
            f"CSeq: {request.cseq}",
            f"Contact: <sip:10086@{PHONE.host}:{PHONE.port}>",
            *lines,
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        self.write("\r\n".join([*head, "", ""]).encode() + body)

    def write(self, data: bytes) -> None:
        if self.transport == "TCP" and not self._is_open:
            return
        self.written.append((self.now, data))
        self.perform(self.stack.receive(data, PHONE, 0, self.now))

    def break_connection(self) -> None:
        if self._is_open:
            self._is_open = False
            self.perform(self.stack.flow_closed(PHONE, 0, self.now))

    def connect(self) -> None:
        if self.transport == "TCP" and not self._is_open:
            self._is_open = True
            self.stack.flow_opened(PHONE, 0)

    def heard(self, kind: type) -> list[SipEvent]:
        return [event for event in self.events if isinstance(event, kind)]
