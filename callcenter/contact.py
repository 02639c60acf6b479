"""What the journey remembers of one call while it lasts."""

from dataclasses import dataclass
from enum import Enum

from foundation.ids import AgentId, CallId, QueueId


class Stage(Enum):
    """Who conducts the call now, and so what the end of a prompt means."""

    BLOCKED = "blocked"
    "Hears the line-fault announcement as early media; then is refused."
    IVR = "ivr"
    WAITING = "waiting"
    ANNOUNCING = "announcing"
    "The agent has picked up; the caller hears the agent's number, then they are bridged."
    TALKING = "talking"
    LEAVING = "leaving"
    "Hears a last announcement, then is hung up."
    ECHO = "echo"


@dataclass(slots=True)
class Contact:
    """One call on its way through the house."""

    call_id: CallId
    line: str
    stage: Stage = Stage.IVR
    queue: QueueId | None = None
    agent_id: AgentId | None = None
    returns: int = 0
    "How often an agent was lost before the talk began, so that the call went to the queue's front."
