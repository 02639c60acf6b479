"""A flow as what can be drawn, and as Mermaid text; `pictures.draw_svg` draws it itself.

Flow ─▶ shape_of ─▶ Shape ─┬─▶ mermaid
                           └─▶ svg, page       counts of calls stand on the edges
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ivr.flows.flow import Flow
from ivr.language.nodes import (
    Ask,
    EchoTest,
    Goodbye,
    Lookup,
    Menu,
    Node,
    PromiseCallback,
    Record,
    Return,
    SubFlow,
    ToOther,
    ToQueue,
    ways,
)

Counts: TypeAlias = Mapping[tuple[str, str], int]
"Calls by edge: from node, to node."
ENDS = (ToQueue, Goodbye, ToOther, EchoTest, Return)


@dataclass(frozen=True, slots=True)
class Edge:
    """One for each pair of nodes, with all that leads from the one to the other."""

    begin: str
    end: str
    labels: tuple[str, ...]

    def words(self, counts: Counts | None) -> str:
        text = " ".join(self.labels)
        if counts is None:
            return text
        return f"{text} ({counts.get((self.begin, self.end), 0)})".lstrip()


@dataclass(frozen=True, slots=True)
class Box:
    """A node."""

    name: str
    kind: str
    is_end: bool
    "Who leaves the flow here has come to where it leads; anywhere else he has dropped out."
    choices: tuple[str, ...] = ()
    "Of a question by voice."


@dataclass(frozen=True, slots=True)
class Shape:
    """What is drawn of a flow."""

    name: str
    start: str
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]


def shape_of(flow: Flow) -> Shape:
    boxes = tuple(map(_box, flow.nodes.values()))
    return Shape(flow.name, flow.start, boxes, tuple(_edges(flow)))


def _box(node: Node) -> Box:
    choices = tuple(node.choices) if isinstance(node, Ask) else ()
    return Box(node.name, kind(node), isinstance(node, ENDS), choices)


def _edges(flow: Flow) -> list[Edge]:
    found: dict[tuple[str, str], list[str]] = {}
    for node in flow.nodes.values():
        for path, target in ways(node):
            label = _label(node, path)
            labels = found.setdefault((node.name, target), [])
            if label and label not in labels:
                labels.append(label)
    return [Edge(begin, end, tuple(labels)) for (begin, end), labels in found.items()]


def _label(node: Node, path: tuple[str | int, ...]) -> str:
    match path:
        case ("next",):
            return "found" if isinstance(node, Lookup) else ""
        case ("keys", key) if isinstance(node, Menu) and node.question:
            return ""
        case ("keys", key):
            return f"{key}"
        case ("choices", name, "next"):
            return f"“{name}”"
        case ("when", int(at), "next"):
            return f"case {at + 1}"
    return str(path[0])


def kind(node: Node) -> str:
    """In two or three words, what the node is."""
    match node:
        case ToQueue(queue=queue):
            return f"queue {queue}"
        case Goodbye(reason=reason):
            return f"hang up: {reason}"
        case SubFlow(flow=name):
            return f"flow {name}"
        case ToOther():
            return "transfer"
        case Record(box=box):
            return f"message for {box}"
        case PromiseCallback(queue=queue):
            return f"callback for {queue}"
        case Menu(question=question) if question:
            return f"survey: {question}"
    names = {"Opening": "hours", "Assign": "set", "Speak": "language", "EchoTest": "echo"}
    plain = type(node).__name__
    return names.get(plain, plain.lower())


# -- Mermaid ---------------------------------------------------------------------------------------


def mermaid(shape: Shape, counts: Counts | None = None) -> str:
    """For anything that draws Mermaid."""
    ids = {box.name: f"n{at}" for at, box in enumerate(shape.boxes)}
    lines = ["flowchart TD"]
    for box in shape.boxes:
        text = f"{_quoted(box.name)}<br/>{_quoted(box.kind)}"
        left, right = ("([", "])") if box.is_end else ("[", "]")
        lines.append(f'  {ids[box.name]}{left}"{text}"{right}')
    for edge in shape.edges:
        words = edge.words(counts)
        arrow = f'-- "{_quoted(words)}" -->' if words else "-->"
        lines.append(f"  {ids[edge.begin]} {arrow} {ids[edge.end]}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return text.replace("#", "#35;").replace('"', "#quot;").replace("<", "#lt;")
