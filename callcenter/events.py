"""Facts that only the roof knows, and all facts that are told in the house."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from acd.events import AcdEvent
from desk.events import TaskEvent
from foundation.ids import AgentId, CallId
from ivr.events import IvrEvent
from recordings.events import RecordingEvent
from recordings.inspection.events import InspectionEvent
from recordings.quality.events import QualityEvent
from telephony.calls.events import CallEvent
from telephony.calls.number_rules import Purpose
from telephony.lines.events import LineEvent
from telephony.sip.events import TrunkEvent
from wallboard.events import WallboardEvent


@dataclass(frozen=True, slots=True)
class ActionTaken:
    """Somebody with a role did something by the API: the audit's line, before its effects."""

    by: str
    "User id."
    action: str
    target: str
    "Agent id, call id, …"
    detail: str = ""


class Wish(StrEnum):
    """What an agent wants of somebody whom he names or dials."""

    TRANSFER = "transfer"
    CONSULT = "consult"
    CALL = "call"
    "By his own phone, without a caller."


@dataclass(frozen=True, slots=True)
class CallSentOn:
    """The agent of a talk sent the caller back into the house; `TalkEnded` follows, and what comes
    of it: `CallQueued` or `FlowStarted`."""

    call_id: CallId
    agent_id: AgentId
    to: str
    "`queue:orders`, or `line:8000`."


@dataclass(frozen=True, slots=True)
class HandoverRefused:
    """An agent's wish came to nothing before anybody was rung; the phone was told `status`.

    `rule` says what decided. What was dialled is not told: it may be somebody's number.
    """

    call_id: CallId
    agent_id: AgentId
    wish: Wish
    status: int
    rule: str


@dataclass(frozen=True, slots=True)
class NumberRefused:
    """A number outside was not dialled, and which number rule said so; the number is not told."""

    rule: str
    purpose: Purpose
    call_id: CallId | None = None
    "In which it was wanted; None outside of any."


HandoverEvent: TypeAlias = CallSentOn | HandoverRefused
HouseEvent: TypeAlias = (
    CallEvent
    | AcdEvent
    | IvrEvent
    | RecordingEvent
    | TaskEvent
    | QualityEvent
    | InspectionEvent
    | LineEvent
    | ActionTaken
    | HandoverEvent
    | NumberRefused
    | TrunkEvent
    | WallboardEvent
)
