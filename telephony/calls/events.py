"""Facts about calls and their legs, as the switchboard tells them to the upper parts.

`JournalEvent` members go to the journal; `PassingEvent` members are only for whoever conducts the
call now (digits may be secrets, prompts are many).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from foundation.ids import AgentId, CallId, LegId, OfferId, PartyId, PhoneId


class EndedBy(StrEnum):
    CALLER = "caller"
    AGENT = "agent"
    "Whoever faces the caller: an agent, or a guest who was dialled or has the talk."
    CENTRE = "centre"
    FAULT = "fault"


class Side(StrEnum):
    """The two sides of a talk. Whoever faces the caller is of the agent's side: supervisors,
    guests, the agent's second line."""

    CALLER = "caller"
    AGENT = "agent"


class MonitorMode(StrEnum):
    """Who hears a supervisor that hears caller and agent."""

    LISTEN = "listen"
    "Nobody."
    WHISPER = "whisper"
    "The agent alone."
    BARGE = "barge"
    "Both."


@dataclass(frozen=True, slots=True)
class CallArrived:
    """A caller's INVITE was accepted for processing; nothing is answered yet."""

    call_id: CallId
    party_id: PartyId
    line: str
    """The number that was dialled. '' when an agent's own phone has dialled none of our lines:
    that may be somebody's number, which the journal must not hold (`Switchboard.find_dialled`)."""
    trunk: str = ""
    "Whose network it came by; '' for our own phones, strangers, and without trunks."


@dataclass(frozen=True, slots=True)
class CallRefused:
    """The caller got a final answer other than 200; `rule` says which rule of ours decided."""

    call_id: CallId
    status: int
    rule: str


@dataclass(frozen=True, slots=True)
class CallPlaced:
    """The centre itself calls somebody, who is the caller of this call from now on; it tells this
    instead of `CallArrived`."""

    call_id: CallId
    party_id: PartyId
    line: str
    "Of ours, as if the party had dialled it; '' none."
    trunk: str


@dataclass(frozen=True, slots=True)
class CallNotReached:
    """Whom we called has not picked up; `CallEnded` follows."""

    call_id: CallId
    status: int
    "The final answer; 0: there was none, and we gave up."


@dataclass(frozen=True, slots=True)
class CallAnswered:
    """Our 200 went to the caller; or he sent his, when it is we who have called."""

    call_id: CallId


@dataclass(frozen=True, slots=True)
class CallBridged:
    """Caller and agent hear each other."""

    call_id: CallId
    agent_id: AgentId


@dataclass(frozen=True, slots=True)
class CallHeld:
    """`side` put the other side on hold, which hears music; by its phone or by `hold`.

    Told of bridged sides only; the end of the bridge ends a hold without `CallResumed`.
    """

    call_id: CallId
    side: Side


@dataclass(frozen=True, slots=True)
class CallResumed:
    """`side` took the other side back from hold."""

    call_id: CallId
    side: Side


class GuestWay(StrEnum):
    """What the talking agent wants of the third whom he has rung into the call."""

    CONSULT = "consult"
    "Speak with him while the caller hears music."
    TRANSFER = "transfer"
    "Hand the caller over as soon as he picks up."
    DIAL = "dial"
    "Nothing but to speak with him: an agent's own phone has dialled him, and there is no caller."


@dataclass(frozen=True, slots=True)
class GuestInvited:
    """A third is being rung into the call: an agent of ours, or a number outside.

    Exactly one of `agent_id` and `party_id` is set; `offer_id` is the same until the end.
    """

    call_id: CallId
    offer_id: OfferId
    way: GuestWay
    agent_id: AgentId | None = None
    party_id: PartyId | None = None
    trunk: str = ""
    "By which a number outside is dialled."


@dataclass(frozen=True, slots=True)
class GuestJoined:
    """The guest has picked up; with CONSULT he and the agent hear each other."""

    call_id: CallId
    offer_id: OfferId


@dataclass(frozen=True, slots=True)
class GuestLeft:
    """The guest's part is over without having taken the talk: refused, sent away or hung up.

    `status`: the final SIP answer of one who never picked up, else 0. Who is left is together
    again: caller and agent when both are there; a caller whose agent is gone is alone.
    """

    call_id: CallId
    offer_id: OfferId
    status: int = 0


@dataclass(frozen=True, slots=True)
class ConferenceStarted:
    """Caller, agent and guest all hear each other."""

    call_id: CallId
    offer_id: OfferId


@dataclass(frozen=True, slots=True)
class TalkTransferred:
    """Caller and guest talk; the guest stands where the agent stood, whose leg is over.

    Comes once for each transfer, after `GuestJoined` and instead of `GuestLeft`; no `AgentHungUp`
    is told of the agent who handed over (it may have come before, of one who did not wait).
    """

    call_id: CallId
    offer_id: OfferId


