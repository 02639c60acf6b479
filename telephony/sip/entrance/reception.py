"""Where requests come in: finds whom a request concerns, and who may ask for what.

    request ─▶ its transaction, if it is known
            └▶ screening ─▶ in a dialog ─▶ InDialog, Referrals
                         └▶ INVITE ─▶ digest, line or Replaces ─▶ IncomingLegs
                         └▶ REGISTER ─▶ digest ─▶ Registrar
                         └▶ OPTIONS

A refusal before a call or a binding exists keeps nothing (RFC 3261 8.2.7).
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass

from telephony.sip.dialogs.in_dialog import InDialog
from telephony.sip.dialogs.leg import Leg, LegState
from telephony.sip.dialogs.leg_book import LegBook
from telephony.sip.dialogs.reconnecting import Reconnecting
from telephony.sip.dialogs.referral import Referrals
from telephony.sip.dialogs.screening import (
    Refusal,
    check_grammar,
    find_refusal,
    is_answerable,
    options_headers,
)
from telephony.sip.dialogs.uas import IncomingLegs
from telephony.sip.digest import DigestServer, Verdict
from telephony.sip.entrance.registrar import Registrar
from telephony.sip.entrance.strangers import Strangers
from telephony.sip.events import Dropped, HostPort, SendDatagram
from telephony.sip.transactions.transaction_layer import ServerEntry, is_answered
from telephony.sip.wording.compose import respond
from telephony.sip.wording.errors import SipParseError
from telephony.sip.wording.message import Request, clean_text
from telephony.sip.wording.replaces import Replaces, read_replaces
from telephony.sip.wording.uri import SipUri, literal_address


@dataclass(frozen=True, slots=True)
class Inbound:
    """A call that comes over a trunk of ours."""

    trunk: str
    lines: tuple[str, ...]
    "What its number may stand for here, the first that is a line counts."


FindInbound = Callable[[str, str, tuple[str, ...]], Inbound | None]
"""Sender's address, the token that stood in our registration's Contact, and what was dialled as
request URI and To say it; None: no trunk's."""

IN_DIALOG_ONLY = ("BYE", "INFO", "UPDATE", "PRACK")
REFUSED_OUTSIDE = {"REFER": 403, "NOTIFY": 489}
"Nobody makes us dial out of the blue, and we subscribe to nothing (RFC 6665 7.3.2)."


