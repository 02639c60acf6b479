"""One board as the wallboard socket sends it, and what changed between two such documents.

A document has two kinds of members: *tables* (`tiles`, `queues`, `teams`, `agents`, `alarms`), of
which a delta carries only the changed entries, and plain values, of which it carries the changed
ones.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from msgspec import to_builtins

from acd.events import AgentState
from acd.views import Expectation, FloorNow, PhoneTrouble
from foundation.ids import AgentId, QueueId
from wallboard.alarms.alarm_words import alarm_words, names_an_agent
from wallboard.figures.boards import DEFAULT_PLAN, Plan
from wallboard.figures.curve import Past, curve, past_curve
from wallboard.figures.figures import AgentFigures, QueueFigures, agent_figures, queue_figures
from wallboard.figures.grades import service_grade, wait_grade
from wallboard.figures.readings import NOTHING_TOLD, Readings
from wallboard.figures.shown import agent_ids, queue_ids
from wallboard.fold.agents import AgentClock
from wallboard.fold.board import Board
from wallboard.fold.notices import Notice, NoticeKind
from wallboard.fold.tally import Tally
from wallboard.host import NOTHING_KNOWN, Host
from wallboard.screens.plan_view import plan_entry, tile_entries

Json: TypeAlias = Any
Document: TypeAlias = dict[str, Json]

"Core did not tell."
TABLES = ("tiles", "queues", "teams", "agents", "alarms")
"Maps of an id to an entry."
OF_AGENTS = (NoticeKind.AGENT_AWAY, NoticeKind.WRAP_UP_OVERDUE)
"Notices whose text names an agent."


def render(
    board: Board,
    now_s: float,
    *,
    core_up: bool,
    plan: Plan = DEFAULT_PLAN,
    hides_names: bool = False,
    host: Host = NOTHING_KNOWN,
    past: Past | None = None,
    floor: FloorNow = NOTHING_TOLD,
) -> Document:
    """Everything but `type`, `seq` and `at_s`, which belong to the message.

    `hides_names`: of agents. `floor`: what no event tells. `past`: the day that the curve is
    compared with, if it is another than yesterday.
    """
    readings = Readings(board, now_s, host, floor)
    queues = [queue for queue in queue_ids(board) if plan.queues is None or queue in plan.queues]
    return {
        "core_up": core_up,
        "day": board.day.date.isoformat(),
        "timezone": str(board.zone),
        "board": plan_entry(plan, board.directory),
        "totals": _totals(board, readings, plan),
        "tiles": tile_entries(plan, board, readings),
        "queues": {queue: _queue(board, readings, plan, queue, floor) for queue in queues},
        "teams": _teams(readings, plan),
        "agents": _agents(board, readings, plan, floor, hides_names=hides_names),
        "intervals": curve(readings.tally(plan.queues), plan, board.day, now_s),
        "past": past_curve(readings.tally(plan.queues), plan, board.day, board.zone, past),
        "notices": [_notice(notice, hides_names=hides_names) for notice in board.notices],
        "alarms": _alarms(board, plan, hides_names=hides_names),
        "emergency": board.directory.emergency,
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


def queue_entry(
    board: Board, queue: QueueId, now_s: float, expected: Expectation | None = None
) -> Document:
    """By our own formulas."""
    figures = queue_figures(board.queues.get(queue) or Tally(board.day.date), now_s)
    return {**_head_of(board, queue, expected), **_rounded(figures)}


def _head_of(board: Board, queue: QueueId, expected: Expectation | None) -> Document:
    """What is no figure of the day."""
    target, card = board.directory.target_of(queue), board.directory.queues.get(queue)
    expected = expected or Expectation(None)
    return {
        "name": board.directory.queue_name(queue),
        "target": target.share,
        "within_s": target.within_s,
        "closed": card is not None and card.closed,
        "leaving": card is not None and card.leaving,
        "expected_wait_s": _stepped(expected.wait_s),
        "expected_wait_error_s": _stepped(expected.error.p50_s if expected.error else None),
    }


def _stepped(seconds: float | None) -> float | None:
    """By five seconds, so that noise is not news."""
    return None if seconds is None else 5.0 * round(seconds / 5.0)


def agent_entry(
    board: Board, agent_id: AgentId, now_s: float, phone: PhoneTrouble | None = None
) -> Document:
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
        "phone": "" if phone is None else phone.value,
        **_rounded(agent_figures([clock], now_s, board.day.start_s)),
    }


def _queue(
    board: Board, readings: Readings, plan: Plan, queue: QueueId, floor: FloorNow
) -> Document:
    """By the board's formulas, with how good they are."""
    target = board.directory.target_of(queue)
    figures = readings.queue_figures((queue,))
    entry = {
        **_head_of(board, queue, floor.expected.get(queue)),
        **_rounded(figures),
        **_chosen(readings, plan, (queue,)),
    }
    entry["service_grade"] = service_grade(entry["service_level"], target.share)
    entry["wait_grade"] = wait_grade(entry["longest_wait_s"], target.within_s)
    return entry


