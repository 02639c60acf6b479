"""What the web role asks core to do, and core's answer.

The values travel over core's Unix socket, hence msgspec; the class name is the tag. A command is
answered when its effect is in the journal on disk; what core refuses comes back as one of
`foundation.errors` (NotFound, Conflict, NotAllowed, Unavailable).
"""

from enum import StrEnum
from typing import TypeAlias

import msgspec

from telephony.calls.events import MonitorMode
from wallboard.events import AlarmKind, Edge, Level


class WantedState(StrEnum):
    """The states an agent may be put in; the others come with calls."""

    READY = "ready"
    PAUSED = "paused"
    OFF = "off"


class _Command(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    by: str
    "Id of the signed-in user who asks, for the journal."


class SetAgentState(_Command, frozen=True):
    agent_id: str
    state: WantedState
    reason: str = ""
    "Why PAUSED, else empty."


class HangUpCall(_Command, frozen=True):
    call_id: str


class MonitorCall(_Command, frozen=True):
    """Ring the phone into the talk, or change the mode of one that is in it."""

    call_id: str
    phone: str
    mode: MonitorMode


class StopMonitor(_Command, frozen=True):
    call_id: str
    phone: str = ""
    "'': every phone that `by` has brought into this talk."


class TalkVerb(StrEnum):
    """What can be done with a talk and with the guest in it; names are those of the routes."""

    HOLD = "hold"
    RESUME = "resume"
    TRANSFER = "transfer"
    "Blind: whoever picks up has the caller."
    CONSULT = "consult"
    COMPLETE = "complete"
    "The guest has the caller, the agent leaves."
    CONFERENCE = "conference"
    TAKE_BACK = "take-back"
    "The guest leaves, agent and caller talk again."


class HandleTalk(_Command, frozen=True):
    """Hold, transfer and their like."""

    call_id: str
    verb: TalkVerb
    agent_id: str
    "Who talked as far as the board knew: the right to do this was looked up for him."
    to: str = ""
    "TRANSFER and CONSULT: an agent, `queue:NAME`, or what one would dial."


class RecordingVerb(StrEnum):
    """Names are the audit's."""

    START = "record"
    STOP = "stop recording"
    PAUSE = "pause recording"
    RESUME = "resume recording"
    TAKE_CARD = "take card"
    CANCEL_CARD = "cancel card"


class HandleRecording(_Command, frozen=True):
    """What is kept of a talk; may be repeated."""

    call_id: str
    verb: RecordingVerb
    agent_id: str
    "As in `HandleTalk`."


class Urgency(StrEnum):
    """Names of `acd.events.Priority`."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"


class PromoteCall(_Command, frozen=True):
    """A waiting caller becomes more or less urgent."""

    call_id: str
    priority: Urgency
    tier: str | None = None
    "None: as it was."


class MoveCall(_Command, frozen=True):
    """A waiting caller goes to another queue."""

    call_id: str
    queue: str


class TakeCall(_Command, frozen=True):
    """A waiting caller goes to this agent."""

    call_id: str
    agent_id: str
    reserve_s: float | None = None
    "How long he waits for one who is busy; None: refuse then."


class GiveBackCall(_Command, frozen=True):
    """The caller need not wait for the agent who was chosen."""

    call_id: str


class WrapUpVerb(StrEnum):
    EXTEND = "extend"
    CODE = "code"
    FINISH = "finish"


class WrapUpWish(_Command, frozen=True):
    agent_id: str
    verb: WrapUpVerb
    extend_s: float = 0.0
    "Of EXTEND."
    code: str = ""
    "Of CODE."


class AskCallback(_Command, frozen=True):
    """Somebody is to be called back."""

    callback_id: str
    "A new one."
    number: str
    queue: str
    in_s: float = 0.0
    "Not before so many seconds from now."


class CancelCallback(_Command, frozen=True):
    callback_id: str


class RaiseAlarm(_Command, frozen=True):
    """The fields of `wallboard.events.AlarmRaised`."""

    alarm_id: str
    rule: str
    kind: AlarmKind
    level: Level
    subject: str
    figure: str
    value: float | None
    limit: float | None
    detail: str


class ClearAlarm(_Command, frozen=True):
    alarm_id: str
    value: float | None


class AcknowledgeAlarm(_Command, frozen=True):
    """Somebody looks after it."""

    alarm_id: str


class NoteAlarmSent(_Command, frozen=True):
    """Somebody outside was told, or could not be."""

    alarm_id: str
    edge: Edge
    way: str
    tries: int
    trouble: str


class TakeTask(_Command, frozen=True):
    task_id: str


class ReleaseTask(_Command, frozen=True):
    """Open again, for somebody else."""

    task_id: str


class FinishTask(_Command, frozen=True):
    task_id: str
    note: str = ""
    "What came of it."


class CallBackForTask(_Command, frozen=True):
    """Have the task's caller called back; the task is then who asks."""

    task_id: str
    callback_id: str
    "A new one."
    queue: str = ""
    "'': the task's."


TaskCommand: TypeAlias = TakeTask | ReleaseTask | FinishTask | CallBackForTask
AlarmCommand: TypeAlias = RaiseAlarm | ClearAlarm | AcknowledgeAlarm | NoteAlarmSent
Command: TypeAlias = (
    SetAgentState
    | HangUpCall
    | MonitorCall
    | StopMonitor
    | HandleTalk
    | HandleRecording
    | PromoteCall
    | MoveCall
    | TakeCall
    | GiveBackCall
    | WrapUpWish
    | AskCallback
    | CancelCallback
    | AlarmCommand
    | TakeTask
    | ReleaseTask
    | FinishTask
    | CallBackForTask
)


class Done(msgspec.Struct, frozen=True, tag=True):
    """The command's effect is on disk."""

    seq: int
    "Number of the last record the command made (or of the latest record, when it made none)."
