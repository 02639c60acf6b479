"""One visit of a caller to a queue: waiting, ringing at an agent's, talking, gone.

               offer                 accept              TakeTalk: the agent changes
    WAITING ──────────▶ RINGING ⟲ ─────────────▶ TALKING ⟲ ──▶ (TalkEnded)
       ▲  │                │ │
       │  │ last of the    │ └──▶ CallAbandoned, CallLost; CallOverflowed when the time was up
       │  │ offers fails   │
       └──┼────────────────┘
          └──▶ CallAbandoned, CallOverflowed, CallLost

In a queue that rings all it may ring at several agents' at once: each offer fails for itself.
The visit's outcome is told when it leaves RINGING for TALKING (`AgentAnswered`) or the floor.
"""

from collections.abc import Mapping, Set
from math import inf
from typing import NamedTuple, TypeAlias

from acd.inputs import Enqueue
from acd.requirement import Requirement, only
from foundation.errors import LocalError
from foundation.ids import AgentId, CallId, OfferId

Place: TypeAlias = tuple[float, int, CallId]
"""Order of service: entry time less the head start, number of the visit; the least is next.

Places of different queues compare as well: a freed agent takes the least of all its queues. They
never change, so that nobody starves: who comes later than the longest head start goes behind."""
LAST: Place = (inf, 0, CallId(""))
"Behind everybody."
NOBODY: Set[AgentId] = frozenset()


class Wish(NamedTuple):
    """What is needed of an agent so long after the entry."""

    requirement: Requirement
    after_s: float


class Caller:
    """Where one caller is. With offers: RINGING, or TALKING once one was answered, and is alone."""

    __slots__ = (
        "_later",
        "_needed",
        "_number",
        "_offers",
        "answered_at",
        "call_id",
        "claimed_by",
        "entered_at",
        "expected_s",
        "given",
        "has_rarer_timers",
        "is_answered",
        "overflow_at",
        "place",
        "queue",
        "requirement",
        "told_s",
        "tried",
    )

    def __init__(
        self,
        given: Enqueue,
        number: int,
        entered_at: float,
        overflow_at: float,
        head_start_s: float,
        wishes: tuple[Wish, ...],
    ) -> None:
        """
        number: of the visit; breaks the tie between two who came at once.
        head_start_s: how much earlier the place is than the entry.
        wishes: what is needed now, and what will do later, in the order of time.
        """
        self.given = given
        self.call_id = given.call_id
        self.queue = given.queue
        self.entered_at = entered_at
        self.overflow_at = overflow_at
        self._number = number
        self.place = self._place(head_start_s)
        "Kept through failed offers: who was not picked up does not go to the end of the queue."
        self.requirement = self._needed = wishes[0].requirement
        self._later = wishes[1:]
        self.claimed_by: AgentId | None = None
        "Whom somebody has chosen for this caller: nobody else will do (`acd.claims`)."
        self._offers: dict[AgentId, OfferId] = {}
        "Of agents whose phones ring; of the one who talks."
        self.is_answered = False
        self.answered_at = 0.0
        self.expected_s: float | None = None
        "What the wait was expected to be at the entry."
        self.told_s: float | None = None
        "The wait that was announced last."
        self.tried: Set[AgentId] = NOBODY
        "Agents whose offer of this call failed; they are asked again only if nobody else is there."
        self.has_rarer_timers = False
        "Whether one beside that of `overflow_at` was ever set."

    @property
    def priority(self) -> int:
        return self.given.priority

    @property
    def is_front(self) -> bool:
        return self.given.front

    def _place(self, head_start_s: float) -> Place:
        since = self.entered_at - self.given.waited_s
        return (since - head_start_s, self._number, self.call_id)

    @property
    def is_waiting(self) -> bool:
        return not self._offers

    @property
    def offers(self) -> Mapping[AgentId, OfferId]:
        """In the order in which they were made."""
        return self._offers

    @property
    def agent_id(self) -> AgentId | None:
        """Who talks, or was asked first of those whose phones ring."""
        return next(iter(self._offers), None)

    @property
    def offer_id(self) -> OfferId | None:
        return next(iter(self._offers.values()), None)

    @property
    def relax_at(self) -> float | None:
        """When less will do."""
        return self.entered_at + self._later[0].after_s if self._later else None

    def change_wishes(self, wishes: tuple[Wish, ...], now: float) -> None:
        """Need something else from now on."""
        self._needed, self._later = wishes[0].requirement, wishes[1:]
        self.relax(now)

    def promote(self, given: Enqueue, head_start_s: float) -> None:
        """Another place; whoever is waiting must not be in a lineup meanwhile."""
        self.given = given
        self.place = self._place(head_start_s)

    def relax(self, now: float) -> None:
        """Need what will do by now; whoever is waiting must not be in a lineup meanwhile."""
        while (relax_at := self.relax_at) is not None and relax_at <= now:
            self._needed, self._later = self._later[0].requirement, self._later[1:]
        if self.claimed_by is None:
            self.requirement = self._needed

    def claim(self, agent_id: AgentId) -> None:
        """Need this agent; whoever is waiting must not be in a lineup meanwhile."""
        self.claimed_by, self.requirement = agent_id, only(agent_id)

    def unclaim(self) -> None:
        """Need what will do by now; whoever is waiting must not be in a lineup meanwhile."""
        self.claimed_by, self.requirement = None, self._needed

    def get_agent_id(self) -> AgentId:
        if self.agent_id is None:
            raise LocalError(f"the caller of {self.call_id} is at no agent's")
        return self.agent_id

    def ring(self, agent_id: AgentId, offer_id: OfferId) -> None:
        """At this agent's, beside others."""
        self._offers[agent_id] = offer_id

    def fail(self, agent_id: AgentId) -> None:
        """One offer is over; who had it is asked later than others next time."""
        self.tried |= {agent_id}
        del self._offers[agent_id]

    def part(self) -> None:
        """At nobody's any more, who need not be asked later than others next time."""
        self._offers.clear()
