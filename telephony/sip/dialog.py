"""A dialog: what two peers remember about each other between INVITE and BYE (RFC 3261 12).

A value that grows: sequence numbers rise, the remote target follows the peer's Contact. It knows
how to address a request inside the dialog, and it can be written into a record from which another
process goes on (`DialogRecord`), from the INVITE on: that of a leg without a final answer holds
the INVITE too.
"""

from dataclasses import dataclass

import msgspec

from foundation.errors import RemoteError
from telephony.sip.errors import SipParseError
from telephony.sip.events import HostPort
from telephony.sip.headers import NameAddr
from telephony.sip.message import (
    COMPACT,
    Message,
    Request,
    clean_text,
    is_utf8,
    parse_message,
    serialise,
)
from telephony.sip.uri import literal_address, parse_uri

RECORD_VERSION = 1


@dataclass(frozen=True, slots=True)
class Target:
    """Where a call of ours goes: request URI, To, and the address of the first datagram."""

    uri: str
    to: str
    address: HostPort
    listener: int = 0
    is_natted: bool = False
    "The URI is what the phone believes to be its address; only `address` reaches it."


class Dialog(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Identity, addresses, sequence numbers and route of one dialog."""

    call_id: str
    local: str
    "Our From or To value with our tag, as we write it."
    local_tag: str
    remote: str
    "The peer's, with its tag as soon as it has one."
    remote_tag: str = ""
    local_seq: int = 0
    remote_seq: int = 0
    route_set: list[str] = []
    "Record-Route items in the order in which requests of ours name them."
    remote_target: str = ""
    "The peer's Contact: request URI of what we send."
    host: str = ""
    port: int = 0
    "Where the peer's last INVITE or answer came from."
    listener: int = 0
    is_natted: bool = False
    "The Contact cannot be reached as written; requests go to `host` and `port`."

    @property
    def peer(self) -> HostPort:
        return HostPort(self.host, self.port)

    def aim(self, target: Target) -> None:
        """Before there is a peer: the phone that is being called."""
        self.remote_target = target.uri
        self.host, self.port = target.address.host, target.address.port
        self.listener = target.listener
        self.is_natted = target.is_natted

    def next_seq(self) -> int:
        self.local_seq += 1
        return self.local_seq

    def learn_target(self, message: Message) -> None:
        """Target refresh (RFC 3261 12.2): INVITE, UPDATE and their 2xx carry a Contact."""
        contacts = message.contacts
        if contacts:
            _ = contacts[0].uri
            self.remote_target = contacts[0].uri_text

    def follow(self, request: Request, source: HostPort) -> None:
        """The peer's INVITE or UPDATE within the dialog: it may speak from elsewhere now."""
        self.learn_target(request)
        self.host, self.port = source.host, source.port
        self.is_natted = self.is_natted or comes_through_nat(request, self.remote_target, source)

    def request_line(self) -> tuple[str, list[tuple[str, str]]]:
        """Request URI and Route headers (RFC 3261 12.2.1.1), strict first hops included."""
        if not self.route_set:
            return self.remote_target, []
        first = NameAddr.parse(self.route_set[0])
        if first.uri.param("lr") is not None:
            return self.remote_target, [("Route", item) for item in self.route_set]
        rest = [*self.route_set[1:], f"<{self.remote_target}>"]
        return str(first.uri), [("Route", item) for item in rest]

    def next_hop(self) -> HostPort:
        """Where a request inside the dialog is sent; a name that is no IP address means the
        peer, since nothing here can resolve it."""
        if self.route_set:
            return address_of(NameAddr.parse(self.route_set[0]).uri_text) or self.peer
        if self.is_natted:
            return self.peer
        return address_of(self.remote_target) or self.peer


def storable(address: str) -> str:
    """A From or To value for the record; a name that is not UTF-8 is left out, since only the
    URI and the tag matter inside a dialog (RFC 3261 12.2.1.1)."""
    if is_utf8(address):
        return address
    parsed = NameAddr.parse(address)
    params = tuple(pair for pair in parsed.params if is_utf8(f"{pair[0]}{pair[1]}"))
    return str(NameAddr(clean_text(parsed.uri_text), "", params))


def comes_through_nat(request: Request, target: str, source: HostPort) -> bool:
    """The peer itself, not a proxy, sent this from elsewhere than its Contact says."""
    if len(request.items("via")) > 1:
        return False
    if parse_uri(target).param("ob") is not None:
        # RFC 5626 4.3: requests to this Contact go the way this one came.
        return True
    contact = address_of(target)
    return contact != source and literal_address(request.via.host) != source.host


def address_of(uri_text: str) -> HostPort | None:
    """The address that a URI names literally (RFC 3263 4.2, first case); None for a name."""
    uri = parse_uri(uri_text)
    host = "127.0.0.1" if uri.host == "localhost" else literal_address(uri.host)
    is_tls = uri.scheme == "sips" or (uri.param("transport") or "").lower() == "tls"
    return HostPort(host, uri.port or (5061 if is_tls else 5060)) if host else None


class BranchRecord(msgspec.Struct, kw_only=True, omit_defaults=True):
    """An INVITE of ours to one more phone of the same person."""

    invite: bytes
    host: str
    port: int
    listener: int = 0
    is_natted: bool = False
    has_provisional: bool = False


class DialogRecord(msgspec.Struct, kw_only=True, omit_defaults=True):
    """All that a new process needs to go on with a leg; opaque to everybody else."""

    version: int = RECORD_VERSION
    leg: str
    is_caller: bool
    "We sent the first INVITE."
    dialog: Dialog
    invite: bytes = b""
    "Our INVITE, or the head of the peer's, as long as it has no final answer: the leg is early."
    has_provisional: bool = False
    "The peer has answered our INVITE provisionally, so that it may be cancelled (RFC 3261 9.1)."
    branches: list[BranchRecord] = []
    "The other phones that were called at the same time, as long as none has answered."
    is_acknowledged: bool = True
    invite_seq: int = 0
    "CSeq of the peer's last INVITE that `answer` answers."
    answer: bytes = b""
    "Our last 200 to an INVITE, byte for byte, and where it went."
    answer_host: str = ""
    answer_port: int = 0
    ack: bytes = b""
    "Our last ACK, for a 200 that comes again."
    ack_seq: int = 0
    session_s: int = 0
    "Interval of the session timer (RFC 4028); 0: none runs."
    we_refresh: bool = False
    allows_update: bool = False
    refer_cseq: int = 0
    "CSeq of the peer's REFER that was accepted and is not reported on finally; 0: none."
    trunk: str = ""
    max_call_s: float | None = None
    local_body: bytes = b""
    remote_body: bytes = b""
    extra: bytes = b""


class BadRecord(RemoteError):
    """A dialog record that this version cannot read."""


_decoder = msgspec.msgpack.Decoder(DialogRecord)


def read_record(data: bytes) -> DialogRecord:
    try:
        record = _decoder.decode(data)
        parse_uri(record.dialog.remote_target)
    except (msgspec.MsgspecError, SipParseError) as error:
        raise BadRecord(f"a dialog record of {len(data)} bytes cannot be read: {error}") from error
    if record.version != RECORD_VERSION:
        raise BadRecord(f"a dialog record of version {record.version} cannot be read")
    return record


_ANSWERED_BY = frozenset(
    ("via", "from", "to", "call-id", "cseq", "contact", "record-route", "max-forwards")
)


def head_of(invite: Request) -> bytes:
    """What of a peer's INVITE is needed to answer it, and no more: the peer chose its length."""
    headers = [
        (name, value)
        for name, value in invite.headers
        if COMPACT.get(name.lower(), name.lower()) in _ANSWERED_BY
    ]
    return serialise(invite.start_line, headers, b"")


def read_invite(data: bytes) -> Request:
    """The INVITE of an early leg."""
    try:
        invite = parse_message(data)
        _ = invite.via, invite.sender, invite.to, invite.cseq, invite.call_id
    except SipParseError as error:
        raise BadRecord(f"the INVITE of a dialog record cannot be read: {error}") from error
    if not isinstance(invite, Request):
        raise BadRecord("the INVITE of a dialog record is a response")
    return invite


def write_record(record: DialogRecord) -> bytes:
    return msgspec.msgpack.encode(record)
