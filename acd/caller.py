"""One visit of a caller to a queue: waiting, ringing at an agent's, talking, gone.

               offer                 accept              TakeTalk: the agent changes
    WAITING ──────────▶ RINGING ───────────────▶ TALKING ⟲ ──▶ (TalkEnded)
       ▲  │                │ │
       │  │   offer fails  │ └──▶ CallAbandoned, CallLost; CallOverflowed when the time was up
       └──┼────────────────┘
          └──▶ CallAbandoned, CallOverflowed, CallLost

The visit's outcome is told when it leaves RINGING for TALKING (`AgentAnswered`) or the floor.
"""

import math
from typing import TypeAlias

from foundation.errors import LocalError
from foundation.ids import AgentId, CallId, OfferId, QueueId

Place: TypeAlias = tuple[int, float, int, CallId]
"""Order of service: minus priority, entry time, number of the visit; the least is next.

Who was put to the front counts as having come before all others, in the order of the visits.

Places of different queues compare as well: a freed agent takes the least of all its queues."""


class Caller:
    """Where one caller is. With an offer: RINGING, or TALKING once it was answered."""

    def __init__(
        self,
        call_id: CallId,
        queue: QueueId,
        priority: int,
        number: int,
        now: float,
        overflow_at: float,
        *,
        front: bool = False,
    ) -> None:
        self.call_id = call_id
        self.queue = queue
        self.priority = priority
        self.entered_at = now
        self.overflow_at = overflow_at
        self.is_front = front
        entered_at = -math.inf if front else now
        self.place: Place = (-priority, entered_at, number, call_id)
        "Kept through failed offers: who was not picked up does not go to the end of the queue."
        self.agent_id: AgentId | None = None
        self.offer_id: OfferId | None = None
        self.is_answered = False
        self.tried: set[AgentId] = set()
        "Agents whose offer of this call failed; they are asked again only if nobody else is there."

    @property
    def is_waiting(self) -> bool:
        return self.agent_id is None

    def get_agent_id(self) -> AgentId:
        if self.agent_id is None:
            raise LocalError(f"the caller of {self.call_id} is at no agent's")
        return self.agent_id

    def ring(self, agent_id: AgentId, offer_id: OfferId) -> None:
        self.agent_id, self.offer_id = agent_id, offer_id

    def wait_again(self, tried: AgentId) -> None:
        self.tried.add(tried)
        self.agent_id = self.offer_id = None
