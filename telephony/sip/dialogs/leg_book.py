"""All legs, found by id or by their dialog, and what the code about legs shares.

Our own tag is random and unique, so (Call-ID, our tag) finds a leg from its first message on, even
before the peer has a tag.
"""

import hmac
from collections.abc import Callable

from foundation.ids import LegId
from telephony.sip.dialog import (
    BadRecord,
    BranchRecord,
    DialogRecord,
    Target,
    head_of,
    read_invite,
    read_record,
    write_record,
)
from telephony.sip.dialogs.leg import Branch, Leg, LegState, Referral
from telephony.sip.dialogs.session_timer import SessionTimer
from telephony.sip.dialogs.unacked import UnackedAnswer
from telephony.sip.digest import Credentials, DigestClient
from telephony.sip.events import DialogKept, Dropped, HostPort, SendDatagram, StackEffect
from telephony.sip.options import Randomness, SipOptions
from telephony.sip.transactions.alarms import Alarms
from telephony.sip.transactions.transaction_layer import (
    COOKIE,
    AlarmKey,
    ServerEntry,
    TransactionLayer,
)
from telephony.sip.ways import Flow, Ways
from telephony.sip.wording.compose import ALLOW, SUPPORTED, SUPPORTED_UNRELIABLY, respond
from telephony.sip.wording.message import HeaderLines, Request, Response
from telephony.sip.wording.replaces import Replaces
from telephony.sip.wording.uri import make_uri

REFRESH_ALL_WITHIN_S = 20.0
"Dialogs that were taken over are refreshed soon, but not all in one moment."


