"""The calls of the present and those that ended lately, as the list of calls shows them.

No phone numbers here: the journal has none.
"""

from dataclasses import dataclass
from enum import StrEnum

from acd.events import Priority
from foundation.ids import AgentId, CallId, QueueId, RecordingId
from telephony.calls.events import EndedBy
from wallboard.fold.tally import Outcome, Visit


class Phase(StrEnum):
    ARRIVED = "arrived"
    "In the menus, or not yet answered."
    WAITING = "waiting"
    TALKING = "talking"
    AFTER_TALK = "after_talk"
    "The agent's part is over, the caller's leg is not."
    ENDED = "ended"


class Manner(StrEnum):
    """How a talk goes on at present."""

    TALK = ""
    "As usual."
    HOLD = "hold"
    CONSULT = "consult"
    TRANSFER = "transfer"
    "Somebody is rung who is to have the caller."
    CONFERENCE = "conference"


@dataclass(slots=True, eq=False)
class CallLine:
    """One contact: where it is, where it was, how it ended."""

    call_id: CallId
    arrived_s: float
    line: str = ""
    phase: Phase = Phase.ARRIVED
    queue: QueueId | None = None
    agent_id: AgentId | None = None
    visit: Visit | None = None
    "The latest visit to a queue."
    contact: Visit | None = None
    "The same call as the house counts it: from its first queue to its last outcome."
    answered_s: float | None = None
    "When an agent picked up."
    talking_s: float | None = None
    "Since when the talk is `agent_id`'s: later than `answered_s` after a transfer."
    is_bridged: bool = False
    "Caller and agent of this visit have talked."
    manner: Manner = Manner.TALK
    recording_id: RecordingId | None = None
    "The latest."
    recording: str = ""
    "'': not recorded now; 'on', 'paused', 'card'."
    priority: int = Priority.P3
    tier: str = ""
    "Of VIPs."
    claimed_by: AgentId | None = None
    "Whom somebody has chosen for the waiting caller."
    ended_s: float | None = None
    ended_by: EndedBy | None = None
    reason: str = ""

    @property
    def outcome(self) -> Outcome | None:
        return None if self.visit is None else self.visit.outcome

    @property
    def is_over(self) -> bool:
        """Nothing more will be told about it: the caller's leg and the visit are both over."""
        waits = self.visit is not None and self.visit.outcome is None
        return self.ended_s is not None and not waits and self.phase is not Phase.TALKING
