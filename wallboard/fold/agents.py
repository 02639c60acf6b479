"""What one agent does now and did today: time in each state, calls answered, handling times."""

from dataclasses import dataclass, field

from acd.events import AgentState
from foundation.ids import CallId, QueueId
from wallboard.fold.tally import Counts, Visit

BUSY_STATES = (AgentState.RINGING, AgentState.TALKING, AgentState.WRAP_UP)
"Hold is part of TALKING: the agent is not free while a caller hears music."


@dataclass(slots=True)
class WrapUp:
    """A talk that is over while its wrap-up may still go on."""

    visit: Visit
    contact: Visit
    "The same call as the house counts it."
    queue: QueueId
    talk_s: float
    ended_s: float


@dataclass(slots=True)
class AgentClock:
    state: AgentState = AgentState.OFF
    reason: str = ""
    since_s: float = 0.0
    "When the agent entered `state`; 0 when the journal does not tell."
    call_id: CallId | None = None
    spent_s: dict[AgentState, float] = field(default_factory=dict)
    "Today's finished stretches in each state."
    counts: Counts = field(default_factory=Counts)
    "Only answered, handled and their times."
    wrap_up: WrapUp | None = None
    wrap_up_code: str = ""
    "What the call that the agent has, or wraps up, was about."
    lacks_code: bool = False
    "The wrap-up is over but for the code that the queue demands."

    def change(
        self,
        state: AgentState,
        reason: str,
        call_id: CallId | None,
        at_s: float,
        day_start_s: float,
    ) -> None:
        self.spent_s[self.state] = self.time_in(self.state, at_s, day_start_s)
        self.state, self.reason, self.since_s, self.call_id = state, reason, at_s, call_id
        self.lacks_code = False
        if state not in (AgentState.TALKING, AgentState.WRAP_UP):
            self.wrap_up_code = ""

    def coded(self, code: str) -> None:
        self.wrap_up_code, self.lacks_code = code, False

    def time_in(self, state: AgentState, now_s: float, day_start_s: float) -> float:
        """Seconds of today in `state`, the present stretch included."""
        spent_s = self.spent_s.get(state, 0.0)
        if state is self.state and self.since_s:
            spent_s += max(0.0, now_s - max(self.since_s, day_start_s))
        return spent_s

    def start_day(self) -> None:
        self.spent_s = {}
        self.counts = Counts()