class LegBook:
    """The table of legs with its bounds and indexes."""

    def __init__(
        self,
        options: SipOptions,
        randomness: Randomness,
        emit: Callable[[StackEffect], None],
        secret: bytes,
        credentials: Callable[[str], Credentials | None],
    ) -> None:
        """secret: by it the next process knows what this one has begun.
        credentials: of a trunk."""
        self._secret = secret
        self._credentials = credentials
        self.options = options
        self.random = randomness
        self.emit = emit
        self.alarms: Alarms[AlarmKey] = Alarms()
        self.ways = Ways(options.listeners)
        self.layer = TransactionLayer(options, self.ways, self.alarms, emit)
        self._legs: dict[LegId, Leg] = {}
        self._by_tag: dict[tuple[str, str], Leg] = {}
        self._by_origin: dict[tuple[str, str], Leg] = {}

    # -- the table -------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._legs)

    def legs(self) -> list[Leg]:
        return list(self._legs.values())

    @property
    def is_full(self) -> bool:
        return len(self._legs) >= self.options.max_legs

    def find(self, leg_id: LegId) -> Leg | None:
        return self._legs.get(leg_id)

    def find_dialog(self, request: Request) -> Leg | None:
        """The leg that a request with a To tag belongs to."""
        leg = self._by_tag.get((request.call_id, request.to.tag))
        if leg is None:
            return None
        remote = leg.dialog.remote_tag
        forking = leg.is_caller and leg.is_early
        return leg if remote == request.sender.tag or forking else None

    def find_called(self, response: Response) -> Leg | None:
        """The leg whose dialog an answer to a request of ours belongs to."""
        leg = self._by_tag.get((response.call_id, response.sender.tag))
        same = leg is not None and leg.dialog.remote_tag == response.to.tag
        return leg if same else None

    def find_origin(self, request: Request) -> Leg | None:
        """The adopted leg whose first INVITE, sent to the process before us, this one repeats."""
        leg = self._by_origin.get((request.call_id, request.sender.tag))
        same = leg is not None and leg.answer and leg.invite_seq == request.cseq.number
        return leg if same else None

    def find_replaced(self, replaces: Replaces) -> Leg | None:
        """The leg that Replaces names (RFC 3891 3): `to-tag` is ours."""
        leg = self._by_tag.get((replaces.call_id, replaces.to_tag))
        if leg is None:
            return None
        is_peer = leg.dialog.remote_tag == replaces.from_tag
        return leg if is_peer or replaces.from_tag in leg.early else None

    def add(self, leg: Leg) -> None:
        self._legs[leg.leg_id] = leg
        self._by_tag[leg.dialog.call_id, leg.dialog.local_tag] = leg

    def forget(self, leg: Leg) -> None:
        self.alarms.set(("leg", leg.leg_id), None)
        self._legs.pop(leg.leg_id, None)
        self._by_tag.pop((leg.dialog.call_id, leg.dialog.local_tag), None)
        self._by_origin.pop((leg.dialog.call_id, leg.dialog.remote_tag), None)

    def end(self, leg: Leg, now: float) -> None:
        """Keep the leg a while to answer what is still on its way, but nothing else."""
        leg.state = LegState.ENDED
        self.let_go(leg, now)
        leg.pending_update = leg.reliable = leg.wanted_answer = leg.update = None
        leg.referral = None
        leg.pending = leg.unacked = leg.late_offer = leg.wanted_offer = leg.session = None
        leg.branches, leg.early, leg.unasked = [], {}, []
        leg.ring_again_at = leg.expires_at = leg.reoffer_at = leg.cancel_ends_at = None
        leg.silent_until = leg.over_at = leg.reinvite_ends_at = None
        leg.forget_at = now + self.options.timers.give_up
        self.rearm(leg)

    def count_on(self, trunk: str) -> int:
        """Calls of ours to numbers outside that this trunk carries."""
        legs = (leg for leg in self._legs.values() if leg.is_caller and leg.trunk == trunk)
        return sum(leg.state is not LegState.ENDED for leg in legs)

    def digest_for(self, trunk: str) -> DigestClient | None:
        """For a leg of that trunk; None where nothing is to be proved."""
        credentials = self._credentials(trunk) if trunk else None
        return DigestClient(credentials) if credentials else None

    def flows(self) -> set[Flow]:
        """The connections that legs rely on."""
        return {(leg.dialog.listener, leg.dialog.peer) for leg in self._legs.values()}

    def let_go(self, leg: Leg, now: float) -> None:
        """A re-INVITE that the peer has not answered need not be answered any more."""
        if leg.invite is not None:
            self.layer.limit(leg.invite, now + self.options.timers.give_up)

    def rearm(self, leg: Leg) -> None:
        if leg.leg_id in self._legs:
            self.alarms.set(("leg", leg.leg_id), leg.deadline)

    # -- records ---------------------------------------------------------------------------------

    def record(self, leg: Leg) -> bytes:
        return write_record(
            DialogRecord(
                leg=leg.leg_id,
                is_caller=leg.is_caller,
                dialog=leg.dialog,
                invite=_unanswered_invite(leg),
                has_provisional=any(each.entry.has_provisional for each in leg.branches[:1]),
                branches=[_branch_record(each) for each in leg.branches[1:]],
                is_acknowledged=leg.unacked is None,
                invite_seq=leg.invite_seq,
                answer=leg.answer,
                answer_host=leg.answer_to.host,
                answer_port=leg.answer_to.port,
                ack=leg.ack,
                ack_seq=leg.ack_seq,
                session_s=leg.session.interval_s if leg.session else 0,
                we_refresh=leg.session is not None and leg.session.we_refresh,
                allows_update=leg.allows_update,
                refer_cseq=_reported_refer(leg),
                trunk=leg.trunk,
                max_call_s=leg.max_call_s,
                local_body=leg.local_body,
                remote_body=leg.remote_body,
                extra=leg.extra,
            )
        )

    def keep(self, leg: Leg, *, is_urgent: bool = True) -> None:
        """Tell the record when it changed; what is being ended anyhow needs none."""
        if leg.state in (LegState.CANCELLING, LegState.ENDED):
            return
        record = self.record(leg)
        if record != leg.last_kept:
            leg.last_kept = record
            self.emit(DialogKept(leg.leg_id, record, is_urgent))

    def adopt(self, data: bytes, now: float) -> Leg:
        """A leg made from the record of a process that is gone."""
        record = read_record(data)
        last = max(record.dialog.listener, *(each.listener for each in record.branches), 0)
        if last >= len(self.options.listeners):
            raise BadRecord(f"there is no listener {last} any more")
        leg = Leg(
            leg_id=LegId(record.leg),
            state=LegState.UP if record.is_acknowledged else LegState.ANSWERED,
            dialog=record.dialog,
            is_caller=record.is_caller,
            invite_seq=record.invite_seq,
            answer=record.answer,
            answer_to=HostPort(record.answer_host, record.answer_port),
            ack=record.ack,
            ack_seq=record.ack_seq,
            local_body=record.local_body,
            remote_body=record.remote_body,
            extra=record.extra,
            last_kept=data,
            allows_update=record.allows_update,
            trunk=record.trunk,
            auth=self.digest_for(record.trunk),
            max_call_s=record.max_call_s,
        )
        if record.invite:
            self._resume(leg, record, now)
        elif not record.is_acknowledged:
            leg.unacked = UnackedAnswer(leg.answer, leg.invite_seq, self.options.timers, now)
        if record.session_s:
            leg.session = SessionTimer(record.session_s, now, we_refresh=record.we_refresh)
            leg.session.refresh_soon(now + self.random.uniform(1.0, REFRESH_ALL_WITHIN_S))
        if leg.max_call_s is not None and not record.invite:
            leg.over_at = now + leg.max_call_s
        if record.refer_cseq:
            # Whoever was to tell how it goes is gone: the phone hears at once that it failed.
            leg.referral = Referral(record.refer_cseq, now, status_at_end=503)
        self.add(leg)
        if not leg.is_caller:
            self._by_origin[leg.dialog.call_id, leg.dialog.remote_tag] = leg
        self.rearm(leg)
        return leg

    def _resume(self, leg: Leg, record: DialogRecord, now: float) -> None:
        """Go on with the INVITE's own transaction, so that it can be cancelled or answered."""
        dialog = leg.dialog
        if leg.is_caller:
            leg.state = LegState.DIALLING
            first = BranchRecord(
                invite=record.invite,
                host=dialog.host,
                port=dialog.port,
                listener=dialog.listener,
                is_natted=dialog.is_natted,
                has_provisional=record.has_provisional,
            )
            # All are read before the first is sent: a record that is broken leaves nothing.
            invites = [read_invite(each.invite) for each in (first, *record.branches)]
            for each, invite in zip((first, *record.branches), invites, strict=True):
                self._resume_branch(leg, each, invite, now)
        else:
            leg.state = LegState.INVITED
            leg.pending = self.layer.open(read_invite(record.invite), dialog.peer, dialog.listener)
            leg.pending.leg_id = leg.leg_id

    def _resume_branch(self, leg: Leg, record: BranchRecord, invite: Request, now: float) -> None:
        address = HostPort(record.host, record.port)
        target = Target(invite.uri_text, "", address, record.listener, record.is_natted)
        entry = self.layer.resume(
            invite,
            address,
            record.listener,
            leg.leg_id,
            now,
            answered=record.has_provisional,
        )
        leg.branches.append(Branch(entry, target))

    # -- writing ---------------------------------------------------------------------------------

    def token(self) -> str:
        return f"{self.random.getrandbits(64):016x}"

    def tag_of(self, call_id: str) -> str:
        """Our tag in calls that we begin; a process after us knows by it that they are ours."""
        name = b"tag " + call_id.encode(errors="surrogateescape")
        return hmac.new(self._secret, name, "sha256").hexdigest()[:16]

    def has_begun(self, response: Response) -> bool:
        """Whether this answers a call of ours, though perhaps of a process before us."""
        tag = response.sender.tag.encode(errors="surrogateescape")
        return hmac.compare_digest(tag, self.tag_of(response.call_id).encode())

    def address(self, listener: int) -> str:
        """Host and port of ours for Via and Contact."""
        ours = self.options.listeners[listener].address
        return str(make_uri("", ours.host, ours.port)).removeprefix("sip:")

    def via(self, listener: int) -> str:
        transport = self.options.listeners[listener].transport
        return f"SIP/2.0/{transport} {self.address(listener)};branch={COOKIE}{self.token()};rport"

    def contact(self, user: str, listener: int) -> str:
        ours = self.options.listeners[listener]
        # RFC 7118 5.2.2: the URI says `ws` for the secure one too.
        named = ours.transport.lower().replace("wss", "ws")
        tail = "" if named == "udp" else f";transport={named}"
        return f"<{make_uri(user, ours.address.host, ours.address.port)}{tail}>"

    def answer(
        self,
        entry: ServerEntry,
        status: int,
        now: float,
        *,
        tag: str,
        reason: str = "",
        headers: HeaderLines = (),
        body: bytes = b"",
        keep_route: bool = False,
    ) -> bytes:
        """Answer a request through its transaction; gives the bytes sent."""
        if status >= 300:
            self.emit(Dropped(f"refused-{status}", entry.source))
        data = self.compose(
            entry,
            status,
            tag=tag,
            reason=reason,
            headers=headers,
            body=body,
            keep_route=keep_route,
        )
        self.layer.respond(entry, status, data, now)
        return data

    def compose(
        self,
        entry: ServerEntry,
        status: int,
        *,
        tag: str,
        reason: str = "",
        headers: HeaderLines = (),
        body: bytes = b"",
        keep_route: bool = False,
    ) -> bytes:
        return respond(
            entry.request,
            status,
            entry.source,
            tag=tag,
            reason=reason,
            headers=[*headers, ("Server", self.options.server)],
            body=body,
            keep_route=keep_route,
        )

    def capabilities(
        self, user: str, listener: int, *, reliable: bool = False
    ) -> list[tuple[str, str]]:
        """What a message that makes or changes a dialog says about us.

        reliable: provisional answers to it may ask for a PRACK; we see to that only in a first
        INVITE that brings our offer, since then no PRACK needs an answer from our user.
        """
        supported = SUPPORTED if reliable else SUPPORTED_UNRELIABLY
        contact = self.contact(user, listener)
        return [("Contact", contact), ("Allow", ALLOW), ("Supported", supported)]

    def send(self, data: bytes, to: HostPort, listener: int) -> None:
        self.emit(SendDatagram(data, to, listener))


def _unanswered_invite(leg: Leg) -> bytes:
    if leg.state is LegState.INVITED and leg.pending is not None:
        return head_of(leg.pending.request)
    return bytes(leg.branches[0].entry.request) if leg.branches else b""


def _reported_refer(leg: Leg) -> int:
    """The REFER whose sender expects to be told how it goes."""
    referral = leg.referral
    expected = referral is not None and referral.waiting is None and not referral.is_silent
    return referral.cseq if referral is not None and expected else 0


def _branch_record(branch: Branch) -> BranchRecord:
    target = branch.target
    return BranchRecord(
        invite=bytes(branch.entry.request),
        host=target.address.host,
        port=target.address.port,
        listener=target.listener,
        is_natted=target.is_natted,
        has_provisional=branch.entry.has_provisional,
    )
