"""Which queues and agents screens list, and in which order."""

from acd.events import AgentState
from foundation.ids import AgentId, QueueId
from wallboard.fold.board import Board


def queue_ids(board: Board) -> list[QueueId]:
    """The configured ones first, in their order; then those that only the journal knows."""
    return [*board.directory.queues, *sorted(board.queues.keys() - board.directory.queues.keys())]


def agent_ids(board: Board) -> list[AgentId]:
    """As `queue_ids`; an agent who is no longer configured is shown until signed off."""
    strangers = board.agents.keys() - board.directory.agents.keys()
    return [
        *board.directory.agents,
        *sorted(agent for agent in strangers if board.agents[agent].state is not AgentState.OFF),
    ]
