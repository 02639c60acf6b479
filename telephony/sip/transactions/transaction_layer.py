"""All transactions of the stack: finds the one a message belongs to, and keeps the tables bounded.

datagram ─▶ stack ─▶ layer ─▶ machine ─▶ Transmit ─▶ SendDatagram
                          └▶ Deliver, TimedOut ─▶ back to the stack as `Outcome`
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from foundation.ids import LegId
from telephony.sip.events import HostPort, SendDatagram
from telephony.sip.options import SipOptions
from telephony.sip.transactions.alarms import Alarms
from telephony.sip.transactions.client_transaction import ClientTransaction, InviteClientTransaction
from telephony.sip.transactions.server_transaction import InviteServerTransaction, ServerTransaction
from telephony.sip.transactions.transaction import (
    AckArrived,
    Deliver,
    RequestAgain,
    Respond,
    ResponseArrived,
    State,
    TimedOut,
    TransactionEffect,
    Transmit,
)
from telephony.sip.ways import DATAGRAM_BYTES, Flow, Ways
from telephony.sip.wording.headers import NameAddr
from telephony.sip.wording.message import Request, Response, serialise

COOKIE = "z9hG4bK"
ServerKey = tuple[str, ...]
ClientKey = tuple[str, str]
AlarmKey = tuple[str, object]
UNANSWERED = (State.CALLING, State.TRYING, State.PROCEEDING)


class Purpose(StrEnum):
    """Why we sent a request, that is, who takes the answer."""

    INVITE = "invite"
    REINVITE = "re-invite"
    UPDATE = "update"
    PRACK = "prack"
    CANCEL = "cancel"
    BYE = "bye"
    NOTIFY = "notify"
    INFO = "info"


@dataclass(slots=True, eq=False)
class ServerEntry:
    """A request of a peer, with the machine that answers it."""

    key: ServerKey
    machine: InviteServerTransaction | ServerTransaction
    request: Request
    source: HostPort
    to: HostPort
    listener: int
    leg_id: LegId | None = None
    merge_key: tuple[str, str, str] | None = None


@dataclass(slots=True, eq=False)
class ClientEntry:
    """A request of ours, with the machine that repeats it."""

    key: ClientKey
    machine: InviteClientTransaction | ClientTransaction
    request: Request
    to: HostPort
    listener: int
    purpose: Purpose
    leg_id: LegId
    retried: bool = False
    "Sent with credentials already."
    has_provisional: bool = False
    is_cancelled: bool = False
    is_lost: bool = False
    "An INVITE to a phone that need not answer any more: another did."
    by_datagram: tuple[Request, int] | None = None
    "A long request that went by TCP: as it goes by UDP, and the listener for that."


@dataclass(frozen=True, slots=True)
class Outcome:
    """News about a request of ours; `response` None: nothing came in time."""

    entry: ClientEntry
    response: Response | None
    is_unsent: bool = False
    "The peer could not be reached, or its connection broke (RFC 3261 18.4)."


class TransactionLayer:
    """Both tables of transactions."""

    def __init__(
        self,
        options: SipOptions,
        ways: Ways,
        alarms: Alarms[AlarmKey],
        emit: Callable[[SendDatagram], None],
    ) -> None:
        self._options = options
        self._ways = ways
        self._alarms = alarms
        self._emit = emit
        self._servers: dict[ServerKey, ServerEntry] = {}
        self._clients: dict[ClientKey, ClientEntry] = {}
        self._ongoing: dict[tuple[str, str, str], ServerKey] = {}

    def __len__(self) -> int:
        return len(self._servers) + len(self._clients)

    @property
    def is_full(self) -> bool:
        return len(self) >= self._options.max_transactions

    # -- as server -------------------------------------------------------------------------------

    def find_server(self, request: Request, method: str = "") -> ServerEntry | None:
        """The transaction that this request repeats, acknowledges or (`method` INVITE) cancels."""
        return self._servers.get(server_key(request, method or request.method))

    def is_merged(self, request: Request) -> bool:
        """RFC 3261 8.2.2.2: the same request came by another way and is being handled."""
        return not request.to.tag and _merge_key(request) in self._ongoing

    def open(self, request: Request, source: HostPort, listener: int) -> ServerEntry:
        reliable = self._ways.is_stream(listener)
        timers = self._options.timers
        machine: InviteServerTransaction | ServerTransaction
        if request.method == "INVITE":
            machine = InviteServerTransaction(timers, reliable=reliable)
        else:
            machine = ServerTransaction(timers, reliable=reliable)
        key = server_key(request, request.method)
        to = self._ways.reply_to(request, source, listener)
        entry = ServerEntry(key, machine, request, source, to, listener)
        self._servers[key] = entry
        if not request.to.tag:
            entry.merge_key = _merge_key(request)
            self._ongoing[entry.merge_key] = key
        return entry

    def respond(self, entry: ServerEntry, status: int, data: bytes, now: float) -> None:
        self._serve(entry, entry.machine.feed(Respond(status, data), now))

    def repeat(self, entry: ServerEntry, now: float) -> None:
        self._serve(entry, entry.machine.feed(RequestAgain(), now))

    def acknowledge(self, entry: ServerEntry, now: float) -> bool:
        """True when the ACK is for a 2xx, so that the dialog must see it."""
        effects = entry.machine.feed(AckArrived(), now)
        self._serve(entry, effects)
        return any(isinstance(effect, Deliver) for effect in effects)

    def _serve(self, entry: ServerEntry, effects: list[TransactionEffect]) -> None:
        for effect in effects:
            if isinstance(effect, Transmit):
                if self._ways.is_stream(entry.listener):
                    entry.to = self._ways.reply_to(entry.request, entry.source, entry.listener)
                self._emit(SendDatagram(effect.data, entry.to, entry.listener))
        if entry.machine.is_over:
            self._forget_server(entry)
        else:
            self._alarms.set(("server", entry.key), entry.machine.deadline)

    def _forget_server(self, entry: ServerEntry) -> None:
        self._alarms.set(("server", entry.key), None)
        self._servers.pop(entry.key, None)
        if entry.merge_key is not None:
            self._ongoing.pop(entry.merge_key, None)

    # -- as client -------------------------------------------------------------------------------

    def send(
        self,
        request: Request,
        to: HostPort,
        listener: int,
        *,
        purpose: Purpose,
        leg_id: LegId,
        now: float,
    ) -> ClientEntry:
        data = bytes(request)
        by_datagram = None
        if len(data) > DATAGRAM_BYTES:
            by_tcp = self._ways.by_tcp(request, to, listener, now)
            if by_tcp is not None:
                by_datagram = request, listener
                request, listener = self._moved(request, by_tcp), by_tcp
                data = bytes(request)
        machine = self._client_machine(request.method, data, listener)
        entry = self._expect(request, machine, to, listener, purpose, leg_id)
        entry.by_datagram = by_datagram
        self._ask(entry, machine.start(now))
        return entry

    def _client_machine(
        self, method: str, data: bytes, listener: int
    ) -> InviteClientTransaction | ClientTransaction:
        reliable = self._ways.is_stream(listener)
        timers = self._options.timers
        if method == "INVITE":
            return InviteClientTransaction(data, timers, reliable=reliable)
        return ClientTransaction(data, timers, reliable=reliable)

    def _moved(self, request: Request, listener: int) -> Request:
        """The same request, sent by another listener of ours: its Via says so."""
        ours = self._options.listeners[listener]
        via = replace(
            request.via,
            transport=ours.transport,
            host=ours.address.host,
            port=ours.address.port,
        )
        rest = [pair for pair in request.headers if pair[0].lower() != "via"]
        lines = [("Via", str(via)), *rest]
        return Request(request.method, request.uri_text, lines, request.body)

    def resume(
        self,
        invite: Request,
        to: HostPort,
        listener: int,
        leg_id: LegId,
        now: float,
        *,
        answered: bool,
    ) -> ClientEntry:
        """Wait for the answer to an INVITE that the process before us sent.

        answered: a provisional answer came; without one the INVITE is sent again, to get it.
        """
        reliable = self._ways.is_stream(listener)
        machine = InviteClientTransaction(bytes(invite), self._options.timers, reliable=reliable)
        machine.resume(now, answered=answered)
        entry = self._expect(invite, machine, to, listener, Purpose.INVITE, leg_id)
        entry.has_provisional = answered
        self._ask(entry, [])
        return entry

    def _expect(
        self,
        request: Request,
        machine: InviteClientTransaction | ClientTransaction,
        to: HostPort,
        listener: int,
        purpose: Purpose,
        leg_id: LegId,
    ) -> ClientEntry:
        key = (request.via.branch, request.method)
        entry = ClientEntry(key, machine, request, to, listener, purpose, leg_id)
        self._clients[key] = entry
        return entry

    def receive(self, response: Response, now: float) -> Outcome | None:
        """None when the response repeats old news; `KeyError` when it answers nothing of ours."""
        entry = self._clients[response.via.branch, response.cseq.method]
        ack = b""
        if response.status >= 300 and entry.request.method == "INVITE":
            ack = refusal_ack(entry.request, response)
        effects = entry.machine.feed(ResponseArrived(response.status, ack), now)
        self._ask(entry, effects)
        news = any(isinstance(effect, Deliver) for effect in effects)
        return Outcome(entry, response) if news else None

    def limit(self, entry: ClientEntry, at: float) -> None:
        """Wait no longer than that for the end of an INVITE that was cancelled."""
        if isinstance(entry.machine, InviteClientTransaction) and entry.key in self._clients:
            entry.machine.limit(at)
            self._ask(entry, [])

    def abandon(self, entry: ClientEntry) -> None:
        """Stop waiting for the answer to a request."""
        entry.machine.give_up()
        self._ask(entry, [])

    def unsent(self, key: ClientKey, now: float) -> Outcome | None:
        """This request could not be delivered: once more by UDP, or it has failed."""
        entry = self._clients.get(key)
        if entry is None or entry.machine.state not in UNANSWERED:
            return None
        if entry.by_datagram is not None:
            self._ways.refused_tcp(entry.to, now)
            entry.request, entry.listener = entry.by_datagram
            entry.by_datagram = None
            data = bytes(entry.request)
            entry.machine = self._client_machine(entry.request.method, data, entry.listener)
            self._ask(entry, entry.machine.start(now))
            return None
        self.abandon(entry)
        return Outcome(entry, None, is_unsent=True)

    def waiting_on(self, flow: Flow) -> list[ClientKey]:
        """Requests whose answers would have come on this connection."""
        return [key for key, entry in self._clients.items() if (entry.listener, entry.to) == flow]

    def take_unanswered(self, peer: HostPort) -> list[ClientEntry]:
        """Stop the first INVITEs that datagrams took to `peer` and that have no answer at all."""
        found = [
            entry
            for entry in self._clients.values()
            if entry.to == peer
            and not self._ways.is_stream(entry.listener)
            and entry.purpose is Purpose.INVITE
            and entry.machine.state is State.CALLING
        ]
        for entry in found:
            self.abandon(entry)
        return found

    def _ask(self, entry: ClientEntry, effects: list[TransactionEffect]) -> None:
        for effect in effects:
            if isinstance(effect, Transmit):
                self._emit(SendDatagram(effect.data, entry.to, entry.listener))
        if entry.machine.is_over:
            self._alarms.set(("client", entry.key), None)
            self._clients.pop(entry.key, None)
        else:
            self._alarms.set(("client", entry.key), entry.machine.deadline)

    # -- time ------------------------------------------------------------------------------------

    def tick_server(self, key: ServerKey, now: float) -> None:
        entry = self._servers.get(key)
        if entry is not None:
            self._serve(entry, entry.machine.tick(now))

    def tick_client(self, key: ClientKey, now: float) -> Outcome | None:
        entry = self._clients.get(key)
        if entry is None:
            return None
        effects = entry.machine.tick(now)
        self._ask(entry, effects)
        return Outcome(entry, None) if TimedOut() in effects else None


def is_answered(entry: ServerEntry) -> bool:
    """A final answer has been sent."""
    return entry.machine.state not in (State.TRYING, State.PROCEEDING)


def server_key(request: Request, method: str) -> ServerKey:
    """RFC 3261 17.2.3; a branch without the cookie comes from an RFC 2543 phone."""
    via = request.via
    method = "INVITE" if method == "ACK" else method
    if via.branch.startswith(COOKIE):
        return via.branch, via.sent_by, method
    return (
        request.values("via")[0],
        request.call_id,
        request.sender.tag,
        str(request.cseq.number),
        method,
    )


def _merge_key(request: Request) -> tuple[str, str, str]:
    return request.call_id, request.sender.tag, str(request.cseq)


def refusal_ack(invite: Request, response: Response) -> bytes:
    """The ACK of a 3xx to 6xx, which is part of the INVITE's transaction (RFC 3261 17.1.1.3)."""
    number = invite.cseq.number
    headers = [
        ("Via", invite.values("via")[0]),
        ("Max-Forwards", "70"),
        ("From", invite.values("from")[0]),
        ("To", str(NameAddr.parse(response.values("to")[0]))),
        ("Call-ID", invite.call_id),
        ("CSeq", f"{number} ACK"),
        *(("Route", item) for item in invite.values("route")),
    ]
    return serialise(f"ACK {invite.uri_text} SIP/2.0", headers, b"")