def _totals(board: Board, readings: Readings, plan: Plan) -> Document:
    target = board.directory.target
    return {
        "target": target.share,
        "within_s": target.within_s,
        "transcripts": board.transcripts,
        **_rounded(readings.queue_figures(plan.queues)),
        **_chosen(readings, plan, plan.queues),
    }


def _chosen(readings: Readings, plan: Plan, queues: tuple[str, ...] | None) -> Document:
    """The figures that the board wants by another formula than ours."""
    found: Document = {}
    for figure, formula in plan.formulas.items():
        value = readings.of_selection(queues, None, figure, formula)
        found[figure] = None if value is None else _round(figure, value)
    return found


def _manner(board: Board, clock: AgentClock) -> str:
    """'' for who talks as usual, or not at all."""
    call = None if clock.call_id is None else board.calls.get(clock.call_id)
    return "" if call is None or clock.state is not AgentState.TALKING else call.manner.value


def _agents(
    board: Board, readings: Readings, plan: Plan, floor: FloorNow, *, hides_names: bool
) -> Document:
    shown = readings.teams() if plan.teams is None else plan.teams
    members = {agent for team in shown for agent in readings.teams().get(team, ())}
    order = [agent for agent in agent_ids(board) if agent in members]
    entries: Document = {agent: _agent(board, agent, readings, floor) for agent in order}
    return _nameless(entries) if hides_names else entries


def _agent(board: Board, agent_id: AgentId, readings: Readings, floor: FloorNow) -> Document:
    entry = agent_entry(board, agent_id, readings.now_s, floor.phones.get(agent_id))
    return {**entry, "is_away": agent_id in board.troubles.away}


def _nameless(entries: Document) -> Document:
    """Nobody's name or id, nor whose call: agents are told apart by their place in the list."""
    return {
        f"{number:03}": {**entry, "name": "", "call_id": None}
        for number, entry in enumerate(entries.values(), 1)
    }


def _teams(readings: Readings, plan: Plan) -> Document:
    return {
        team: _team_entry(members, readings)
        for team, members in readings.teams().items()
        if plan.teams is None or team in plan.teams
    }


def _team_entry(members: Sequence[AgentId], readings: Readings) -> Document:
    """`unreachable`: of those who are ready, who could not be rung."""
    clocks = readings.clocks(members)
    states = {state.value: 0 for state in AgentState}
    for clock in clocks:
        states[clock.state.value] += 1
    unreachable = readings.ready(members, with_phone=False)
    return {
        "states": states,
        "unreachable": unreachable,
        **_rounded(readings.agent_figures(clocks)),
    }


def _notice(notice: Notice, *, hides_names: bool) -> Json:
    entry = to_builtins(notice)
    if hides_names:
        entry |= {"call_id": None} | ({"text": ""} if notice.kind in OF_AGENTS else {})
    return entry


def _alarms(board: Board, plan: Plan, *, hides_names: bool) -> Document:
    """The open ones, by id."""
    wanted = plan.alarms
    entries: Document = {}
    for line in board.alarms.open.values():
        if wanted is not None and line.rule not in wanted:
            continue
        hidden = hides_names and names_an_agent(line.subject)
        words = alarm_words(line, board.directory, hides_names=hides_names)
        entries[line.alarm_id] = {
            "rule": line.rule,
            "level": line.level.value,
            "subject": "agent" if hidden else line.subject,
            "words": {"en": words.en, "zh": words.zh},
            "since": round(line.raised_s, 1),
            "sound": line.rule in board.directory.sounding,
            "acknowledged_by": "" if hides_names else line.acknowledged_by,
            "is_acknowledged": line.acknowledged_s is not None,
        }
    return entries


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
    if key in ("occupancy", "utilisation"):
        return round(value, 2)  # these move by themselves all day
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
