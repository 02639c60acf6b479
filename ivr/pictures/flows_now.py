"""What core tells a screen of its flows: their shapes, and where callers are in them now."""

from dataclasses import dataclass

from ivr.pictures.drawing import Shape
from ivr.pictures.paths import Place, Way, WayCounts


@dataclass(frozen=True, slots=True)
class FlowsNow:
    """Counts as lists: the socket between the processes knows no pairs as keys."""

    shapes: list[Shape]
    ways: list[tuple[Way, int]]
    "Taken by those who are in a flow now."
    visits: list[tuple[str, int]]
    "Of these, by each flow that they came to."
    here: list[tuple[Place, int]]
    "Where they are."


def flows_now(shapes: list[Shape], present: WayCounts) -> FlowsNow:
    return FlowsNow(
        shapes,
        list(present.ways.items()),
        list(present.starts.items()),
        list(present.last.items()),
    )
