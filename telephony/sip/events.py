"""What the SIP stack hands out: datagrams to send, and facts about legs and phones.

A *leg* is one INVITE dialog, from the first INVITE on; the stack knows it by a `LegId` of ours. The
stack owns transactions, retransmission, dialogs, digest, Route sets and the registrar; bodies are
opaque to it. Whoever sits above (telephony.calls) sees legs only.

              IncomingCall                         dial()
                  │ ring() progress()                │   Progressed
                  ▼ accept() / reject()              ▼   Answered / Refused
              accepted ── Confirmed (ACK) ──▶ up ◀── (the stack sends the ACK)
                  │ Cancelled                        │
                  ▼                                  ▼
                Gone  ◀── hang_up() or the peer's BYE: exactly one Gone for each leg that was up
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, TypeAlias

import msgspec

from foundation.ids import LegId

ELSEWHERE = "Call completed elsewhere"
"Reason of a hang-up whose phone is to show no missed call (RFC 3326 2)."


class HostPort(NamedTuple):
    """An address to send to or received from; `host` is a literal IP address."""

    host: str
    port: int


class SendDatagram(msgspec.Struct, frozen=True):
    """The shell sends `data` from listener number `listener` to `to`."""

    data: bytes
    to: HostPort
    listener: int = 0


@dataclass(frozen=True, slots=True)
class CallerIdentity:
    """Who calls: user part and display name, unescaped UTF-8; what From claims, or a trusted trunk
    asserts. A caller who withholds the number has the user part `anonymous`."""

    user: str
    display_name: str
    uri: str


@dataclass(frozen=True, slots=True)
class Diversion:
    """Somebody who was called before us and handed the call on (RFC 5806, RFC 7044)."""

    user: str
    display_name: str = ""
    reason: str = ""
    "As the network says it: `unconditional`, `user-busy`, `no-answer`, a SIP status; '' unknown."


@dataclass(frozen=True, slots=True)
class KeptLeg:
    """What an adopted dialog record says of its leg, for whoever rebuilds the call."""

    leg: LegId
    is_early: bool
    "Our INVITE or the peer's has no final answer yet."
    peer: CallerIdentity
    "The other side, as From or To names it."
    body: bytes
    "The peer's last SDP."
    extra: bytes
    "What the user noted."


@dataclass(frozen=True, slots=True)
class IncomingCall:
    """A new INVITE outside a dialog for a number of ours; 100 Trying is sent when it was told."""

    leg: LegId
    to_user: str
    "The line that was dialled: user part of the request URI, or what a trunk's number stands for."
    caller: CallerIdentity
    body: bytes
    "SDP offer; empty for an offerless INVITE (then our 200 offers and `Confirmed` answers)."
    source: HostPort
    sip_call_id: str
    agent_aor: str = ""
    "Set when the caller has proved an account of ours: the address-of-record's user part."
    reliable: bool = False
    """The caller knows reliable provisional answers (RFC 3262): a 183 may carry our offer to an
    offerless INVITE, and `EarlyAnswered` brings the answer."""
    diversions: tuple[Diversion, ...] = ()
    "Over whom the call came to us, the last one first; as the peer claims."
    trunk: str = ""
    "Over which it came, when that was known by its registration or its addresses."
    replaces: LegId | None = None
    """The leg of ours that this call is to stand in for (RFC 3891); the stack has checked that it
    exists and, with `early-only`, that it is early. Whether the caller may is for the user."""


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The caller's CANCEL, or the end of its INVITE's Expires, came before our final answer; 487
    is already sent. Nothing follows."""

    leg: LegId
    reason: str = ""
    "What the CANCEL gave as Reason (RFC 3326); '' nothing."


