"""A leg as the stack keeps it: a dialog, what it is waiting for, and when.

       as server                                as client
    INVITED ─ accept ─▶ ANSWERED              DIALLING ─ 2xx ─▶ UP
        │                 │ ACK                  │ hang_up
        │                 ▼                      ▼
        │                 UP                  CANCELLING ─ final answer ─▶ (forgotten)
        │                 │
        └ reject,CANCEL   └ BYE, either side ─▶ ENDED (answers latecomers) ─▶ (forgotten)

`uas.py` moves the left side, `uac.py` the right side, `in_dialog.py` what both share.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from foundation.ids import LegId
from telephony.sip.dialog import Dialog, Target
from telephony.sip.dialogs.reliable import ReliableAnswers
from telephony.sip.dialogs.session_timer import SessionTimer
from telephony.sip.dialogs.unacked import UnackedAnswer
from telephony.sip.digest import DigestClient
from telephony.sip.events import HostPort
from telephony.sip.transactions.transaction_layer import ClientEntry, ServerEntry
from telephony.sip.wording.message import Message, Request


class LegState(StrEnum):
    INVITED = "invited"
    ANSWERED = "answered"
    UP = "up"
    DIALLING = "dialling"
    CANCELLING = "cancelling"
    ENDED = "ended"


@dataclass(slots=True, eq=False)
class Branch:
    """One phone that an INVITE of ours rings."""

    entry: ClientEntry
    target: Target


@dataclass(slots=True)
class EarlyDialog:
    """What one of the phones that an INVITE of ours reached has answered provisionally."""

    dialog: Dialog
    rseq: int = 0
    "Of its last reliable answer."
    body: bytes = b""
    "Its SDP, for a 200 that leaves it out: it may, when it went out reliably before; some just do."
    is_settled: bool = False
    "It has answered our offer reliably: either may change it by UPDATE (RFC 3311 5.1)."
    offer: bytes = b""
    "Of its last UPDATE, which counts more than SDP that the 200 repeats (RFC 6337 3.1.1)."


@dataclass(slots=True)
class Referral:
    """A REFER of the peer's: from its arrival to the last report on it (RFC 3515)."""

    cseq: int
    ends_at: float
    "When we refuse it unasked, or tell that it failed."
    waiting: ServerEntry | None = None
    "Until our user has answered it."
    is_silent: bool = False
    "The peer wants no reports (RFC 4488)."
    report: ClientEntry | None = None
    "Our last NOTIFY, until its answer."
    unreported: tuple[int, str] | None = None
    "Status and reason of what came meanwhile: the next report."
    status_at_end: int = 408
    "What the last report says when our user never told how it went."


@dataclass(slots=True, eq=False)
class Leg:
    """One leg; `eq=False`: a leg is itself only."""

    leg_id: LegId
    state: LegState
    dialog: Dialog
    is_caller: bool = False
    "We sent the first INVITE."

    pending: ServerEntry | None = None
    "The peer's INVITE or UPDATE that our user has yet to answer."
    pending_update: ServerEntry | None = None
    "The peer's UPDATE with an offer while the INVITE itself still waits."
    unasked: list[bytes] = field(default_factory=list)
    """For each answer that our user still owes, and that no request waits for any more (the
    re-INVITE was cancelled): the SDP of the peer's to go back to then, b'' for none."""
    reliable: ReliableAnswers | None = None
    wanted_answer: bytes | None = None
    "The body of a 200 that waits for a PRACK."
    unacked: UnackedAnswer | None = None
    answer: bytes = b""
    answer_to: HostPort = field(default=HostPort("", 0))
    invite_seq: int = 0
    hang_up_reason: str | None = None
    "Set while a hang-up waits for the ACK (RFC 3261 15) or for the end of a CANCEL."

    branches: list[Branch] = field(default_factory=list)
    "Our first INVITE, to one phone or several, until it is decided."
    refusal: tuple[int, str] | None = None
    "The best final answer of the phones that refused."
    invite: ClientEntry | None = None
    "Our re-INVITE until its final answer."
    reinvite_ends_at: float | None = None
    "Then it is cancelled."
    early: dict[str, EarlyDialog] = field(default_factory=dict)
    "By the tag of the phone that answered."
    late_offer: Request | None = None
    "An INVITE of ours without offer that was accepted: its ACK waits for our answer."
    ack: bytes = b""
    ack_seq: int = 0
    auth: DigestClient | None = None
    wanted_offer: bytes | None = None
    "A re-INVITE that waits until the other side's is over (glare)."
    glare_count: int = 0
    is_refreshing: bool = False
    "Our re-INVITE only keeps the session alive; nobody above is told of it."

    session: SessionTimer | None = None
    update: ClientEntry | None = None
    "Our own UPDATE until its final answer."
    min_se_s: int = 0
    "The shortest session timer that the peer told us to ask for, by 422."
    raises: int = 0
    "How often it did."
    allows_update: bool = False
    "The peer's Allow names UPDATE."

    referral: Referral | None = None

    trunk: str = ""
    "Over which the call goes out or has come; '' a phone of ours."
    silent_until: float | None = None
    "Then another way is tried, if nothing at all has been heard on this one."
    max_call_s: float | None = None
    over_at: float | None = None
    "When the call has lasted for as long as it may."

    local_body: bytes = b""
    remote_body: bytes = b""
    extra: bytes = b""
    last_kept: bytes = b""
    "The record as it was told last, so that it is told again only when it changed."

    ring_again_at: float | None = None
    expires_at: float | None = None
    "The caller's INVITE wants its answer until then (RFC 3261 13.3.1)."
    reoffer_at: float | None = None
    reoffer_waits: int = 0
    "How often our offer has been put off since the last one was sent."
    forget_at: float | None = None
    cancel_ends_at: float | None = None
    last_provisional: tuple[int, bytes] = (0, b"")

    @property
    def is_early(self) -> bool:
        return self.state in (LegState.INVITED, LegState.DIALLING, LegState.CANCELLING)

    def find_branch(self, entry: ClientEntry) -> Branch | None:
        return next((each for each in self.branches if each.entry is entry), None)

    def learn_abilities(self, message: Message) -> None:
        """What the peer's request or 2xx says it can do."""
        if message.find("allow") is not None:
            self.allows_update = "UPDATE" in message.items("allow")

    @property
    def deadline(self) -> float | None:
        unacked = self.unacked.deadline if self.unacked else None
        times = (
            unacked,
            self.reliable.deadline if self.reliable else None,
            self.ring_again_at,
            self.expires_at,
            self.reoffer_at,
            self.reinvite_ends_at,
            self.forget_at,
            self.cancel_ends_at,
            self.session.deadline if self.session else None,
            self.referral.ends_at if self.referral else None,
            self.silent_until,
            self.over_at,
        )
        return min((at for at in times if at is not None), default=None)
