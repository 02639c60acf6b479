"""A board's plan as screens get it: the words and lines that stand, and the tiles' values."""

from typing import Any

from foundation.ids import QueueId
from wallboard.directory import Directory, ServiceTarget
from wallboard.figures.boards import Plan, Tile
from wallboard.figures.catalogue import FIGURES, Of, Unit
from wallboard.figures.formulas import Formula, formula_of
from wallboard.figures.grades import grade, wait_grade
from wallboard.figures.readings import Readings
from wallboard.figures.scope import Kind
from wallboard.fold.board import Board
from wallboard.words import Words

Json = dict[str, Any]


def plan_entry(plan: Plan, directory: Directory) -> Json:
    """What changes only with the configuration."""
    return {
        "name": plan.name,
        "title": _words(plan.title),
        "panels": [panel.value for panel in plan.panels],
        "tiles": {
            f"t{number}": _tile(plan, tile, directory) for number, tile in enumerate(plan.tiles)
        },
        "formulas": {
            figure: _words(formula.text)
            for figure in ("service_level", "answer_rate", "abandon_rate")
            if (formula := formula_of(figure, plan.formula(figure))) is not None
        },
        "norms": [
            {"figure": norm.figure, "value": norm.value, "words": _words(norm.words)}
            for norm in plan.norms
        ],
    }


def tile_entries(plan: Plan, board: Board, readings: Readings) -> Json:
    return {
        f"t{number}": _values(plan, tile, board, readings) for number, tile in enumerate(plan.tiles)
    }


def _tile(plan: Plan, tile: Tile, directory: Directory) -> Json:
    figure, formula = FIGURES[tile.figure], _formula(plan, tile)
    target = _target(plan, tile, directory)
    return {
        "figure": tile.figure,
        "unit": figure.unit.value,
        "of": "" if tile.of is None else _scope_name(tile, directory),
        "title": _words(tile.title or figure.words),
        "target": target,
        "within_s": _within_s(plan, tile, directory) if tile.figure == "service_level" else None,
        "formula": None if formula is None else _words(formula.text),
        "norms": [
            {"value": norm.value, "words": _words(norm.words)}
            for norm in plan.norms
            if norm.figure == tile.figure
        ],
        "beside": [
            {
                "figure": name,
                "unit": FIGURES[name].unit.value,
                "title": _words(FIGURES[name].words),
            }
            for name in tile.beside
        ],
    }


def _values(plan: Plan, tile: Tile, board: Board, readings: Readings) -> Json:
    value = _value(plan, tile, tile.figure, readings, tile.formula)
    return {
        "value": _rounded(tile.figure, value),
        "grade": _grade(plan, tile, value, board, readings),
        "beside": [_rounded(name, _value(plan, tile, name, readings, "")) for name in tile.beside],
    }


def _value(plan: Plan, tile: Tile, figure: str, readings: Readings, formula: str) -> float | None:
    formula = formula or plan.formula(figure)
    if tile.of is None:
        return readings.of_selection(plan.queues, plan.teams, figure, formula)
    return readings.value(tile.of, figure, formula)


def _formula(plan: Plan, tile: Tile) -> Formula | None:
    return formula_of(tile.figure, tile.formula or plan.formula(tile.figure))


def _target(plan: Plan, tile: Tile, directory: Directory) -> float | None:
    if tile.target is not None or tile.figure != "service_level":
        return tile.target
    return _promise(plan, tile, directory).share


def _grade(plan: Plan, tile: Tile, value: float | None, board: Board, readings: Readings) -> str:
    """By the tile's target; who waits is measured against T although no target stands there."""
    target = _target(plan, tile, board.directory)
    if target is None and tile.figure in ("waiting", "longest_wait_s"):
        longest_s = _value(plan, tile, "longest_wait_s", readings, "")
        return wait_grade(longest_s, _promise(plan, tile, board.directory).within_s)
    if target is None and tile.figure == "agents_ready" and not value:
        return "warn" if readings.tally(plan.queues).waiting else ""
    return grade(tile.figure, value, target)


def _within_s(plan: Plan, tile: Tile, directory: Directory) -> float | None:
    """None where the queues of the tile promise different times."""
    queues = _queues(plan, tile, directory)
    times = {directory.target_of(queue).within_s for queue in queues}
    return times.pop() if len(times) == 1 else None


def _promise(plan: Plan, tile: Tile, directory: Directory) -> ServiceTarget:
    """Of the queues of the tile; the least, where they differ."""
    targets = [directory.target_of(queue) for queue in _queues(plan, tile, directory)]
    return min(targets, key=lambda target: target.share, default=directory.target)


def _queues(plan: Plan, tile: Tile, directory: Directory) -> list[QueueId]:
    if tile.of is not None and tile.of.kind is Kind.QUEUE:
        return [QueueId(tile.of.name)]
    if plan.queues is None or tile.of is not None:
        return list(directory.queues)
    return [QueueId(name) for name in plan.queues]


def _scope_name(tile: Tile, directory: Directory) -> str:
    assert tile.of is not None
    if tile.of.kind is Kind.QUEUE:
        return directory.queue_name(QueueId(tile.of.name))
    return tile.of.name


def _rounded(figure: str, value: float | None) -> float | None:
    if value is None:
        return None
    match FIGURES[figure].unit:
        case Unit.COUNT:
            return int(value)
        case Unit.SHARE:
            return round(value, 2 if FIGURES[figure].of is Of.AGENTS else 3)
        case Unit.SECONDS:
            return int(value) if figure == "longest_wait_s" else round(value, 1)
        case Unit.GIGABYTES:
            return round(value, 1)


def _words(words: Words) -> dict[str, str]:
    return {"en": words.en, "zh": words.zh}