@dataclass(frozen=True, slots=True)
class EarlyAnswered:
    """The PRACK of our reliable 183 brought the answer to the offer in it (RFC 3262 5)."""

    leg: LegId
    body: bytes


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The ACK for our 200 came; `body` is the SDP answer when the INVITE had no offer."""

    leg: LegId
    body: bytes


@dataclass(frozen=True, slots=True)
class Progressed:
    """A provisional answer above 100 to our INVITE."""

    leg: LegId
    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Answered:
    """200 to our INVITE, or to our re-INVITE; ACK is already sent.

    body: the peer's last SDP, though it may have come before the 200: by 183, or by UPDATE, which
    was then told as `Reoffered`."""

    leg: LegId
    body: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """Final answer other than 2xx to our first INVITE; 408 also stands for a timer B time-out,
    487 for our own CANCEL, 503 for an ICMP error. The leg is gone."""

    leg: LegId
    status: int
    reason: str


@dataclass(frozen=True, slots=True)
class Reoffered:
    """A re-INVITE (or UPDATE) inside the dialog: answer it by `accept` or `reject`. An UPDATE may
    come before the 200, also of a phone that we ring.

    body: the peer's offer; empty when it wants ours (its answer then comes by `Confirmed`).
    """

    leg: LegId
    body: bytes


@dataclass(frozen=True, slots=True)
class ReofferRefused:
    """Our own re-INVITE was refused; the dialog goes on as before."""

    leg: LegId
    status: int


@dataclass(frozen=True, slots=True)
class InfoDigit:
    """A SIP INFO with application/dtmf-relay or application/dtmf; already answered 200."""

    leg: LegId
    digit: str


@dataclass(frozen=True, slots=True)
class Referred:
    """A REFER inside the dialog (RFC 3515): answer by `accept_refer` or `refuse_refer`.

    One at a time for each leg: another one meanwhile is refused by the stack with 491.
    """

    leg: LegId
    target: str
    "User part of Refer-To, unescaped; '' when it names none."
    host: str
    "Host of Refer-To."
    replaces: LegId | None = None
    "The dialog of ours that Refer-To's Replaces names (RFC 3891)."
    is_replaces_unknown: bool = False
    "Refer-To has a Replaces that names no dialog of ours."


class GoneWhy(StrEnum):
    BYE = "bye"
    "The peer hung up."
    OURS = "ours"
    "We hung up; told once the BYE was sent."
    NO_ACK = "no_ack"
    """Timer H: our 200 was never acknowledged; the stack has sent BYE (RFC 3261 13.3.1.4).
    Or a reliable provisional answer was not; the stack has sent 504 (RFC 3262 3)."""
    DIALOG_ERROR = "dialog_error"
    "481 or 408 inside the dialog (RFC 3261 12.2.1.2)."


@dataclass(frozen=True, slots=True)
class Gone:
    """A dialog that was up (or whose 200 or reliable 183 was sent) is over."""

    leg: LegId
    why: GoneWhy
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DialogKept:
    """The dialog record of a leg changed and should be stored with its media session.

    Told for each change that a restarted core would need: INVITE sent or come, first provisional
    answer, dialog made, CSeq, target, SDP. Of an early leg it is enough to cancel or refuse it.
    """

    leg: LegId
    record: bytes
    is_urgent: bool = True
    "Not: who starts again without it only sends something once more."


@dataclass(frozen=True, slots=True)
class PhoneRegistered:
    """A binding was added or refreshed; `aor` is the user part of the address-of-record."""

    aor: str


@dataclass(frozen=True, slots=True)
class PhoneUnregistered:
    """The last binding of `aor` was removed or ran out."""

    aor: str


@dataclass(frozen=True, slots=True)
class BindingsChanged:
    """The registrar's table changed; the shell stores `bindings` (registrar rows as bytes)."""

    aor: str
    bindings: bytes


@dataclass(frozen=True, slots=True)
class Dropped:
    """A datagram or request was thrown away or refused; counted by `why` in the metrics."""

    why: str
    source: HostPort = field(default=HostPort("", 0))


@dataclass(frozen=True, slots=True)
class TrunkUp:
    """A trunk that we register at or ping can be called, and calls us."""

    trunk: str
    reason: str
    "What it did, to be read after its name: `answers OPTIONS`."


@dataclass(frozen=True, slots=True)
class TrunkDown:
    """It has refused or lost our registration, or does not answer; it is tried again."""

    trunk: str
    reason: str


TrunkEvent: TypeAlias = TrunkUp | TrunkDown
"Told by the gateway (telephony.sip.gateway), not by the stack."

SipEvent: TypeAlias = (
    IncomingCall
    | Cancelled
    | Confirmed
    | EarlyAnswered
    | Progressed
    | Answered
    | Refused
    | Reoffered
    | ReofferRefused
    | InfoDigit
    | Referred
    | Gone
    | DialogKept
    | PhoneRegistered
    | PhoneUnregistered
    | BindingsChanged
    | Dropped
)
StackEffect: TypeAlias = SendDatagram | SipEvent