class Reception:
    """The server side of everything that is not a dialog yet."""

    def __init__(
        self,
        book: LegBook,
        in_dialog: InDialog,
        incoming: IncomingLegs,
        referrals: Referrals,
        registrar: Registrar,
        *,
        password: Callable[[str], str | None],
        lines: Callable[[str], bool],
        extensions: Callable[[str], bool],
        inbound: FindInbound,
        realm: str,
        secret: bytes,
    ) -> None:
        self._book = book
        self._options = book.options
        self._in_dialog = in_dialog
        self._incoming = incoming
        self._reconnecting = Reconnecting(book, in_dialog)
        self._referrals = referrals
        self._registrar = registrar
        self._password = password
        self._lines = lines
        self._extensions = extensions
        self._inbound = inbound
        self._secret = secret
        self._digest = DigestServer(book.options, realm, secret, book.token)
        self._strangers = Strangers(book.options, registrar)
        self._ours = frozenset(
            book.address(number).lower() for number in range(len(book.options.listeners))
        )

    @property
    def tracked_count(self) -> int:
        """Nonces in use and sources of wrong passwords."""
        return len(self._digest)

    def on_malformed(
        self, error: SipParseError, source: HostPort, listener: int, now: float = 0.0
    ) -> None:
        """now: for a request whose fault was found when its transaction was open already."""
        request = error.request
        if request is None or not is_answerable(request):
            self._book.emit(Dropped("malformed", source))
            return
        refusal = Refusal(error.sip_status, reason="" if error.sip_status != 400 else _hint(error))
        entry = self._find_unanswered(request)
        if entry is None:
            self._refuse(request, refusal, source, listener)
            return
        self._book.emit(Dropped(f"refused-{refusal.status}", source))
        tag = self._stateless_tag(request)
        self._book.answer(entry, refusal.status, now, tag=tag, reason=refusal.reason)

    def _find_unanswered(self, request: Request) -> ServerEntry | None:
        """The transaction that was opened for it and must not wait for ever; not that of a request
        before it, of which this is a spoilt copy."""
        try:
            entry = self._book.layer.find_server(request)
        except SipParseError:
            return None
        is_its_own = entry is not None and entry.request is request and not is_answered(entry)
        return entry if is_its_own else None

    # -- requests --------------------------------------------------------------------------------

    def on_request(self, request: Request, source: HostPort, listener: int, now: float) -> None:
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
        if leg is not None and self._strangers.is_peer(leg, source):
            self._incoming.acknowledge(leg, request, now)
        else:
            # The ACK of a refusal that kept nothing, or of a dialog that is over.
            self._book.emit(Dropped("unmatched-ack", source))

    def _on_cancel(self, request: Request, source: HostPort, listener: int, now: float) -> None:
        invite = self._book.layer.find_server(request, "INVITE")
        leg = self._book.find(invite.leg_id) if invite and invite.leg_id else None
        if invite is None or not self._takes_its_way(source, invite, leg):
            self._refuse(request, Refusal(481), source, listener)
            return
        tag = leg.dialog.local_tag if leg else self._stateless_tag(request)
        self._reply(request, Refusal(200), source, listener, tag=tag)
        self._incoming.cancel(invite, now, clean_text(request.find("reason") or ""))

    def _takes_its_way(self, source: HostPort, invite: ServerEntry, leg: Leg | None) -> bool:
        """RFC 3261 9.1: a CANCEL comes the way of its INVITE, or from another node of it."""
        is_there = source.host == invite.source.host
        return is_there or (leg is not None and self._strangers.is_peer(leg, source))

    def _on_new(self, request: Request, source: HostPort, listener: int, now: float) -> None:
        refusal = find_refusal(request, self._options, self._ours)
        if refusal is None and self._book.layer.is_merged(request):
            refusal = Refusal(482, reason="Merged Request")
        leg = self._book.find_dialog(request) if request.to.tag else None
        if leg is not None and not self._strangers.is_peer(leg, source):
            leg, refusal = None, refusal or Refusal(481)
        if refusal is None and leg is None:
            refusal = self._refuse_outside(request)
        if refusal is not None:
            self._refuse(request, refusal, source, listener)
        elif leg is not None:
            entry = self._book.layer.open(request, source, listener)
            self._on_inside(leg, entry, now)
        else:
            self._on_outside(request, source, listener, now)

    def _on_inside(self, leg: Leg, entry: ServerEntry, now: float) -> None:
        match entry.request.method:
            case "PRACK":
                self._incoming.prack(leg, entry, now)
            case "REFER":
                self._referrals.refer(leg, entry, now)
            case _:
                self._in_dialog.receive(leg, entry, now)

    def _refuse_outside(self, request: Request) -> Refusal | None:
        if request.to.tag or request.method in IN_DIALOG_ONLY:
            return Refusal(481)
        if request.method in REFUSED_OUTSIDE:
            return Refusal(REFUSED_OUTSIDE[request.method])
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
        inbound = None if aor else self._find_inbound(request, source)
        line: str | None = request.uri.user
        replaces = read_replaces(request)
        # The account of a line at another PBX has a password too, but carries strangers' calls.
        phone = "" if aor in self._options.asserting else aor
        replaced = self._book.find_replaced(replaces) if replaces and phone else None
        if replaces is not None:
            refusal = find_refusal_of(replaces, replaced) if phone else Refusal(403)
        else:
            line = self._find_line(request, phone, inbound)
            refusal = None if line is not None else Refusal(404)
        if refusal is not None:
            self._refuse(request, refusal, source, listener)
            return
        if not aor and self._strangers.are_too_many(source, now):
            self._refuse(request, Refusal(403), source, listener)
            return
        entry = self._book.layer.open(request, source, listener)
        trunk = inbound.trunk if inbound else ""
        self._incoming.invite(entry, now, line or "", aor=aor, trunk=trunk, replaced=replaced)

    def _find_inbound(self, request: Request, source: HostPort) -> Inbound | None:
        try:
            named = request.to.uri.dialled
        except SipParseError:
            named = ""
        token = request.uri.param("line") or ""
        return self._inbound(source.host, token, (request.uri.dialled, named))

    def _find_line(self, request: Request, phone: str, inbound: Inbound | None) -> str | None:
        """The number of ours that was dialled; None: there is no such."""
        dialled = inbound.lines if inbound else (request.uri.user,)
        found = next((each for each in dialled if self._lines(each)), None)
        if found is None and phone and self._extensions(request.uri.user):
            return request.uri.user
        return found

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
            self._book.emit(event)
        for move in answer.moves:
            self._reconnecting.follow(aor, move, now)
        self._book.alarms.set(("registrar", ""), self._registrar.deadline)

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
        self._book.emit(Dropped(f"refused-{refusal.status}", source))
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
        to = self._book.ways.reply_to(request, source, listener)
        self._book.emit(SendDatagram(data, to, listener))

    def _stateless_tag(self, request: Request) -> str:
        """RFC 3261 8.2.7: the same for each copy of a request."""
        text = f"{request.call_id}\n{request.find('from')}\n{request.cseq}"
        data = text.encode("utf-8", "surrogateescape")
        return hmac.new(self._secret, data, hashlib.sha256).hexdigest()[:16]


def find_refusal_of(replaces: Replaces, leg: Leg | None) -> Refusal | None:
    """What RFC 3891 3 says of an INVITE that is to stand in for `leg`."""
    if leg is None or leg.state is LegState.INVITED:
        # An early dialog is given up by whoever made it, and by nobody else.
        return Refusal(481)
    if leg.state in (LegState.ENDED, LegState.CANCELLING):
        return Refusal(603)
    return Refusal(486) if replaces.is_early_only and not leg.is_early else None


def _hint(error: SipParseError) -> str:
    """The reason phrase of a 400 tells what was wrong, without quoting the peer's bytes."""
    text = str(error)
    return f"Bad Request: {text}" if text.isascii() and "'" not in text else ""
