"""The ways that callers took through flows, by the steps that a visit has written down.

A step is a node's name, of a flow that was called `flow/node`. What lies between two steps of one
flow in another that it called is one way of the first.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

Place: TypeAlias = tuple[str, str]
"A flow, and a node of it."
Way: TypeAlias = tuple[str, str, str]
"A flow, and two nodes of it."


def places(outer: str, path: Sequence[str]) -> Iterator[Place]:
    """`outer`: the flow that the visit began with."""
    for step in path:
        flow, slash, node = step.rpartition("/")
        yield (flow if slash else outer), node


def ways(outer: str, path: Sequence[str]) -> Iterator[Way]:
    last: dict[str, str] = {}
    for flow, node in places(outer, path):
        if flow in last:
            yield flow, last[flow], node
        last[flow] = node


@dataclass(slots=True)
class WayCounts:
    """Of any number of visits."""

    ways: Counter[Way] = field(default_factory=Counter)
    starts: Counter[str] = field(default_factory=Counter)
    "Visits by each flow that they came to."
    last: Counter[Place] = field(default_factory=Counter)
    "Where they are, or have ended."

    def add(self, outer: str, path: Sequence[str]) -> None:
        self.ways.update(ways(outer, path))
        seen = list(places(outer, path))
        self.starts.update({flow for flow, _ in seen})
        if seen:
            self.last[seen[-1]] += 1
