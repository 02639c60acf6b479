"""What the journey remembers of one call while it lasts."""

from dataclasses import dataclass, field
from enum import Enum

from acd.events import Priority
from acd.requirement import EVERYBODY, Requirement
from callcenter.conduct.agent_keys import AgentKeys
from callcenter.conduct.card_entry import CardEntry
from foundation.ids import AgentId, CallbackId, CallId, OfferId, PartyId, QueueId, RecordingId
from recordings.events import PauseReason
from telephony.calls.control import AgentTarget, GuestTarget
from telephony.calls.events import GuestWay


class Stage(Enum):
    """Who conducts the call now, and so what the end of a prompt means."""

    BLOCKED = "blocked"
    "Hears the line-fault announcement as early media; then is refused."
    DIALLED = "dialled"
    "Somebody whom we call back has not answered yet (`conduct.callbacks`)."
    CONSENT = "consent"
    "Hears that the call may be recorded, and may say no."
    IVR = "ivr"
    WAITING = "waiting"
    ANNOUNCING = "announcing"
    "The agent has picked up; the caller hears the agent's number, then they are bridged."
    TALKING = "talking"
    HANDED = "handed"
    "The agent has gone; the caller waits for the guest who is to take the talk over."
    OUTSIDE = "outside"
    "The caller talks with somebody outside to whom an agent gave him."
    EMERGENCY = "emergency"
    "Hears the emergency announcement, before anything else (`conduct.emergency`)."
    LEAVING = "leaving"
    "Hears a last announcement, then is hung up."
    ECHO = "echo"
    OWN = "own"
    "An agent's own phone calls; nobody in the house conducts it (`conduct.own_calls`)."


@dataclass(frozen=True, slots=True)
class Try:
    """For which callback the call was placed, and whose reservation it is."""

    callback_id: CallbackId
    party_id: PartyId
    offer_id: OfferId
    queue: QueueId


@dataclass(slots=True)
class Guest:
    """A third who is rung into the call, until he has left or has the talk."""

    target: GuestTarget
    way: GuestWay
    has_joined: bool = False
    in_conference: bool = False
    is_sent_away: bool = False
    "By us: what the phone answers to that is no refusal of his."

    @property
    def offer_id(self) -> OfferId:
        return self.target.offer_id

    @property
    def agent_id(self) -> AgentId | None:
        return self.target.agent_id if isinstance(self.target, AgentTarget) else None

    @property
    def party_id(self) -> PartyId | None:
        return None if isinstance(self.target, AgentTarget) else self.target.party_id


@dataclass(slots=True)
class Contact:
    """One call on its way through the house."""

    call_id: CallId
    line: str
    stage: Stage = Stage.IVR
    trunk: str = ""
    language: str = ""
    "Chosen in a flow; '' none."
    queue: QueueId | None = None
    agent_id: AgentId | None = None
    "Who talks with the caller; in HANDED and OUTSIDE, who did last."
    returns: int = 0
    "How often an agent was lost before the talk began, so that the call went to the queue's front."
    priority: int = Priority.P3
    tier: str = ""
    "Of a VIP."
    requires: Requirement = EVERYBODY
    "What this caller needs of an agent beside what the queue asks."
    sends: int = 0
    "How often flows have sent the caller to a line."
    prefer: AgentId | None = None
    "Who talked with the caller last, if his flow wants him."
    guest: Guest | None = None
    is_placed: bool = False
    "By us: we call somebody back."
    called_for: Try | None = None
    "For whom."
    status: int = 0
    "Of who was called and not reached."
    is_held: bool = False
    "By the API."
    recording_id: RecordingId | None = None
    "Of the talk, while it is recorded."
    pauses: set[PauseReason] = field(default_factory=set)
    "Why the recording is paused."
    declined: bool = False
    "The caller does not want to be recorded."
    hears_consent: bool = False
    "Of a call that we have placed, in ANNOUNCING."
    takes_card: bool = False
    card: CardEntry | None = None
    keys: AgentKeys | None = None
    "Of the agent who talks."
    keys_are_held: bool = False
    "Media passes none of them on."
