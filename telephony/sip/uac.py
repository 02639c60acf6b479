"""Calls that we make: from dial to the final answer, CANCEL included (RFC 3261 13.2, 9.1).

A hang-up before the final answer is a race that the peer may win: the CANCEL waits for a
provisional answer, and a 200 that crosses it is acknowledged and ended by BYE.
"""

from dataclasses import dataclass

from foundation.ids import LegId
from telephony.sip.dialog import Dialog, storable
from telephony.sip.digest import Credentials, DigestClient
from telephony.sip.errors import SipParseError
from telephony.sip.events import CallerIdentity, HostPort, Progressed, Refused
from telephony.sip.headers import NameAddr
from telephony.sip.in_dialog import InDialog, may_retry
from telephony.sip.leg import Leg, LegState
from telephony.sip.leg_book import LegBook
from telephony.sip.message import HeaderLines, Request, Response, clean_text
from telephony.sip.transaction_layer import ClientEntry, Purpose
from telephony.sip.uri import literal_address, make_uri


@dataclass(frozen=True, slots=True)
class Target:
    """Where a call of ours goes: request URI, To, and the address of the first datagram."""

    uri: str
    to: str
    address: HostPort
    listener: int = 0
    is_natted: bool = False
    "The URI is what the phone believes to be its address; only `address` reaches it."


