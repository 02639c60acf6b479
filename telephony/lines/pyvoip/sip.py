"""pyVoIP's SIP client on one socket that answers everything and sends again.

Overridden, because pyVoIP 1.6.8 polls its socket, drops methods other than INVITE, ACK, BYE and
CANCEL without an answer, answers to the configured server instead of the sender, repeats Call-IDs
after a restart, invents a new To tag in ACK and in answers inside a dialog, and knows no qop.
"""

import re
import secrets
import socket
import threading
from collections.abc import Callable
from typing import Any

import pyVoIP.VoIP  # noqa: F401  # first: pyVoIP.SIP alone ends in a circle of imports
from pyVoIP import SIP

from foundation.clock import monotonic_s
from telephony.lines.pyvoip.again import LIFE_S, SendAgain
from telephony.sip.digest import Credentials, DigestClient
from telephony.sip.wording.errors import SipParseError

Address = tuple[str, int]
MAX_DATAGRAM = 65_535
ALLOW = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO"
COMPACT = {
    "v": "Via", "f": "From", "t": "To", "i": "Call-ID", "m": "Contact",
    "c": "Content-Type", "l": "Content-Length",
}  # fmt: skip
NAMES = {
    name.lower(): name
    for name in ("Via", "From", "To", "Call-ID", "CSeq", "Contact", "Content-Type",
                 "Content-Length", "Expires", "WWW-Authenticate", "Proxy-Authenticate")
} | COMPACT  # fmt: skip
"Header names ignore case; pyVoIP knows them as they are written here."
NEEDED = ("Via", "From", "To", "Call-ID", "CSeq")
REASONS = {
    100: "Trying", 180: "Ringing", 181: "Call Is Being Forwarded", 182: "Queued",
    183: "Session Progress", 200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 408: "Request Timeout", 420: "Bad Extension",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist", 482: "Loop Detected", 486: "Busy Here",
    487: "Request Terminated", 488: "Not Acceptable Here", 491: "Request Pending",
    500: "Server Internal Error", 503: "Service Unavailable", 600: "Busy Everywhere",
    603: "Decline",
}  # fmt: skip


class WideMessage(SIP.SIPMessage):  # type: ignore[misc]  # pyVoIP is untyped here
    """pyVoIP's parser, let loose on every method."""

    def parse(self, data: bytes) -> None:
        self.SIPCompatibleMethods = [data.split(b" ", 1)[0].decode("ascii", "replace")]
        super().parse(data)

    @staticmethod
    def parse_raw_header(headers_raw: list[bytes], handle: Callable[[str, Any], None]) -> None:
        """pyVoIP wants ": " in every line; an empty header or a compact name is as legal."""
        headers: dict[str, Any] = {"Via": []}
        for line in headers_raw:
            name, _, value = line.decode(errors="replace").partition(":")
            name, value = NAMES.get(name.strip().lower(), name.strip()), value.strip()
            if name == "Via":
                headers["Via"].append(value)
            else:
                headers.setdefault(name, value)
        for name, value in headers.items():
            if value:
                handle(name, value)

    def parse_header(self, header: str, data: str) -> None:
        try:
            super().parse_header(header, data)
        except IndexError:
            if header not in ("From", "To"):
                raise
            # A tel: URI, or none at all; the call has other things to tell.
            self.headers[header] = {"raw": data, "tag": "", "address": "", "number": None}

    @property
    def is_request(self) -> bool:
        return bool(self.type == SIP.SIPMessageType.MESSAGE)

    @property
    def call_id(self) -> str:
        return str(self.headers["Call-ID"])

    @property
    def branch(self) -> str:
        return str(self.headers["Via"][0]["branch"])

    def sdp(self) -> dict[str, Any] | None:
        """pyVoIP's reading of the SDP; None without one."""
        return self.body if "m" in self.body and "c" in self.body else None

    def raw_header(self, name: str) -> str:
        """The header as it was written; pyVoIP's own reading of it loses parameters."""
        return next(iter(self.raw_headers(name)), "")

    def raw_headers(self, name: str) -> list[str]:
        """All lines of that name, top to bottom."""
        short = next((key for key, value in COMPACT.items() if value == name), name)
        line = rf"\r\n(?:{name}|{short})[ \t]*:[ \t]*([^\r\n]*)".encode()
        head = self.raw.split(b"\r\n\r\n", 1)[0]
        return [value.decode(errors="replace") for value in re.findall(line, head, re.I)]

    def target(self) -> str:
        """The URI in Contact: where requests inside the dialog go."""
        contact = self.raw_header("Contact")
        found = re.search(r"<([^>]*)>", contact)
        return found.group(1) if found else contact.split(";")[0]


