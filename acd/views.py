"""What the floor shows to whoever asks: values, taken at one moment."""

from dataclasses import dataclass

from acd.agent import Agent
from acd.caller import Caller
from acd.events import AgentState
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
    )