class OutgoingLegs:
    """The client side of INVITE dialogs."""

    def __init__(self, book: LegBook, in_dialog: InDialog, domain: str) -> None:
        self._book = book
        self._in_dialog = in_dialog
        self._domain = domain

    # -- from our user ---------------------------------------------------------------------------

    def dial(
        self,
        leg_id: LegId,
        target: Target,
        now: float,
        *,
        body: bytes,
        caller: CallerIdentity,
        headers: HeaderLines,
        credentials: Credentials | None,
    ) -> None:
        tag = self._book.token()
        address = NameAddr(str(make_uri(caller.user, self._domain)), caller.display_name)
        dialog = Dialog(
            call_id=self._book.token() + self._book.token(),
            local=str(address.with_tag(tag)),
            local_tag=tag,
            remote=f"<{target.to}>",
            remote_target=target.uri,
            host=target.address.host,
            port=target.address.port,
            listener=target.listener,
            is_natted=target.is_natted,
        )
        leg = Leg(leg_id, LegState.DIALLING, dialog, is_caller=True, local_body=body)
        leg.auth = DigestClient(credentials) if credentials else None
        self._book.add(leg)
        contact = self._book.capabilities(caller.user, target.listener)
        self._invite(leg, body, [*contact, *headers], now)

    def _invite(self, leg: Leg, body: bytes, headers: HeaderLines, now: float) -> ClientEntry:
        number = leg.dialog.next_seq()
        request = self._in_dialog.build(leg, "INVITE", number, headers=headers, body=body)
        leg.invite = self._book.layer.send(
            request,
            leg.dialog.peer,
            leg.dialog.listener,
            purpose=Purpose.INVITE,
            leg_id=leg.leg_id,
            now=now,
        )
        self._book.keep(leg)
        return leg.invite

    def hang_up(self, leg: Leg, reason: str, now: float) -> None:
        leg.hang_up_reason = reason
        if leg.state is LegState.DIALLING:
            leg.state = LegState.CANCELLING
            if leg.has_provisional:
                self._cancel(leg, now)

    def _cancel(self, leg: Leg, now: float) -> None:
        if leg.invite is None or leg.is_cancelled:
            return
        leg.is_cancelled = True
        invite = leg.invite.request
        headers = [
            ("Via", invite.values("via")[0]),
            *(("Route", item) for item in invite.values("route")),
            ("Max-Forwards", "70"),
            ("From", invite.values("from")[0]),
            ("To", invite.values("to")[0]),
            ("Call-ID", invite.call_id),
            ("CSeq", f"{invite.cseq.number} CANCEL"),
        ]
        self._book.layer.send(
            Request("CANCEL", invite.uri_text, headers),
            leg.invite.to,
            leg.invite.listener,
            purpose=Purpose.CANCEL,
            leg_id=leg.leg_id,
            now=now,
        )
        leg.cancel_ends_at = now + self._book.options.timers.give_up
        self._book.rearm(leg)

    def acknowledge(self, leg: Leg, body: bytes) -> None:
        """The ACK with our answer to a late offer."""
        if leg.late_offer is None:
            return
        invite = leg.late_offer.invite
        leg.late_offer = None
        leg.local_body = body
        self._in_dialog.send_ack(leg, invite, body)

    # -- from the network ------------------------------------------------------------------------

    def on_answer(
        self,
        leg: Leg | None,
        entry: ClientEntry,
        response: Response | None,
        source: HostPort,
        now: float,
    ) -> None:
        """News about the first INVITE of a leg, or of one that is gone already."""
        if response is not None and 200 <= response.status < 300:
            self._on_success(leg, entry, response, source, now)
        elif leg is None or leg.invite is not entry:
            return
        elif response is None:
            self._refused(leg, 408, "no answer came")
        elif response.status < 200:
            self._on_provisional(leg, response, source, now)
        else:
            self._on_refusal(leg, entry, response, now)

    def on_unreachable(self, leg: Leg | None, entry: ClientEntry, status: int = 503) -> None:
        """RFC 3261 8.1.3.1: as if a 503 had come; 480 for a phone of ours."""
        if leg is not None and leg.invite is entry:
            self._refused(leg, status, "the phone is unreachable")

    def _on_provisional(self, leg: Leg, response: Response, source: HostPort, now: float) -> None:
        leg.has_provisional = True
        self._book.keep(leg)
        if leg.state is LegState.CANCELLING:
            self._cancel(leg, now)
        elif response.status > 100:
            leg.remote_body = response.body or leg.remote_body
            self._book.emit(Progressed(leg.leg_id, response.status, response.body))

    def _on_success(
        self,
        leg: Leg | None,
        entry: ClientEntry,
        response: Response,
        source: HostPort,
        now: float,
    ) -> None:
        if leg is not None and leg.invite is entry:
            self._establish(leg, response, source)
            if leg.state is LegState.CANCELLING:
                self._end_crossed(leg, entry, now)
            else:
                leg.state = LegState.UP
                self._in_dialog.acknowledge_offer(leg, entry.request, response)
        elif leg is not None and leg.dialog.remote_tag == response.to.tag:
            if leg.ack_seq == entry.request.cseq.number:
                self._in_dialog.repeat_ack(leg)
        else:
            self._end_fork(entry, response, source, now)

    def _establish(self, leg: Leg, response: Response, source: HostPort) -> None:
        dialog = leg.dialog
        leg.invite = None
        dialog.remote = storable(response.values("to")[0])
        dialog.remote_tag = response.to.tag
        dialog.route_set = response.routes[::-1]
        before = dialog.remote_target
        dialog.learn_target(response)
        dialog.is_natted = dialog.is_natted and dialog.remote_target == before
        if not dialog.is_natted:
            dialog.is_natted = _is_natted(dialog, source)
        dialog.host, dialog.port = source.host, source.port

    def _end_crossed(self, leg: Leg, entry: ClientEntry, now: float) -> None:
        """The 200 crossed our CANCEL."""
        self._in_dialog.send_ack(leg, entry.request)
        self._in_dialog.send_bye(leg, leg.hang_up_reason or "", now)
        self._book.end(leg, now)
        self._book.emit(Refused(leg.leg_id, 487, "cancelled"))

    def _end_fork(
        self, entry: ClientEntry, response: Response, source: HostPort, now: float
    ) -> None:
        """A second phone answered the same INVITE (RFC 3261 13.2.2.4): ACK and BYE."""
        invite = entry.request
        dialog = Dialog(
            call_id=invite.call_id,
            local=invite.values("from")[0],
            local_tag=invite.sender.tag,
            remote=invite.values("to")[0],
            remote_target=invite.uri_text,
            local_seq=invite.cseq.number,
            listener=entry.listener,
        )
        stray = Leg(LegId(""), LegState.CANCELLING, dialog, is_caller=True)
        self._establish(stray, response, source)
        self._in_dialog.send_ack(stray, invite)
        self._in_dialog.send_bye(stray, "", now)

    def _on_refusal(self, leg: Leg, entry: ClientEntry, response: Response, now: float) -> None:
        wanted = leg.state is LegState.DIALLING
        if wanted and may_retry(leg.auth, entry, response):
            skip = ("via", "from", "to", "call-id", "cseq", "max-forwards", "content-type")
            secret = ("authorization", "proxy-authorization")
            kept = [
                (name, value)
                for name, value in entry.request.headers
                if name.lower() not in (*skip, *secret)
            ]
            leg.has_provisional = False
            self._invite(leg, entry.request.body, kept, now).retried = True
            return
        self._refused(leg, response.status, response.reason)

    def _refused(self, leg: Leg, status: int, reason: str) -> None:
        self._book.forget(leg)
        leg.state = LegState.ENDED
        self._book.emit(Refused(leg.leg_id, status, clean_text(reason)))

    # -- time ------------------------------------------------------------------------------------

    def tick(self, leg: Leg, now: float) -> None:
        if leg.cancel_ends_at is not None and now >= leg.cancel_ends_at:
            # RFC 3261 9.1: the CANCEL was for an INVITE that never gets a final answer.
            if leg.invite is not None:
                self._book.layer.abandon(leg.invite)
            self._refused(leg, 487, "cancelled")


def _is_natted(dialog: Dialog, source: HostPort) -> bool:
    """The phone answered from the address we called, but its Contact names a private one."""
    if dialog.route_set or dialog.peer != source:
        return False
    try:
        host = literal_address(NameAddr(dialog.remote_target).uri.host)
    except SipParseError:
        return True
    return host is None or host != source.host
