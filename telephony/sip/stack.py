"""The SIP stack: datagrams and verbs in, datagrams and facts about legs out. No I/O, no clock.

    receive ─▶ parse ─▶ request ─▶ Reception ─▶ InDialog, Referrals, IncomingLegs, Registrar
                 │  └─▶ response ─▶ its transaction ─▶ OutgoingLegs, InDialog
                 └ not SIP: 400 or silence
    verbs: ring progress accept reject dial dial_outside acknowledge hang_up reoffer press note
           accept_refer refuse_refer notify_refer

Rule 1: all state is in four bounded tables: transactions, legs, bindings, digest counters.
Rule 2: a refusal before a call or a binding exists keeps nothing (`reception`, `screening`).
Rule 3: a verb for a leg that is gone does nothing; its end was told, or is on its way.
"""

from collections.abc import Callable, Mapping, Sequence

from foundation.ids import LegId
from telephony.sip.dialog import Target, address_of
from telephony.sip.dialogs.in_dialog import InDialog
from telephony.sip.dialogs.leg import LegState
from telephony.sip.dialogs.leg_book import LegBook
from telephony.sip.dialogs.outside import Attempt, OutsideCalls
from telephony.sip.dialogs.referral import Referrals
from telephony.sip.dialogs.refreshing import Refreshes
from telephony.sip.dialogs.reliable import read_rseq
from telephony.sip.dialogs.screening import Refusal
from telephony.sip.dialogs.uac import OutgoingLegs
from telephony.sip.dialogs.uas import IncomingLegs
from telephony.sip.digest import Credentials
from telephony.sip.entrance.reception import FindInbound, Reception
from telephony.sip.entrance.registrar import Binding, Registrar
from telephony.sip.events import (
    CallerIdentity,
    Dropped,
    HostPort,
    KeptLeg,
    Refused,
    SendDatagram,
    StackEffect,
)
from telephony.sip.options import Randomness, SipOptions
from telephony.sip.transactions.transaction_layer import AlarmKey, Outcome, Purpose
from telephony.sip.ways import Flow
from telephony.sip.wording.bodies import sdp_of
from telephony.sip.wording.errors import SipParseError
from telephony.sip.wording.headers import NameAddr
from telephony.sip.wording.identity import read_address
from telephony.sip.wording.message import HeaderLines, Request, Response, is_utf8, parse_message
from telephony.sip.wording.stun import answer_stun, is_stun
from telephony.sip.wording.uri import make_uri, parse_uri