class PlainMessage(WideMessage):
    """Without pyVoIP's reading of the body, which refuses most SDP that is not the simplest."""

    def parse(self, data: bytes) -> None:
        super().parse(data.split(b"\r\n\r\n", 1)[0] + b"\r\n\r\n")
        self.body: dict[str, Any] = {"c": [], "m": []}

    @property
    def raw_body(self) -> bytes:
        return bytes(self.raw.partition(b"\r\n\r\n")[2])


def authorization(response: WideMessage, method: str, uri: str, user: str, password: str) -> str:
    """The header that answers a 401 or 407 challenge; '' when none of it can be answered."""
    status, client = int(response.status), DigestClient(Credentials(user, password))
    name = "Proxy-Authenticate" if status == 407 else "WWW-Authenticate"
    try:
        client.take(status, response.raw_headers(name))
    except SipParseError:
        return ""
    lines = client.answer(method, uri, secrets.token_hex(8))
    return "".join(f"{header}: {value}\r\n" for header, value in lines)


class SteadySip(SIP.SIPClient):  # type: ignore[misc]  # pyVoIP is untyped here
    """One socket; messages go to `on_message`, in the thread of `start` or of whoever `read`s."""

    myPort: int
    message_type = WideMessage
    resolved = ""
    "The server's IPv4 address once somebody looked it up; else its name is used."
    on_message: Callable[[WideMessage, Address], None]
    on_given_up: Callable[[str], None]
    on_tick: Callable[[float], None]

    def open(self) -> None:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind((self.myIP, self.myPort))
        sock.settimeout(0.1)
        self.use(sock)

    def use(self, sock: socket.socket) -> None:
        """A bound socket, which is ours from now on."""
        self.s = self.out = sock
        self.myPort = sock.getsockname()[1]
        self.again = SendAgain()
        self._answers: dict[str, tuple[float, bytes]] = {}
        self.NSD = True

    def start(self) -> None:
        self.open()
        threading.Thread(target=self._run, name="pyvoip-sip", daemon=True).start()

    def stop(self) -> None:
        self.NSD = False
        self._close_sockets()

    def gen_call_id(self) -> str:
        return f"{secrets.token_hex(12)}@{self.myIP}:{self.myPort}"

    # -- sending ---------------------------------------------------------------------------------

    @property
    def peer(self) -> Address:
        return (self.resolved or self.server, self.port)

    def send(self, text: str, to: Address | None = None) -> None:
        self._send_bytes(text.encode(), to or self.peer)

    def ask(self, text: str, branch: str) -> None:
        """Send a request, again and again until an answer stops its branch."""
        datagram = text.encode()
        self._send_bytes(datagram, self.peer)
        invite = text.startswith("INVITE")
        self.again.add(branch, datagram, self.peer, monotonic_s(), invite=invite)

    def answer(
        self,
        request: WideMessage,
        source: Address,
        status: int,
        tag: str,
        body: str = "",
        more: str = "",
    ) -> None:
        """Answer where the request came from; an INVITE's final answer is sent until its ACK.

        more: header lines, each with its end.
        """
        datagram = self._response(request, status, tag, body, more).encode()
        now, transaction = monotonic_s(), _transaction(request)
        self._answers.pop(transaction, None)  # so that the oldest stay in front
        self._answers[transaction] = (now + LIFE_S, datagram)
        self._send_bytes(datagram, source)
        if request.method == "INVITE" and status >= 200:
            self.again.add(request.call_id, datagram, source, now)

    def _send_bytes(self, datagram: bytes, to: Address) -> None:
        try:
            self.s.sendto(datagram, to)
        except OSError:
            if self.NSD:  # else: closed while something was on its way
                raise

    # -- messages --------------------------------------------------------------------------------

    def own_via(self, branch: str) -> str:
        return f"Via: SIP/2.0/UDP {self.myIP}:{self.myPort};branch={branch};rport\r\n"

    def own_contact(self) -> str:
        return f"Contact: <sip:{self.username}@{self.myIP}:{self.myPort}>\r\n"

    def request(
        self, method: str, uri: str, dialog_headers: str, cseq: int, branch: str, more: str = ""
    ) -> str:
        """A request without body; `dialog_headers` are From, To and Call-ID."""
        return (
            f"{method} {uri} SIP/2.0\r\n{self.own_via(branch)}Max-Forwards: 70\r\n"
            f"{dialog_headers}CSeq: {cseq} {method}\r\n{more}"
            f"User-Agent: pyVoIP\r\nContent-Length: 0\r\n\r\n"
        )

    def _response(self, request: WideMessage, status: int, tag: str, body: str, more: str) -> str:
        to = request.raw_header("To")
        if ";tag=" not in to and status > 100:
            to += f";tag={tag}"
        contact = ""
        if request.method == "INVITE" and status > 100:
            routes = request.raw_headers("Record-Route")
            contact = "".join(f"Record-Route: {route}\r\n" for route in routes)
            contact += self.own_contact()
        kind = "Content-Type: application/sdp\r\n" if body else ""
        return (
            f"SIP/2.0 {status} {REASONS[status]}\r\n{_vias(request)}"
            f"From: {request.raw_header('From')}\r\nTo: {to}\r\nCall-ID: {request.call_id}\r\n"
            f"CSeq: {request.raw_header('CSeq')}\r\n{contact}{more}Allow: {ALLOW}\r\n"
            f"User-Agent: pyVoIP\r\n{kind}Content-Length: {len(body.encode())}\r\n\r\n{body}"
        )

    # -- receiving -------------------------------------------------------------------------------

    def _run(self) -> None:
        while self.NSD:
            try:
                self.read()
            except TimeoutError:
                pass
            except OSError:
                return  # closed by stop()
            self.on_time(monotonic_s())

    def read(self) -> None:
        """One datagram; raises what the socket raises."""
        data, source = self.s.recvfrom(MAX_DATAGRAM)
        self._receive(data, source)

    def on_time(self, now: float) -> None:
        """Now and then: what is due is sent again, what is over is forgotten."""
        for datagram, to in self.again.due(now):
            self._send_bytes(datagram, to)
        for key in self.again.given_up(now):
            self.on_given_up(key)
        while self._answers and next(iter(self._answers.values()))[0] <= now:
            del self._answers[next(iter(self._answers))]
        self.on_tick(now)

    def _receive(self, data: bytes, source: Address) -> None:
        try:
            message = self.message_type(data)
            _ = [message.headers[name] for name in NEEDED]
            method = message.headers["CSeq"]["method"]
            _ = message.branch
            known = self._answers.get(_transaction(message)) if message.is_request else None
        except (SIP.SIPParseError, ValueError, KeyError, IndexError, AttributeError):
            return  # what pyVoIP cannot read is as if it were lost
        if known is not None and method != "ACK":
            self._send_bytes(known[1], source)
            return
        if not message.is_request:
            self.again.stop(message.branch)
        elif method == "ACK":
            self.again.stop(message.call_id)
        self.on_message(message, source)


def _transaction(request: WideMessage) -> str:
    return f"{request.branch} {request.headers['CSeq']['method']}"


def _vias(request: WideMessage) -> str:
    """All Via headers as they came; `received` and rport are for proxies, we answer the source."""
    lines = re.findall(rb"\r\n(Via|v)[ \t]*:[ \t]*([^\r\n]*)", request.raw, re.I)
    return "".join(f"Via: {value.decode(errors='replace')}\r\n" for _, value in lines)
