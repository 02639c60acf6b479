"""What a supervisor should know and no figure says: faults of the day, newest first."""

from dataclasses import dataclass
from enum import StrEnum

from foundation.ids import CallId

KEPT = 20
"Notices on the board; older ones are in the journal."


class NoticeKind(StrEnum):
    CALL_LOST = "call_lost"
    CALL_CUT = "call_cut"
    "A fault ended a talk."
    RECORDING_INCOMPLETE = "recording_incomplete"
    TRANSCRIPT_FAILED = "transcript_failed"
    MEDIA = "media"
    LINE_LOST = "line_lost"
    "A line at another PBX takes no calls."
    STORE_DOWN = "store_down"
    "Archived recordings do not reach the store they are kept in."
    AGENT_AWAY = "agent_away"
    "A pause has lasted longer than its reason allows."
    EMERGENCY_ON = "emergency_on"
    "Every caller hears an announcement first."
    EMERGENCY_OFF = "emergency_off"
    SURGE_BEGAN = "surge_began"
    "A queue has called in its backup agents."
    SURGE_OVER = "surge_over"
    WRAP_UP_OVERDUE = "wrap_up_overdue"
    "The code that the queue demands is missing: the agent is offered no call."


@dataclass(frozen=True, slots=True)
class Notice:
    at_s: float
    kind: NoticeKind
    text: str = ""
    "A sentence with the particulars, in English, from where the fault was seen."
    call_id: CallId | None = None
