"""The registrar: where each phone can be reached now (RFC 3261 10).

A binding keeps what a restarted process needs: contact, the address the REGISTER came from (a phone
behind a NAT is reached there), Call-ID and CSeq (so that an old REGISTER cannot undo a new one),
`+sip.instance`, end. A phone that comes back with the same instance replaces its old binding,
unless it keeps several connections to us, told apart by `reg-id` (Outbound, RFC 5626).

A binding that came by TCP, TLS or WebSocket is its connection: when that closes, the phone can't be
reached and the binding is gone; phones notice and register again. The exception is a TCP phone that
is reached at its Contact directly: a new connection is opened to it (RFC 3261 18.1.1).

Who asks was authenticated before; this file never looks at passwords.
"""

from dataclasses import dataclass

import msgspec

from telephony.sip.dialog import address_of
from telephony.sip.events import BindingsChanged, HostPort, PhoneRegistered, PhoneUnregistered
from telephony.sip.options import SipOptions
from telephony.sip.transactions.alarms import Alarms
from telephony.sip.ways import Flow, Move
from telephony.sip.wording.errors import SipParseError
from telephony.sip.wording.headers import NameAddr, unquote
from telephony.sip.wording.message import Request, is_utf8

FLOW_TIMER_S = 120
"RFC 5626 4.4: a phone that keeps its connection sends a keep-alive at least so often."

RegistrarEvent = PhoneRegistered | PhoneUnregistered | BindingsChanged


