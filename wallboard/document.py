"""The board as the wallboard socket sends it, and what changed between two such documents.

A document has two kinds of members: *tables* (`totals`, `queues`, `teams`, `agents`), of which a
delta carries only the changed entries, and plain values, of which it carries the changed ones.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from msgspec import to_builtins

from acd.events import AgentState
from foundation.ids import AgentId, QueueId
from wallboard.agents import AgentClock
from wallboard.board import Board
from wallboard.figures import AgentFigures, QueueFigures, agent_figures, queue_figures
from wallboard.tally import Tally

Json: TypeAlias = Any
Document: TypeAlias = dict[str, Json]

TABLES = ("queues", "teams", "agents")
"Maps of an id to an entry."


def render(board: Board, now_s: float, *, core_up: bool) -> Document:
    """Everything but `type`, `seq` and `at_s`, which belong to the message."""
    return {
        "core_up": core_up,
        "day": board.day.date.isoformat(),
        "timezone": str(board.zone),
        "totals": _totals(board, now_s),
        "queues": {queue: queue_entry(board, queue, now_s) for queue in queue_ids(board)},
        "teams": _teams(board, now_s),
        "agents": {agent: agent_entry(board, agent, now_s) for agent in agent_ids(board)},
        "intervals": _intervals(board),
        "emergency": board.directory.emergency,
        "notices": [to_builtins(notice) for notice in board.notices],
    }


def changes(before: Document, after: Document) -> Document:
    """Only what differs; an entry that is gone is None. Empty when nothing changed."""
    delta: Document = {}
    for key, value in after.items():
        if key == "totals":
            change: Json = _changed_members(before[key], value)
        elif key in TABLES:
            change = _changed_entries(before[key], value)
        else:
            change = value if value != before[key] else {}
        if change != {}:
            delta[key] = change
    return delta


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


def queue_entry(board: Board, queue: QueueId, now_s: float) -> Document:
    target, card = board.directory.target_of(queue), board.directory.queues.get(queue)
    figures = queue_figures(board.queues.get(queue) or Tally(board.day.date), now_s)
    return {
        "name": board.directory.queue_name(queue),
        "target": target.share,
        "within_s": target.within_s,
        "closed": card is not None and card.closed,
        **_rounded(figures),
    }


def agent_entry(board: Board, agent_id: AgentId, now_s: float) -> Document:
    card = board.directory.agent_card(agent_id)
    clock = board.agents.get(agent_id) or AgentClock()
    return {
        "name": card.name,
        "team": card.team,
        "state": clock.state.value,
        "reason": clock.reason,
        "since": round(clock.since_s, 1) or None,
        "call_id": clock.call_id,
        "manner": _manner(board, clock),
        "wrap_up_code": clock.wrap_up_code,
        "lacks_code": clock.lacks_code,
        **_rounded(agent_figures([clock], now_s, board.day.start_s)),
    }


def _manner(board: Board, clock: AgentClock) -> str:
    """'' for who talks as usual, or not at all."""
    call = None if clock.call_id is None else board.calls.get(clock.call_id)
    return "" if call is None or clock.state is not AgentState.TALKING else call.manner.value


def _totals(board: Board, now_s: float) -> Document:
    target = board.directory.target
    return {
        "target": target.share,
        "within_s": target.within_s,
        "transcripts": board.transcripts,
        **_rounded(queue_figures(board.house, now_s)),
    }


def _teams(board: Board, now_s: float) -> Document:
    clocks: dict[str, list[AgentClock]] = {}
    for agent_id in agent_ids(board):
        team = clocks.setdefault(board.directory.agent_card(agent_id).team, [])
        team.append(board.agents.get(agent_id) or AgentClock())
    return {
        team: _team_entry(members, now_s, board.day.start_s) for team, members in clocks.items()
    }


def _team_entry(members: list[AgentClock], now_s: float, day_start_s: float) -> Document:
    states = {state.value: 0 for state in AgentState}
    for clock in members:
        states[clock.state.value] += 1
    return {"states": states, **_rounded(agent_figures(members, now_s, day_start_s))}


def _intervals(board: Board) -> list[Json]:
    return [
        {
            "at_s": board.day.interval_start_s(number),
            "offered": counts.offered,
            "answered": counts.answered,
            "abandoned": counts.abandoned,
        }
        for number, counts in sorted(board.house.intervals.items())
    ]


def _rounded(figures: QueueFigures | AgentFigures) -> Document:
    """Shares to a tenth of a per cent and seconds to a tenth, so that noise is not news."""
    entry: Document = to_builtins(figures)
    for key, value in entry.items():
        if isinstance(value, float):
            entry[key] = _round(key, value)
    return entry


def _round(key: str, value: float) -> float:
    if key == "longest_wait_s":
        return int(value)
    return round(value, 1 if key.endswith("_s") else 3)


def _changed_members(before: Mapping[str, Json], after: Mapping[str, Json]) -> Document:
    return {key: value for key, value in after.items() if before.get(key, _ABSENT) != value}


def _changed_entries(before: Mapping[str, Json], after: Mapping[str, Json]) -> Document:
    delta: Document = {}
    for key, entry in after.items():
        old = before.get(key)
        if old != entry:
            delta[key] = entry if old is None else _changed_members(old, entry)
    delta.update(_gone(before, after))
    return delta


def _gone(before: Mapping[str, Json], after: Iterable[str]) -> Document:
    return dict.fromkeys(before.keys() - set(after))


_ABSENT = object()