Accounts = Mapping[str, str] | Callable[[str], str | None]


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
        extensions: Callable[[str], bool] = lambda user: False,
        inbound: FindInbound = lambda host, token, dialled: None,
        credentials: Callable[[str], Credentials | None] = lambda trunk: None,
    ) -> None:
        """
        accounts: password of an address-of-record's user part, None when there is none.
        lines: whether a user part is a number of ours that anybody may dial.
        extensions: the same for phones of ours that have proved by digest who they are.
        inbound: over which trunk a call comes, and which line its number is.
        credentials: by which we prove who we are, when the trunk asks within such a call.
        secret: signs nonces and the tags of calls that we begin; the same after a restart, so that
        phones need no new challenge, and are understood when they pick up what nobody knows of.
        """
        self._effects: list[StackEffect] = []
        self._book = LegBook(options, random, self._emit, secret, credentials)
        self._domain = options.domain or options.listeners[0].address.host
        self._in_dialog = InDialog(self._book)
        self._refreshes = Refreshes(self._book, self._in_dialog)
        self._incoming = IncomingLegs(self._book, self._in_dialog)
        self._outgoing = OutgoingLegs(self._book, self._in_dialog)
        self._outside = OutsideCalls(self._book, self._outgoing)
        self._referrals = Referrals(self._book, self._in_dialog)
        self._registrar = Registrar(options)
        self._reception = Reception(
            self._book,
            self._in_dialog,
            self._incoming,
            self._referrals,
            self._registrar,
            password=accounts if callable(accounts) else accounts.get,
            lines=lines,
            extensions=extensions,
            inbound=inbound,
            realm=self._domain,
            secret=secret,
        )

    @property
    def options(self) -> SipOptions:
        return self._book.options

    def _emit(self, effect: StackEffect) -> None:
        if not self._outside.is_kept_back(effect):
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

    @property
    def table_sizes(self) -> dict[str, int]:
        """All that the stack keeps, for whoever watches that it stays bounded."""
        return {
            "legs": len(self._book),
            "transactions": len(self._book.layer),
            "alarms": self._book.alarms.kept,
            "bindings": len(self._registrar),
            "digest": self._reception.tracked_count,
        }

    def is_registered(self, aor: str, now: float) -> bool:
        return self._registrar.newest(aor, now) is not None

    # -- bindings --------------------------------------------------------------------------------

    def restore_bindings(self, aor: str, data: bytes, now: float) -> bool:
        """Whether a registration has not run out; its phone may yet be out of reach."""
        is_valid = self._registrar.restore(aor, data, now)
        self._rearm_registrar()
        return is_valid

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

    def kept(self, leg: LegId) -> KeptLeg | None:
        """What is known of an adopted leg; None for a leg that is gone."""
        found = self._book.find(leg)
        if found is None:
            return None
        peer = read_address(NameAddr.parse(found.dialog.remote))
        return KeptLeg(leg, found.is_early, peer, found.remote_body, found.extra)

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
        """INVITE phones of ours (`to` is their user part) or a full `sip:` URI.

        An empty `body` asks for the peer's offer; answer it by `acknowledge` after `Answered`.
        route: where the first datagram goes instead of the URI's address.
        """
        targets = self._find_targets(to, route, now)
        if self._book.is_full or self._book.layer.is_full:
            self._emit(Refused(leg, 503, "too many calls"))
        elif isinstance(targets, Refusal):
            self._emit(Refused(leg, targets.status, targets.reason))
        else:
            self._outgoing.dial(
                leg,
                targets,
                now,
                body=body,
                sender=str(make_uri(caller.user, self._domain)),
                contact_user=caller.user,
                name=caller.display_name,
                headers=headers,
                credentials=Credentials(*credentials) if credentials else None,
            )
        return self._flush()

    def dial_outside(
        self, leg: LegId, attempts: Sequence[Attempt], now: float, *, body: bytes
    ) -> list[StackEffect]:
        """INVITE by one way after the other; whoever calls this has asked whether it is allowed."""
        if self._book.is_full or self._book.layer.is_full:
            self._emit(Refused(leg, 503, "too many calls"))
        else:
            self._outside.dial(leg, attempts, body, now)
        return self._flush()

    def listener_for(self, transport: str, to: HostPort) -> int | None:
        """Number of the listener of ours that can reach that address."""
        return self._book.ways.listener_for(transport, to)

    def count_on(self, trunk: str) -> int:
        """Calls of ours to numbers outside that this trunk carries."""
        return self._book.count_on(trunk)

    def _find_targets(self, to: str, route: HostPort | None, now: float) -> list[Target] | Refusal:
        if not to.startswith(("sip:", "sips:")):
            bindings = self._registrar.all(to, now)
            if not self._book.options.ring_all:
                del bindings[1:]
            aor = str(make_uri(to, self._domain))
            targets = [self._at(binding, aor) for binding in bindings]
            return targets or Refusal(480, reason="not registered")
        try:
            uri = parse_uri(to)
            address = route or address_of(to)
        except SipParseError as error:
            return Refusal(404, reason=str(error))
        if address is None:
            return Refusal(503, reason="the host is a name, and no route was given")
        listener = self._book.ways.find_listener(uri, address)
        if listener is None:
            return Refusal(503, reason="no listener of ours speaks that transport")
        return [Target(to, to.partition("?")[0], address, listener)]

    def _at(self, binding: Binding, aor: str) -> Target:
        """A phone of ours: on its connection, or where its datagrams come from."""
        contact, received, listener = binding.contact, binding.received, binding.listener
        ways = self._book.ways
        if ways.is_stream(listener) and not ways.is_open(listener, received):
            return Target(contact, aor, address_of(contact) or received, listener)
        return Target(contact, aor, received, listener, binding.is_natted)

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

    def press(self, leg: LegId, digit: str, now: float) -> list[StackEffect]:
        """One key by INFO, for a peer that takes it so; a leg that is not up passes it over."""
        found = self._book.find(leg)
        if found is not None and not found.is_early and found.state is not LegState.ENDED:
            self._in_dialog.press(found, digit, now)
        return self._flush()

    def hang_up(self, leg: LegId, now: float, reason: str = "") -> list[StackEffect]:
        """End the leg in whatever state it is: refusal, CANCEL or BYE."""
        self._outside.hang_up(leg)
        found = self._book.find(leg)
        if found is not None and found.state is not LegState.ENDED:
            if found.is_caller and found.is_early:
                self._outgoing.hang_up(found, reason, now)
            else:
                self._incoming.hang_up(found, reason, now)
        return self._flush()

    def accept_refer(self, leg: LegId, now: float) -> list[StackEffect]:
        """202 to the REFER that waits, and a first NOTIFY unless its sender wants none."""
        found = self._book.find(leg)
        if found is not None:
            self._referrals.accept(found, now)
        return self._flush()

    def refuse_refer(self, leg: LegId, status: int, now: float) -> list[StackEffect]:
        """Final answer to the REFER that waits; one that was accepted is reported to have failed
        so."""
        found = self._book.find(leg)
        if found is not None:
            self._referrals.refuse(found, status, now)
        return self._flush()

    def notify_refer(
        self, leg: LegId, status: int, now: float, reason: str = ""
    ) -> list[StackEffect]:
        """Report how the accepted REFER goes; a final status is the last word on it."""
        found = self._book.find(leg)
        if found is not None:
            self._referrals.notify(found, status, reason, now)
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
            case ("outside", str() as leg_id):
                self._outside.tick(LegId(leg_id), now)
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
        self._refreshes.tick(leg, now)
        self._referrals.tick(leg, now)
        self._book.rearm(leg)

    # -- datagrams -------------------------------------------------------------------------------

    def receive(
        self, data: bytes, source: HostPort, listener: int, now: float
    ) -> list[StackEffect]:
        """One datagram, or one message of a stream. Never raises for what a peer sent."""
        if data.strip(b"\r\n\x00"):
            if is_stun(data):
                self._on_stun(data, source, listener)
            else:
                self._receive_sip(data, source, listener, now)
        return self._flush()

    def _receive_sip(self, data: bytes, source: HostPort, listener: int, now: float) -> None:
        try:
            self._receive(data, source, listener, now)
        except SipParseError as error:
            self._reception.on_malformed(error, source, listener, now)

    def _on_stun(self, data: bytes, source: HostPort, listener: int) -> None:
        answer = None if self._book.ways.is_stream(listener) else answer_stun(data, source)
        if answer is not None:
            self._emit(SendDatagram(answer, source, listener))
        else:
            self._emit(Dropped("malformed", source))

    def _receive(self, data: bytes, source: HostPort, listener: int, now: float) -> None:
        message = parse_message(data)
        if isinstance(message, Response):
            self._on_response(message, source, listener, now)
            return
        try:
            self._reception.on_request(message, source, listener, now)
        except SipParseError as error:
            if error.request is None:
                error.request = message
            raise

    def unreachable(self, peer: HostPort) -> list[StackEffect]:
        """The network says that no datagram gets to `peer`: calls that wait for its first answer
        are over (RFC 3261 8.1.3.1); a dialog that is up is left to its timers."""
        for entry in self._book.layer.take_unanswered(peer):
            self._outgoing.on_unreachable(self._book.find(entry.leg_id), entry)
        return self._flush()

    # -- connections -----------------------------------------------------------------------------

    def flow_opened(self, peer: HostPort, listener: int) -> None:
        """There is a connection between this listener and `peer`, whoever opened it."""
        self._book.ways.opened((listener, peer))

    def flow_closed(self, peer: HostPort, listener: int, now: float) -> list[StackEffect]:
        """The connection is gone: so are its bindings, and the answers that it would bring."""
        flow = (listener, peer)
        self._book.ways.closed(flow)
        for event in self._registrar.flow_closed(flow):
            self._emit(event)
        self._rearm_registrar()
        for key in self._book.layer.waiting_on(flow):
            self._on_unsent(key, 480, now)
        return self._flush()

    def unsent(self, datagram: SendDatagram, now: float) -> list[StackEffect]:
        """No connection could be opened for this."""
        try:
            message = parse_message(datagram.data)
            key = message.via.branch, message.cseq.method
        except SipParseError:
            return []
        if not isinstance(message, Request):
            return []
        lost = self._registrar.unreachable(datagram.listener, datagram.to)
        self._on_unsent(key, 480 if lost else 503, now)
        for event in lost:
            self._emit(event)
        self._rearm_registrar()
        return self._flush()

    def refuse_broken(
        self, head: bytes, status: int, why: str, source: HostPort, listener: int
    ) -> list[StackEffect]:
        """Answer the head of a request whose stream cannot be read any further."""
        error = SipParseError(why, status)
        try:
            message = parse_message(head)
        except SipParseError as found:
            error.request = found.request
        else:
            error.request = message if isinstance(message, Request) else None
        self._reception.on_malformed(error, source, listener)
        return self._flush()

    def used_flows(self) -> set[Flow]:
        """The connections that bindings and legs rely on; others may be closed when idle."""
        return self._registrar.flows() | self._book.flows()

    def _on_unsent(self, key: tuple[str, str], status: int, now: float) -> None:
        outcome = self._book.layer.unsent(key, now)
        if outcome is None:
            return
        entry = outcome.entry
        leg = self._book.find(entry.leg_id)
        if entry.purpose is Purpose.INVITE:
            self._outgoing.on_unreachable(leg, entry, status)
        elif entry.purpose is Purpose.REINVITE and leg is not None:
            self._in_dialog.on_reinvite_answer(leg, entry, None, now, missing=503)
        elif entry.purpose is Purpose.UPDATE and leg is not None:
            self._refreshes.on_update_answer(leg, entry, None, now, missing=503)
        elif entry.purpose is Purpose.NOTIFY and leg is not None:
            self._referrals.on_notify_answer(leg, entry, None, now)

    # -- responses -------------------------------------------------------------------------------

    def _on_response(self, response: Response, source: HostPort, listener: int, now: float) -> None:
        _ = response.sender, response.call_id, response.routes
        if response.status < 300:
            response.body = sdp_of(response) or b""
            _ = [contact.uri for contact in response.contacts], read_rseq(response)
        if not is_utf8(response.to.tag):
            raise SipParseError("the tag of To is not UTF-8")
        try:
            outcome = self._book.layer.receive(response, now)
        except KeyError:
            if not self._outgoing.on_unknown(response, source, listener):
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
            case Purpose.UPDATE if leg is not None:
                self._refreshes.on_update_answer(leg, entry, response, now)
            case Purpose.NOTIFY if leg is not None:
                self._referrals.on_notify_answer(leg, entry, response, now)
            case Purpose.INFO | Purpose.PRACK if leg is not None and response is not None:
                self._in_dialog.prove(leg, entry, response, now)
            case Purpose.BYE if leg is not None and response is not None:
                self._in_dialog.on_bye_answer(leg, entry, response, now)
            case _:
                pass