class Binding(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One address at which an address-of-record can be reached."""

    contact: str
    host: str
    port: int
    listener: int
    call_id: str
    cseq: int
    updated_at: float
    expires_at: float
    "Seconds of the monotonic clock, which goes on over a restart but not over a reboot."
    granted_s: int
    instance: str = ""
    reg_id: int = 0
    "Outbound's number of this connection among those of the phone; 0: the phone does not use it."
    transport: str = "UDP"
    "Of the listener, whose number means something else when the configuration has changed."

    @property
    def received(self) -> HostPort:
        return HostPort(self.host, self.port)

    @property
    def flow(self) -> Flow:
        return self.listener, self.received

    @property
    def is_natted(self) -> bool:
        """Only `received` reaches the phone, not what its Contact says."""
        return bool(self.reg_id) or address_of(self.contact) != self.received

    @property
    def is_reconnectable(self) -> bool:
        """The phone takes TCP connections at the address that its Contact names."""
        if self.reg_id or self.transport != "TCP":
            return False
        contact = address_of(self.contact)
        return contact is not None and contact.host == self.host


_rows = msgspec.msgpack.Decoder(list[Binding])


@dataclass(frozen=True, slots=True)
class RegisterAnswer:
    """Status and headers of the answer to a REGISTER."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    events: tuple[RegistrarEvent, ...] = ()
    moves: tuple[Move, ...] = ()


@dataclass(frozen=True, slots=True)
class _Wish:
    """One Contact of a REGISTER."""

    contact: NameAddr
    seconds: int

    @property
    def instance(self) -> str:
        return unquote(self.contact.param("+sip.instance") or "")

    @property
    def reg_id(self) -> int:
        """RFC 5626 4.2: it counts only beside an instance, and never with `expires=0`."""
        text = self.contact.param("reg-id") or ""
        wanted = self.instance and text.isascii() and text.isdigit()
        return int(text[:9]) if wanted else 0


class Registrar:
    """All bindings, by the user part of the address-of-record."""

    def __init__(self, options: SipOptions) -> None:
        self._options = options
        self._bindings: dict[str, list[Binding]] = {}
        self._by_flow: dict[Flow, set[str]] = {}
        "Who registered over a connection that is still open."
        self._ends: Alarms[str] = Alarms()
        "When the first binding of each address-of-record runs out."

    def __len__(self) -> int:
        """Addresses-of-record that are registered."""
        return len(self._bindings)

    # -- questions -------------------------------------------------------------------------------

    def newest(self, aor: str, now: float) -> Binding | None:
        """The binding that was registered or refreshed last: where the phone rings."""
        return next(iter(self.all(aor, now)), None)

    def all(self, aor: str, now: float) -> list[Binding]:
        """All phones of one person, the newest first."""
        live = [each for each in self._bindings.get(aor, ()) if each.expires_at > now]
        return sorted(live, key=lambda each: each.updated_at, reverse=True)

    def flows(self) -> set[Flow]:
        """The connections that bindings rely on."""
        return {
            each.flow
            for aors in self._by_flow.values()
            for aor in aors
            for each in self._bindings.get(aor, ())
        }

    def is_at(self, aor: str, source: HostPort) -> bool:
        return any(each.received == source for each in self._bindings.get(aor, ()))

    def bindings(self, aor: str) -> list[Binding]:
        """Those that have not been taken out yet."""
        return self._bindings.get(aor, [])

    @property
    def deadline(self) -> float | None:
        return self._ends.next

    # -- changes ---------------------------------------------------------------------------------

    def register(
        self, aor: str, request: Request, source: HostPort, listener: int, now: float
    ) -> RegisterAnswer:
        """RFC 3261 10.3, steps 6 to 8: all of the request is done, or nothing."""
        if "*" in request.items("contact"):
            return self._remove_all(aor, request, now)
        wishes = self._read(request)
        if any(0 < wish.seconds < self._options.min_expires_s for wish in wishes):
            return RegisterAnswer(423, (("Min-Expires", str(self._options.min_expires_s)),))
        rows = [each for each in self._bindings.get(aor, ()) if each.expires_at > now]
        moves: list[Move] = []
        for wish in wishes:
            old = _find(rows, wish)
            if old is not None and _is_outdated(old, request):
                return RegisterAnswer(500)
            rows = [each for each in rows if each is not old]
            if wish.seconds > 0:
                new = self._bind(wish, request, source, listener, now)
                rows.append(new)
                if new.transport != "UDP" and (old is None or old.flow != new.flow):
                    moves.append(Move(new.contact, old.flow if old else None, new.flow))
        rows = rows[-self._options.max_bindings_per_aor :]
        if wishes and self._options.listeners[listener].transport != "UDP":
            self._by_flow.setdefault((listener, source), set()).add(aor)
        events = self._store(aor, rows) if wishes else ()
        headers = (*self._outbound(request, wishes), *self._listed(aor, now))
        return RegisterAnswer(200, headers, events, tuple(moves))

    def _outbound(self, request: Request, wishes: list[_Wish]) -> tuple[tuple[str, str], ...]:
        """RFC 5626 6: tell a phone that its connection is what we reach it by."""
        supported = [item.lower() for item in request.items("supported")]
        if "outbound" not in supported or not any(wish.reg_id for wish in wishes):
            return ()
        return (("Require", "outbound"), ("Flow-Timer", str(FLOW_TIMER_S)))

    def _remove_all(self, aor: str, request: Request, now: float) -> RegisterAnswer:
        """`Contact: *` is only allowed alone and with `Expires: 0`."""
        if request.items("contact") != ["*"] or request.number("expires") != 0:
            return RegisterAnswer(400)
        rows = self._bindings.get(aor, [])
        if any(_is_outdated(each, request) for each in rows):
            return RegisterAnswer(500)
        return RegisterAnswer(200, (), self._store(aor, []) if rows else ())

    def tick(self, now: float) -> list[RegistrarEvent]:
        """Take out what has run out."""
        events: list[RegistrarEvent] = []
        for aor in self._ends.due(now):
            live = [each for each in self._bindings[aor] if each.expires_at > now]
            events += self._store(aor, live)
        return events

    def restore(self, aor: str, data: bytes, now: float) -> bool:
        """Take back what `BindingsChanged` gave to the store; False when all of it has run out.

        After a reboot the clock starts again, and an end that lies further ahead than was granted
        is cut to that: at worst a dead phone is tried for one registration's time too long.
        """
        rows = _rows.decode(data)
        for row in rows:
            row.expires_at = min(row.expires_at, now + row.granted_s)
            row.updated_at = min(row.updated_at, now)
        live = [row for row in rows if row.expires_at > now and self._is_reachable(row)]
        self._keep(aor, live)
        return any(row.expires_at > now for row in rows)

    def _is_reachable(self, row: Binding) -> bool:
        """After a restart: our listeners may be others, and all connections are gone."""
        listeners = self._options.listeners
        if row.listener >= len(listeners):
            return False
        same = listeners[row.listener].transport == row.transport
        return same and (row.transport == "UDP" or row.is_reconnectable)

    def flow_closed(self, flow: Flow) -> list[RegistrarEvent]:
        """A connection is gone, and with it the bindings that need it."""
        events: list[RegistrarEvent] = []
        for aor in self._by_flow.pop(flow, ()):
            rows = self._bindings.get(aor, [])
            kept = [each for each in rows if each.flow != flow or each.is_reconnectable]
            if len(kept) < len(rows):
                events += self._store(aor, kept)
        return events

    def unreachable(self, listener: int, address: HostPort) -> list[RegistrarEvent]:
        """A phone does not take connections at its Contact any more."""
        events: list[RegistrarEvent] = []
        for aor, rows in list(self._bindings.items()):
            kept = [
                each
                for each in rows
                if each.listener != listener
                or (each.received != address and address_of(each.contact) != address)
            ]
            if len(kept) < len(rows):
                events += self._store(aor, kept)
        return events

    def drop(self, aor: str) -> list[RegistrarEvent]:
        return list(self._store(aor, [])) if aor in self._bindings else []

    def _store(self, aor: str, rows: list[Binding]) -> tuple[RegistrarEvent, ...]:
        before = aor in self._bindings
        self._keep(aor, rows)
        kept = BindingsChanged(aor, msgspec.msgpack.encode(rows))
        if rows:
            return kept, PhoneRegistered(aor)
        return (kept, PhoneUnregistered(aor)) if before else (kept,)

    def _keep(self, aor: str, rows: list[Binding]) -> None:
        if rows:
            self._bindings[aor] = rows
        else:
            self._bindings.pop(aor, None)
        self._ends.set(aor, min((each.expires_at for each in rows), default=None))

    # -- reading a request -----------------------------------------------------------------------

    def _read(self, request: Request) -> list[_Wish]:
        default = request.number("expires")
        wishes = []
        for contact in request.contacts:
            _ = contact.uri  # a contact that cannot be called later is refused now
            if not is_utf8(contact.param("+sip.instance") or ""):
                raise SipParseError("a +sip.instance is not UTF-8")
            wishes.append(_Wish(contact, self._seconds(contact.param("expires"), default)))
        return wishes

    def _seconds(self, own: str | None, header: int | None) -> int:
        """The contact's own wish, then the header's, then ours; never more than we allow."""
        if own is not None and own.isascii() and own.isdigit():
            return min(int(own[:10]), self._options.max_expires_s)
        if header is not None:
            return min(header, self._options.max_expires_s)
        return self._options.default_expires_s

    def _bind(
        self, wish: _Wish, request: Request, source: HostPort, listener: int, now: float
    ) -> Binding:
        transport = self._options.listeners[listener].transport
        return Binding(
            contact=wish.contact.uri_text,
            host=source.host,
            port=source.port,
            listener=listener,
            call_id=request.call_id,
            cseq=request.cseq.number,
            updated_at=now,
            expires_at=now + wish.seconds,
            granted_s=wish.seconds,
            instance=wish.instance,
            reg_id=wish.reg_id,
            transport=transport,
        )

    def _listed(self, aor: str, now: float) -> tuple[tuple[str, str], ...]:
        return tuple(
            ("Contact", _listing(each, max(0, round(each.expires_at - now))))
            for each in self._bindings.get(aor, ())
        )


def _listing(binding: Binding, seconds: int) -> str:
    params: tuple[tuple[str, str | None], ...] = (("expires", str(seconds)),)
    if binding.reg_id:
        params = (("reg-id", str(binding.reg_id)), *params)
    if binding.instance:
        params = (("+sip.instance", f'"{binding.instance}"'), *params)
    return str(NameAddr(binding.contact, "", params))


def _find(rows: list[Binding], wish: _Wish) -> Binding | None:
    """The binding that the wish is about: same instance, or else the same address."""
    identity = wish.contact.uri.identity()
    for row in rows:
        if wish.instance and row.instance == wish.instance and row.reg_id == wish.reg_id:
            return row
        if wish.reg_id or row.reg_id:
            continue
        if NameAddr(row.contact).uri.identity() == identity:
            return row
    return None


def _is_outdated(binding: Binding, request: Request) -> bool:
    """RFC 3261 10.3: within one Call-ID, only a higher CSeq may change a binding."""
    return binding.call_id == request.call_id and request.cseq.number <= binding.cseq