@dataclass(frozen=True, slots=True)
class MonitorStarted:
    """A supervisor's phone was picked up and hears the talk; `mode` says who hears it."""

    call_id: CallId
    phone: PhoneId
    by: str
    "User id of whoever asked for it."
    mode: MonitorMode


@dataclass(frozen=True, slots=True)
class MonitorChanged:
    """The supervisor is heard by others than before."""

    call_id: CallId
    phone: PhoneId
    by: str
    mode: MonitorMode


@dataclass(frozen=True, slots=True)
class MonitorEnded:
    """The supervisor's phone is out of the talk; without a `MonitorStarted` it never was in it."""

    call_id: CallId
    phone: PhoneId
    reason: str


@dataclass(frozen=True, slots=True)
class LegEnded:
    """A leg's dialog and media are over; the figures are what RTP and RTCP measured.

    packets_lost and jitter_ms: of what we received; remote_*: what the peer's last RTCP report
    said of what it received from us, None without a report. mos and remote_mos: how that sounded,
    estimated by the E-model, 1 to 4.41.
    """

    call_id: CallId
    leg_id: LegId
    side: Side
    packets_received: int
    packets_sent: int
    packets_lost: int
    jitter_ms: float
    remote_packets_lost: int | None
    remote_jitter_ms: float | None
    round_trip_ms: float | None = None
    mos: float | None = None
    remote_mos: float | None = None


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The contact is over; comes exactly once for each CallArrived, refused calls included."""

    call_id: CallId
    by: EndedBy
    reason: str


@dataclass(frozen=True, slots=True)
class DigitPressed:
    """Of the caller, or of whoever faces him; other phones' digits are not told."""

    call_id: CallId
    side: Side
    digit: str
    is_held: bool = False
    "Nobody has heard it: `CallControl.send_digits` passes it on."


@dataclass(frozen=True, slots=True)
class PromptEnded:
    """What was being played to the caller has been played to its end (never sent after a stop)."""

    call_id: CallId


@dataclass(frozen=True, slots=True)
class AgentRinging:
    """The agent's phone answered 180."""

    call_id: CallId
    agent_id: AgentId
    offer_id: OfferId


@dataclass(frozen=True, slots=True)
class AgentPickedUp:
    """The agent's phone answered the offer's INVITE with 200."""

    call_id: CallId
    agent_id: AgentId
    offer_id: OfferId


@dataclass(frozen=True, slots=True)
class AgentRefused:
    """The agent's phone answered with a final status other than 200, or could not be reached."""

    call_id: CallId
    agent_id: AgentId
    offer_id: OfferId
    status: int


@dataclass(frozen=True, slots=True)
class AgentHungUp:
    """The agent's leg ended after it had picked up, for whatever cause."""

    call_id: CallId
    agent_id: AgentId
    by: EndedBy
    why: str = ""
    "For people: what was wrong, when it was a fault."


@dataclass(frozen=True, slots=True)
class PhoneChanged:
    """An agent's phone became reachable or not (registered), free or busy with some other call."""

    agent_id: AgentId
    registered: bool
    busy: bool


@dataclass(frozen=True, slots=True)
class TransferAsked:
    """The agent's phone wants the caller handed over (REFER); the phone is told how it went.

    Answered by `CallControl.transfer` or `complete_transfer`, or refused by `refuse_transfer`.
    """

    call_id: CallId
    agent_id: AgentId
    target: str
    "User part that Refer-To names; '' when the phone means the guest who is there (Replaces)."


@dataclass(frozen=True, slots=True)
class ConsultAsked:
    """An agent's phone that is in a talk dials somebody on a second line, to consult.

    Answered by `CallControl.consult`, or refused by `refuse_consult`.
    """

    call_id: CallId
    "Of the talk."
    agent_id: AgentId
    target: str
    "What was dialled."


@dataclass(frozen=True, slots=True)
class TalkRecorded:
    """The media worker closed the recording `recording_id` (its tap)."""

    recording_id: str
    frames: int
    "Samples per channel in the file."
    complete: bool


@dataclass(frozen=True, slots=True)
class MediaTroubled:
    """Something about the media plane that a supervisor should see, as a sentence."""

    sentence: str


JournalEvent: TypeAlias = (
    CallArrived
    | CallPlaced
    | CallNotReached
    | CallRefused
    | CallAnswered
    | CallBridged
    | CallHeld
    | CallResumed
    | GuestInvited
    | GuestJoined
    | GuestLeft
    | ConferenceStarted
    | TalkTransferred
    | MonitorStarted
    | MonitorChanged
    | MonitorEnded
    | LegEnded
    | CallEnded
    | MediaTroubled
)
PassingEvent: TypeAlias = (
    DigitPressed
    | PromptEnded
    | AgentRinging
    | AgentPickedUp
    | AgentRefused
    | AgentHungUp
    | PhoneChanged
    | TransferAsked
    | ConsultAsked
    | TalkRecorded
)
CallEvent: TypeAlias = JournalEvent | PassingEvent
