"""What the alarm rules see on the board at one moment; pure.

Board, Readings, Rules ─▶ sightings ─▶ Alarms.look
"""

from collections.abc import Iterable, Iterator

from wallboard.alarms.alarm_rules import AlarmRule, AwayRule, FigureRule, LineRule, Rules, RushRule
from wallboard.alarms.alarms import Sighting, Sightings
from wallboard.events import AlarmKind
from wallboard.figures.readings import Readings
from wallboard.figures.scope import Kind, Scope
from wallboard.figures.shown import queue_ids
from wallboard.fold.alarm_log import Key
from wallboard.fold.board import Board

RUSH_IS_OVER_AT = 0.5
"Of the number that raised it."


def sightings(board: Board, readings: Readings, rules: Rules) -> Sightings:
    found: dict[Key, Sighting] = {}
    for name, rule in rules.items():
        for subject, seen in _seen(board, readings, rule):
            found[name, subject] = seen
    return found


def _seen(board: Board, readings: Readings, rule: AlarmRule) -> Iterable[tuple[str, Sighting]]:
    match rule:
        case FigureRule():
            return _of_figures(board, readings, rule)
        case RushRule():
            return _of_rushes(board, readings, rule)
        case AwayRule():
            return _of_absences(board, readings, rule)
        case LineRule():
            return _of_lines(board, rule)


def _of_figures(
    board: Board, readings: Readings, rule: FigureRule
) -> Iterator[tuple[str, Sighting]]:
    for scope in _scopes(board, readings, rule.of):
        value = readings.value(scope, rule.figure)
        is_told = value is not None and _is_enough(readings, scope, rule)
        yield (
            str(scope),
            Sighting(
                is_beyond=is_told and value is not None and rule.is_beyond(value),
                # Who nobody calls any more is well: nobody waits.
                is_well=value is None or not is_told or rule.is_well(value),
                for_s=rule.for_s,
                clear_s=rule.clear_s,
                kind=AlarmKind.FIGURE,
                level=rule.level,
                figure=rule.figure,
                value=value,
                limit=rule.limit,
            ),
        )


def _scopes(board: Board, readings: Readings, of: Scope) -> list[Scope]:
    if of.name != "*":
        return [of]
    names: Iterable[str] = queue_ids(board) if of.kind is Kind.QUEUE else readings.teams()
    return [Scope(of.kind, name) for name in names]


def _is_enough(readings: Readings, scope: Scope, rule: FigureRule) -> bool:
    if not rule.at_least or scope.kind is Kind.TEAM:
        return True
    return (readings.value(scope, "offered") or 0) >= rule.at_least


def _of_rushes(board: Board, readings: Readings, rule: RushRule) -> Iterator[tuple[str, Sighting]]:
    for matter in board.rushes.matters(rule.watch):
        count = board.rushes.count(matter, readings.now_s, rule.within_s)
        usual = board.rushes.usual(matter, readings.now_s, rule.within_s)
        limit = max(float(rule.least), rule.factor * usual)
        yield (
            matter,
            Sighting(
                is_beyond=count >= limit,
                is_well=count <= limit * RUSH_IS_OVER_AT,
                for_s=rule.for_s,
                clear_s=rule.clear_s,
                kind=AlarmKind.RUSH,
                level=rule.level,
                value=count,
                limit=limit,
            ),
        )


def _of_absences(
    board: Board, readings: Readings, rule: AwayRule
) -> Iterator[tuple[str, Sighting]]:
    for agent, away in board.troubles.away.items():
        yield (
            f"agent:{agent}",
            Sighting(
                is_beyond=True,
                is_well=False,
                for_s=rule.for_s,
                clear_s=rule.clear_s,
                kind=AlarmKind.AWAY,
                level=rule.level,
                value=away.lasts_s(readings.now_s),
                detail=away.reason,
            ),
        )


def _of_lines(board: Board, rule: LineRule) -> Iterator[tuple[str, Sighting]]:
    for line, sentence in board.troubles.down.items():
        yield (
            line,
            Sighting(
                is_beyond=True,
                is_well=False,
                for_s=rule.for_s,
                clear_s=rule.clear_s,
                kind=AlarmKind.LINE,
                level=rule.level,
                detail=sentence,
            ),
        )
