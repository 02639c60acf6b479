"""What a call wants done: SIP verbs, media requests, facts to tell.

The switchboard performs them.
"""

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from foundation.ids import AgentId, LegId, PhoneId
from telephony.calls.control import OutsideTarget
from telephony.calls.events import CallEvent
from telephony.calls.kept import Note
from telephony.media import protocol as media


@dataclass(frozen=True, slots=True)
class Progress:
    """A provisional answer to whoever called us; with SDP it is 183."""

    leg: LegId
    body: bytes
    status: int = 183


@dataclass(frozen=True, slots=True)
class Accept:
    """200 to an INVITE from outside a dialog, or to anybody's re-INVITE."""

    leg: LegId
    body: bytes


@dataclass(frozen=True, slots=True)
class Reject:
    leg: LegId
    status: int


@dataclass(frozen=True, slots=True)
class Dial:
    """INVITE to the agent's newest binding."""

    leg: LegId
    agent_id: AgentId
    body: bytes
    auto_answer: bool
    note: Note
    "Kept with the dialog."


@dataclass(frozen=True, slots=True)
class DialOutside:
    """INVITE to a number outside, by a trunk."""

    leg: LegId
    target: OutsideTarget
    body: bytes
    note: Note


@dataclass(frozen=True, slots=True)
class DialSupervisor:
    """INVITE to the newest binding of a supervisor's phone, which is asked to pick up by itself."""

    leg: LegId
    phone: PhoneId
    body: bytes


@dataclass(frozen=True, slots=True)
class HangUpLeg:
    """BYE, CANCEL or a final answer: whatever the leg's state asks for."""

    leg: LegId
    reason: str


@dataclass(frozen=True, slots=True)
class AcceptRefer:
    """We do what the phone's REFER asks."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class RefuseRefer:
    leg: LegId
    status: int


@dataclass(frozen=True, slots=True)
class NotifyRefer:
    """How an accepted REFER goes; a final status is the last word."""

    leg: LegId
    status: int


class Purpose(Enum):
    """Why media was asked, so that its answer finds the right step."""

    PREPARE_CALLER = "prepare caller"
    PREPARE_AGENT = "prepare agent"
    ANSWER_AGENT = "answer agent"
    REOFFER = "reoffer"
    LATE_ANSWER = "late answer"
    "The SDP in the ACK of an offerless INVITE."
    REOFFER_ANSWER = "reoffer answer"
    PREPARE_SECOND = "prepare second"
    "The second line of the agent's phone."
    PREPARE_MOVE = "prepare move"
    "Another phone of the agent's, to which the talk moves."
    PREPARE_GUEST = "prepare guest"
    EARLY_ANSWER = "early answer"
    "The SDP of a guest's 183."
    ANSWER_GUEST = "answer guest"
    PREPARE_SUPERVISOR = "prepare supervisor"
    ANSWER_CALLER = "answer caller"
    "The SDP in the 200 of somebody whom we have dialled."
    ANSWER_SUPERVISOR = "answer supervisor"
    HEAR = "hear"
    CONNECT = "connect"
    "Of caller and agent, for the first time."
    LINK = "link"
    "Any other Connect."
    PLAY = "play"
    TAP = "tap"
    PAUSE = "pause"
    HIDE = "hide"
    RELEASE = "release"
    OTHER = "other"


FOLLOWED_ONLY_BY_FAILURE = frozenset(
    {Purpose.HEAR, Purpose.LINK, Purpose.PLAY, Purpose.TAP, Purpose.OTHER}
)
"That media did it changes nothing of a call; most of what is asked is of these."


@dataclass(frozen=True, slots=True)
class AskMedia:
    """`request` (its `rid` is given by the client) on behalf of `leg`."""

    leg: LegId
    purpose: Purpose
    request: media.Request

    def is_followed_by(self, reply: media.Done | media.Failed) -> bool:
        """Whether the call has a step to take at this reply."""
        return isinstance(reply, media.Failed) or self.purpose not in FOLLOWED_ONLY_BY_FAILURE


@dataclass(frozen=True, slots=True)
class Tell:
    event: CallEvent


SipWord: TypeAlias = (
    Progress | Accept | Reject | HangUpLeg | AcceptRefer | RefuseRefer | NotifyRefer
)
"Said to the peer of a leg that is there."
Effect: TypeAlias = SipWord | Dial | DialOutside | DialSupervisor | AskMedia | Tell


@dataclass(frozen=True, slots=True)
class MediaAnswered:
    """Media's reply to what was asked; comes exactly once, in the order of asking."""

    asked: AskMedia
    reply: media.Done | media.Failed
