"""What the floor shows to whoever asks: values, taken at one moment."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from acd.agent import Agent
from acd.caller import Caller
from acd.events import AgentState
from acd.expected_wait import Accuracy
from acd.requirement import EVERYBODY, Requirement
from foundation.ids import AgentId, CallId, OfferId, QueueId


@dataclass(frozen=True, slots=True)
class AgentView:
    """One agent now; `since` is in seconds of the floor's clock."""

    agent_id: AgentId
    name: str
    state: AgentState
    reason: str
    since: float
    call_id: CallId | None
    offer_id: OfferId | None
    registered: bool
    busy: bool


@dataclass(frozen=True, slots=True)
class CallerView:
    """One caller who waits (`agents` is empty) or rings at agents'."""

    call_id: CallId
    queue: QueueId
    priority: int
    entered_at: float
    agents: tuple[AgentId, ...] = ()
    needs: Requirement = EVERYBODY
    "What an agent must have now."
    served_from: float = 0.0
    "The entry less the head start: the least is served first."
    is_front: bool = False
    "Was put to the front of equals, as one whose transfer came to nothing."
    claimed_by: AgentId | None = None
    "The agent who was chosen for this caller."


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """What there is of one queue."""

    waiting: int = 0
    "Callers who wait, or at whose agents' it rings."
    talking: int = 0
    "Talks, of guests and of who is asked for a talk among them."
    wrapping_up: int = 0
    "Agents who wrap up a talk of it."
    callbacks: int = 0
    "Promised, and not over."

    @property
    def is_empty(self) -> bool:
        return not (self.waiting or self.talking or self.wrapping_up or self.callbacks)

    def __str__(self) -> str:
        parts = (
            (self.waiting, "waiting"),
            (self.talking, "talking"),
            (self.wrapping_up, "in wrap-up"),
            (self.callbacks, "to be called back"),
        )
        return ", ".join(f"{count} {what}" for count, what in parts if count) or "nobody"


@dataclass(frozen=True, slots=True)
class Expectation:
    """Of a queue: what who comes now would wait, and how far such estimates were off."""

    wait_s: float | None
    "None: nobody is there to answer."
    error: Accuracy | None = None
    "None before anybody was answered."


class PhoneTrouble(StrEnum):
    """Why an agent who is signed in is offered nothing, whatever he has chosen."""

    AWAY = "away"
    "Not registered."
    BUSY = "busy"
    "With a call that is none of a queue's."


@dataclass(frozen=True, slots=True)
class FloorNow:
    """What screens show of the present and no journal tells."""

    expected: Mapping[QueueId, Expectation] = field(default_factory=dict)
    phones: Mapping[AgentId, PhoneTrouble] = field(default_factory=dict)
    "Of those who are signed in and could not be rung."


def phone_trouble(agent: Agent) -> PhoneTrouble | None:
    if agent.state is AgentState.OFF:
        return None
    if not agent.registered:
        return PhoneTrouble.AWAY
    return PhoneTrouble.BUSY if agent.busy else None


def agent_view(agent: Agent) -> AgentView:
    had = agent.assignment
    return AgentView(
        agent_id=agent.agent_id,
        name=agent.card.name,
        state=agent.state,
        reason=agent.reason,
        since=agent.since,
        call_id=had.call_id if had else None,
        offer_id=had.offer_id if had else None,
        registered=agent.registered,
        busy=agent.busy,
    )


def caller_view(caller: Caller) -> CallerView:
    return CallerView(
        caller.call_id,
        caller.queue,
        caller.priority,
        caller.entered_at,
        tuple(caller.offers),
        caller.requirement,
        caller.place[0],
        caller.is_front,
        caller.claimed_by,
    )


def presence(
    callers: Iterable[Caller], agents: Iterable[Agent], queue: QueueId, callbacks: int
) -> Presence:
    """`callers`: whose visits are to `queue`; `callbacks`: how many are promised from it."""
    visits = list(callers)
    talks = {caller.call_id for caller in visits if caller.is_answered}
    busy = [(each.state, had.call_id) for each in agents if (had := each.assignment)
            and had.queue == queue]  # fmt: skip
    talks |= {call_id for state, call_id in busy if state is AgentState.TALKING}
    return Presence(
        waiting=sum(not caller.is_answered for caller in visits),
        talking=len(talks),
        wrapping_up=sum(state is AgentState.WRAP_UP for state, _ in busy),
        callbacks=callbacks,
    )
