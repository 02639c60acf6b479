"""The SIP stack: datagrams and verbs in, datagrams and facts about legs out. No I/O, no clock.

    receive ─▶ parse ─▶ transaction known? ─▶ machine
                 │            │ no
                 │            ▼
                 │       screening ─▶ in a dialog ─▶ InDialog
                 ▼                 └▶ INVITE ─▶ digest, line ─▶ IncomingLegs
             400 or silence        └▶ REGISTER ─▶ digest ─▶ Registrar
                                   └▶ OPTIONS
    verbs: ring progress accept reject dial acknowledge hang_up reoffer note

Rule 1: all state is in four bounded tables: transactions, legs, bindings, digest counters.
Rule 2: a refusal before a call or a binding exists keeps nothing (`screening`).
Rule 3: a verb for a leg that is gone does nothing; its end was told, or is on its way.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping

from foundation.ids import LegId
from telephony.sip.compose import reply_address, respond
from telephony.sip.dialog import address_of
from telephony.sip.digest import Credentials, DigestServer, Verdict
from telephony.sip.errors import SipParseError
from telephony.sip.events import (
    CallerIdentity,
    Dropped,
    HostPort,
    Refused,
    SendDatagram,
    StackEffect,
)
from telephony.sip.in_dialog import InDialog
from telephony.sip.leg import LegState
from telephony.sip.leg_book import LegBook, Randomness
from telephony.sip.message import (
    HeaderLines,
    Request,
    Response,
    is_utf8,
    parse_message,
)
from telephony.sip.options import SipOptions
from telephony.sip.registrar import Registrar
from telephony.sip.screening import (
    Refusal,
    check_grammar,
    find_refusal,
    is_answerable,
    options_headers,
)
from telephony.sip.transaction_layer import AlarmKey, Outcome, Purpose
from telephony.sip.uac import OutgoingLegs, Target
from telephony.sip.uas import IncomingLegs
from telephony.sip.uri import SipUri, literal_address, make_uri

Accounts = Mapping[str, str] | Callable[[str], str | None]
IN_DIALOG_ONLY = ("BYE", "INFO", "UPDATE")


class SipStack:
    """A user agent for many calls, and the registrar of our phones."""

    def __init__(
        self,
        options: SipOptions,
        accounts: Accounts,
        *,
        lines: Callable[[str], bool],
        secret: bytes,
        random: Randomness,
    ) -> None:
        """
        accounts: password of an address-of-record's user part, None when there is none.
        lines: whether a user part is a number of ours that may be dialled.
        secret: signs nonces; the same after a restart, so that phones need no new challenge.
        """
        self._options = options
        self._password = accounts if callable(accounts) else accounts.get
        self._lines = lines
        self._secret = secret
        self._effects: list[StackEffect] = []
        self._book = LegBook(options, random, self._emit)
        self._domain = options.domain or options.listeners[0].address.host
        self._ours = frozenset(
            (f"{self._book.address(number)}").lower() for number in range(len(options.listeners))
        )
        self._in_dialog = InDialog(self._book)
        self._incoming = IncomingLegs(self._book, self._in_dialog)
        self._outgoing = OutgoingLegs(self._book, self._in_dialog, self._domain)
        self._registrar = Registrar(options)
        self._digest = DigestServer(options, self._domain, secret)

    def _emit(self, effect: StackEffect) -> None:
        self._effects.append(effect)

    def _flush(self) -> list[StackEffect]:
        effects, self._effects = self._effects, []
        return effects

    # -- questions -------------------------------------------------------------------------------

    @property
    def deadline(self) -> float | None:
        return self._book.alarms.next

    @property
    def leg_count(self) -> int:
        return len(self._book)

    @property
    def transaction_count(self) -> int:
        return len(self._book.layer)

    def is_registered(self, aor: str, now: float) -> bool:
        return self._registrar.newest(aor, now) is not None

    # -- bindings --------------------------------------------------------------------------------

    def restore_bindings(self, aor: str, data: bytes, now: float) -> None:
        self._registrar.restore(aor, data, now)
        self._rearm_registrar()

    def drop_bindings(self, aor: str) -> list[StackEffect]:
        """Forget where a phone is, for instance when its account is deleted."""
        effects = self._registrar.drop(aor)
        self._rearm_registrar()
        return [*effects]

    def _rearm_registrar(self) -> None:
        self._book.alarms.set(("registrar", ""), self._registrar.deadline)

    # -- records ---------------------------------------------------------------------------------

    def record(self, leg: LegId) -> bytes:
        """The dialog record as it is now; b'' for a leg that is gone."""
        found = self._book.find(leg)
        return self._book.record(found) if found else b""

    def note(self, leg: LegId, extra: bytes) -> list[StackEffect]:
        """Keep `extra` of the user's in the dialog record."""
        found = self._book.find(leg)
        if found is not None:
            found.extra = extra
            self._book.keep(found)
        return self._flush()

    def extra(self, leg: LegId) -> bytes:
        """What `note` kept, also after `adopt`."""
        found = self._book.find(leg)
        return found.extra if found else b""

    def adopt(self, record: bytes, now: float) -> LegId:
        """Go on with a dialog of a process that is gone; `BadRecord` when it can't be read."""
        return self._book.adopt(record, now).leg_id

    # -- verbs -----------------------------------------------------------------------------------

    def ring(self, leg: LegId, now: float) -> list[StackEffect]:
        """180 Ringing."""
        return self.progress(leg, 180, b"", now)

    def progress(self, leg: LegId, status: int, body: bytes, now: float) -> list[StackEffect]:
        """A provisional answer, with SDP when the caller is to hear something before the 200."""
        found = self._book.find(leg)
        if found is not None:
            self._incoming.progress(found, status, body, now)
        return self._flush()

    def accept(self, leg: LegId, body: bytes, now: float) -> list[StackEffect]:
        """200 to the INVITE, re-INVITE or UPDATE that waits; repeated until its ACK."""
        found = self._book.find(leg)
        if found is not None:
            self._incoming.accept(found, body, now)
        return self._flush()

    def reject(
        self,
        leg: LegId,
        status: int,
        now: float,
        reason: str = "",
        retry_after: int | None = None,
        headers: HeaderLines = (),
    ) -> list[StackEffect]:
        """Final answer other than 2xx; a refused re-INVITE or UPDATE leaves the dialog as it is."""
        found = self._book.find(leg)
        if found is not None:
            self._incoming.reject(
                found, status, now, reason=reason, retry_after=retry_after, headers=headers
            )
        return self._flush()

    def dial(
        self,
        leg: LegId,
        to: str,
        now: float,
        *,
        body: bytes,
        caller: CallerIdentity,
        headers: HeaderLines = (),
        credentials: tuple[str, str] | None = None,
        route: HostPort | None = None,
    ) -> list[StackEffect]:
        """INVITE a phone of ours (`to` is its user part) or a full `sip:` URI.

        An empty `body` asks for the peer's offer; answer it by `acknowledge` after `Answered`.
        route: where the first datagram goes instead of the URI's address.
        """
        target = self._find_target(to, route, now)
        if self._book.is_full or self._book.layer.is_full:
            self._emit(Refused(leg, 503, "too many calls"))
        elif isinstance(target, Refusal):
            self._emit(Refused(leg, target.status, target.reason))
        else:
            self._outgoing.dial(
                leg,
                target,
                now,
                body=body,
                caller=caller,
                headers=headers,
                credentials=Credentials(*credentials) if credentials else None,
            )
        return self._flush()

    def _find_target(self, to: str, route: HostPort | None, now: float) -> Target | Refusal:
        if not to.startswith(("sip:", "sips:")):
            binding = self._registrar.newest(to, now)
            if binding is None:
                return Refusal(480, reason="not registered")
            aor = str(make_uri(to, self._domain))
            natted = address_of(binding.contact) != binding.received
            return Target(binding.contact, aor, binding.received, binding.listener, natted)
        try:
            address = route or address_of(to)
        except SipParseError as error:
            return Refusal(404, reason=str(error))
        if address is None:
            return Refusal(503, reason="the host is a name, and no route was given")
        return Target(to, to.partition("?")[0], address)

    def acknowledge(self, leg: LegId, body: bytes, now: float) -> list[StackEffect]:
        """ACK with our answer after `Answered` to an INVITE of ours that had no offer."""
        found = self._book.find(leg)
        if found is not None:
            self._outgoing.acknowledge(found, body)
        return self._flush()

    def reoffer(self, leg: LegId, body: bytes, now: float) -> list[StackEffect]:
        """re-INVITE; `Answered` or `ReofferRefused` follows, glare is settled in between."""
        found = self._book.find(leg)
        if found is not None and not found.is_early and found.state is not LegState.ENDED:
            self._in_dialog.reoffer(found, body, now)
        return self._flush()

    def hang_up(self, leg: LegId, now: float, reason: str = "") -> list[StackEffect]:
        """End the leg in whatever state it is: refusal, CANCEL or BYE."""
        found = self._book.find(leg)
        if found is not None and found.state is not LegState.ENDED:
            if found.is_caller and found.is_early:
                self._outgoing.hang_up(found, reason, now)
            else:
                self._incoming.hang_up(found, reason, now)
        return self._flush()

    # -- time ------------------------------------------------------------------------------------

    def tick(self, now: float) -> list[StackEffect]:
        for key in self._book.alarms.due(now):
            self._tick_one(key, now)
        return self._flush()

    def _tick_one(self, key: AlarmKey, now: float) -> None:
        match key:
            case ("server", tuple() as server):
                self._book.layer.tick_server(server, now)
            case ("client", (str() as branch, str() as method)):
                outcome = self._book.layer.tick_client((branch, method), now)
                if outcome is not None:
                    self._on_outcome(outcome, outcome.entry.to, now)
            case ("leg", str() as leg_id):
                self._tick_leg(LegId(leg_id), now)
            case _:
                for event in self._registrar.tick(now):
                    self._emit(event)
                self._rearm_registrar()

    def _tick_leg(self, leg_id: LegId, now: float) -> None:
        leg = self._book.find(leg_id)
        if leg is None:
            return
        if leg.forget_at is not None and now >= leg.forget_at:
            self._book.forget(leg)
            return
        self._incoming.tick(leg, now)
        self._outgoing.tick(leg, now)
        self._in_dialog.tick(leg, now)
        self._book.rearm(leg)

    # -- datagrams -------------------------------------------------------------------------------

    def receive(
        self, data: bytes, source: HostPort, listener: int, now: float
    ) -> list[StackEffect]:
        """One datagram, or one message of a stream. Never raises for what a peer sent."""
        if data.strip(b"\r\n\x00") and not _is_stun(data):
            try:
                self._receive(data, source, listener, now)
            except SipParseError as error:
                self._on_malformed(error, source, listener)
        return self._flush()

    def _receive(self, data: bytes, source: HostPort, listener: int, now: float) -> None:
        message = parse_message(data)
        if isinstance(message, Response):
            self._on_response(message, source, now)
            return
        try:
            self._on_request(message, source, listener, now)
        except SipParseError as error:
            if error.request is None:
                error.request = message
            raise

    def _on_malformed(self, error: SipParseError, source: HostPort, listener: int) -> None:
        request = error.request
        if request is None or not is_answerable(request):
            self._emit(Dropped("malformed", source))
            return
        refusal = Refusal(error.sip_status, reason="" if error.sip_status != 400 else _hint(error))
        self._refuse(request, refusal, source, listener)

    # -- responses -------------------------------------------------------------------------------

    def _on_response(self, response: Response, source: HostPort, now: float) -> None:
        _ = response.sender, response.call_id, response.routes
        if response.status < 300:
            _ = [contact.uri for contact in response.contacts]
        if not is_utf8(response.to.tag):
            raise SipParseError("the tag of To is not UTF-8")
        try:
            outcome = self._book.layer.receive(response, now)
        except KeyError:
            self._emit(Dropped("unmatched-response", source))
            return
        if outcome is not None:
            self._on_outcome(outcome, source, now)

    def _on_outcome(self, outcome: Outcome, source: HostPort, now: float) -> None:
        entry, response = outcome.entry, outcome.response
        leg = self._book.find(entry.leg_id)
        match entry.purpose:
            case Purpose.INVITE:
                self._outgoing.on_answer(leg, entry, response, source, now)
            case Purpose.REINVITE if leg is not None and leg.invite is entry:
                self._in_dialog.on_reinvite_answer(leg, entry, response, now)
            case Purpose.REINVITE:
                # A 200 that came again, or that crossed our BYE.
                self._outgoing.on_answer(leg, entry, response, source, now)
            case Purpose.BYE if leg is not None and response is not None:
                self._in_dialog.on_bye_answer(leg, entry, response, now)
            case _:
                pass

    # -- requests --------------------------------------------------------------------------------

    def _on_request(self, request: Request, source: HostPort, listener: int, now: float) -> None:
        check_grammar(request)
        layer = self._book.layer
        if request.method == "CANCEL":
            self._on_cancel(request, source, listener, now)
            return
        known = layer.find_server(request)
        if request.method == "ACK":
            if known is None or layer.acknowledge(known, now):
                self._on_ack(request, source, now)
        elif known is not None:
            layer.repeat(known, now)
        else:
            self._on_new(request, source, listener, now)

    def _on_ack(self, request: Request, source: HostPort, now: float) -> None:
        leg = self._book.find_dialog(request)
        if leg is not None:
            self._incoming.acknowledge(leg, request, now)
        else:
            # The ACK of a refusal that kept nothing, or of a dialog that is over.
            self._emit(Dropped("unmatched-ack", source))

    def _on_cancel(self, request: Request, source: HostPort, listener: int, now: float) -> None:
        invite = self._book.layer.find_server(request, "INVITE")
        if invite is None:
            self._refuse(request, Refusal(481), source, listener)
            return
        leg = self._book.find(invite.leg_id) if invite.leg_id else None
        tag = leg.dialog.local_tag if leg else self._stateless_tag(request)
        self._reply(request, Refusal(200), source, listener, tag=tag)
        self._incoming.cancel(invite, now)

    def _on_new(self, request: Request, source: HostPort, listener: int, now: float) -> None:
        refusal = find_refusal(request, self._options, self._ours)
        if refusal is None and self._book.layer.is_merged(request):
            refusal = Refusal(482, reason="Merged Request")
        leg = self._book.find_dialog(request) if request.to.tag else None
        if refusal is None and leg is None:
            refusal = self._refuse_outside(request)
        if refusal is not None:
            self._refuse(request, refusal, source, listener)
        elif leg is not None:
            entry = self._book.layer.open(request, source, listener)
            self._in_dialog.receive(leg, entry, now)
        else:
            self._on_outside(request, source, listener, now)

    def _refuse_outside(self, request: Request) -> Refusal | None:
        if request.to.tag or request.method in IN_DIALOG_ONLY:
            return Refusal(481)
        if request.method != "OPTIONS" and (self._book.is_full or self._book.layer.is_full):
            return Refusal(503)
        return None

    def _on_outside(self, request: Request, source: HostPort, listener: int, now: float) -> None:
        """A request that belongs to no dialog."""
        match request.method:
            case "OPTIONS":
                self._reply(request, Refusal(200, options_headers()), source, listener)
            case "REGISTER":
                self._on_register(request, source, listener, now)
            case _:
                self._on_invite(request, source, listener, now)

    def _on_invite(self, request: Request, source: HostPort, listener: int, now: float) -> None:
        adopted = self._book.find_origin(request)
        if adopted is not None:
            self._book.send(adopted.answer, adopted.answer_to, listener)
            return
        aor = self._claimed_account(request, source)
        if aor and not self._is_authentic(request, aor, source, listener, now):
            return
        if not self._lines(request.uri.user):
            self._refuse(request, Refusal(404), source, listener)
            return
        entry = self._book.layer.open(request, source, listener)
        self._incoming.invite(entry, aor, now)

    def _claimed_account(self, request: Request, source: HostPort) -> str:
        """The phone of ours that this INVITE says it comes from, or ''."""
        try:
            uri = request.sender.uri
        except SipParseError:
            return ""
        user = uri.user
        if not user or self._password(user) is None:
            return ""
        return user if self._is_ours(uri) or self._registrar.is_at(user, source) else ""

    def _is_ours(self, uri: SipUri) -> bool:
        host = uri.host.lower()
        names = (self._options.domain.lower(), *(name.lower() for name in self._options.aliases))
        if host in names or host == "localhost" or not self._options.domain:
            return True
        return literal_address(host) in {each.address.host for each in self._options.listeners}

    def _on_register(self, request: Request, source: HostPort, listener: int, now: float) -> None:
        aor = request.to.uri.user
        if not aor:
            self._refuse(request, Refusal(404), source, listener)
            return
        if not self._is_authentic(request, aor, source, listener, now):
            return
        answer = self._registrar.register(aor, request, source, listener, now)
        entry = self._book.layer.open(request, source, listener)
        tag = self._book.token()
        self._book.answer(entry, answer.status, now, tag=tag, headers=answer.headers)
        for event in answer.events:
            self._emit(event)
        self._rearm_registrar()

    # -- who asks --------------------------------------------------------------------------------

    def _is_authentic(
        self, request: Request, aor: str, source: HostPort, listener: int, now: float
    ) -> bool:
        """True when the request carries right credentials of `aor`; else it was answered."""
        verdict = self._digest.check(
            request.values("authorization"),
            aor=aor,
            password=self._password(aor),
            method=request.method,
            source=source,
            now=now,
        )
        if verdict is Verdict.ACCEPTED:
            return True
        if verdict is Verdict.FORBIDDEN:
            self._refuse(request, Refusal(403), source, listener)
        else:
            headers = self._digest.challenges(now, stale=verdict is Verdict.STALE)
            self._refuse(request, Refusal(401, headers), source, listener)
        return False

    # -- answers that keep nothing ---------------------------------------------------------------

    def _refuse(self, request: Request, refusal: Refusal, source: HostPort, listener: int) -> None:
        self._emit(Dropped(f"refused-{refusal.status}", source))
        self._reply(request, refusal, source, listener)

    def _reply(
        self, request: Request, answer: Refusal, source: HostPort, listener: int, tag: str = ""
    ) -> None:
        data = respond(
            request,
            answer.status,
            source,
            tag=tag or self._stateless_tag(request),
            reason=answer.reason,
            headers=[*answer.headers, ("Server", self._options.server)],
        )
        self._emit(SendDatagram(data, reply_address(request, source), listener))

    def _stateless_tag(self, request: Request) -> str:
        """RFC 3261 8.2.7: the same for each copy of a request."""
        text = f"{request.call_id}\n{request.sender.tag}\n{request.cseq}"
        data = text.encode("utf-8", "surrogateescape")
        return hmac.new(self._secret, data, hashlib.sha256).hexdigest()[:16]


def _is_stun(data: bytes) -> bool:
    """RFC 5764 5.1.2: no SIP message starts with a byte below 4."""
    return data[0] < 4


def _hint(error: SipParseError) -> str:
    """The reason phrase of a 400 tells what was wrong, without quoting the peer's bytes."""
    text = str(error)
    return f"Bad Request: {text}" if text.isascii() and "'" not in text else ""
