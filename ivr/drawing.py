"""A flow as a picture: Mermaid text, and an SVG of our own. Counts of calls stand on the edges.

The layout is the plain one for directed graphs: a layer for each longest way from the start, within
a layer the order that crosses least by the mean place of those before; edges back are drawn aside.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import TypeAlias

from ivr.flow import Flow
from ivr.nodes import (
    Goodbye,
    Lookup,
    Menu,
    Node,
    PromiseCallback,
    Record,
    SubFlow,
    ToOther,
    ToQueue,
    ways,
)

Counts: TypeAlias = Mapping[tuple[str, str], int]
"Calls by edge: from node, to node."

_WIDTH, _HEIGHT = 168, 44
_GAP_X, _GAP_Y = 28, 62
_MARGIN = 24
_SWEEPS = 8


@dataclass(frozen=True, slots=True)
class Edge:
    begin: str
    end: str
    labels: tuple[str, ...]
    count: int | None


def edges(flow: Flow, counts: Counts | None = None) -> list[Edge]:
    """One for each pair of nodes, with all that leads from the one to the other."""
    found: dict[tuple[str, str], list[str]] = {}
    for node in flow.nodes.values():
        for path, target in ways(node):
            label = _label(node, path)
            labels = found.setdefault((node.name, target), [])
            if label and label not in labels:
                labels.append(label)
    return [
        Edge(begin, end, tuple(labels), None if counts is None else counts.get((begin, end), 0))
        for (begin, end), labels in found.items()
    ]


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


def mermaid(flow: Flow, counts: Counts | None = None) -> str:
    """For anything that draws Mermaid."""
    ids = {name: f"n{at}" for at, name in enumerate(flow.nodes)}
    lines = ["flowchart TD"]
    for name, node in flow.nodes.items():
        text = f"{_quoted(name)}<br/>{_quoted(kind(node))}"
        left, right = ("([", "])") if isinstance(node, ToQueue | Goodbye) else ("[", "]")
        lines.append(f'  {ids[name]}{left}"{text}"{right}')
    for edge in edges(flow, counts):
        words = _words(edge)
        arrow = f'-- "{_quoted(words)}" -->' if words else "-->"
        lines.append(f"  {ids[edge.begin]} {arrow} {ids[edge.end]}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return text.replace("#", "#35;").replace('"', "#quot;").replace("<", "#lt;")


def _words(edge: Edge) -> str:
    words = " ".join(edge.labels)
    if edge.count is None:
        return words
    return f"{words} ({edge.count})" if words else f"({edge.count})"


# -- SVG -------------------------------------------------------------------------------------------


def svg(flow: Flow, counts: Counts | None = None) -> str:
    """A whole file; light and dark follow the reader's screen."""
    drawn = edges(flow, counts)
    layers = _layers(flow, drawn)
    at = _places(layers)
    width = max((x for x, _ in at.values()), default=0) + _WIDTH + 2 * _MARGIN + 60
    height = max((y for _, y in at.values()), default=0) + _HEIGHT + 2 * _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-label="{escape(flow.name)}">',
        _STYLE,
        *(_draw_edge(edge, at, drawn) for edge in drawn),
        *(_draw_node(flow, node, at[name]) for name, node in flow.nodes.items()),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


_STYLE = """<style>
text { font: 13px system-ui, sans-serif; fill: #1f2937; text-anchor: middle }
.kind, .label { font-size: 11px; fill: #4b5563 }
rect { fill: #f3f4f6; stroke: #6b7280 }
.end rect { fill: #dbeafe; stroke: #2563eb } .start rect { stroke-width: 2.5 }
path { fill: none; stroke: #9ca3af; stroke-width: 1.3; marker-end: url(#arrow) }
marker path { fill: #9ca3af; stroke: none }
@media (prefers-color-scheme: dark) {
  text { fill: #e5e7eb } .kind, .label { fill: #9ca3af } rect { fill: #1f2937 }
  .end rect { fill: #1e3a5f }
}
</style>
<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"
 orient="auto"><path d="M0 0 8 4 0 8z"/></marker></defs>"""


def _layers(flow: Flow, drawn: list[Edge]) -> list[list[str]]:
    """By the longest way from the start without going back; the unreachable below."""
    after: dict[str, list[str]] = {name: [] for name in flow.nodes}
    for edge in drawn:
        after[edge.begin].append(edge.end)
    order = _order(flow, after)
    place = {name: at for at, name in enumerate(order)}
    depth = dict.fromkeys(order, 0)
    for name in order:
        for target in after[name]:
            if place[target] > place[name]:
                depth[target] = max(depth[target], depth[name] + 1)
    layers: list[list[str]] = [[] for _ in range(max(depth.values(), default=0) + 1)]
    for name in order:
        layers[depth[name]].append(name)
    return _untangled(layers, after, depth)


def _order(flow: Flow, after: Mapping[str, list[str]]) -> list[str]:
    """Topological, with the edges back of a walk from the start left out."""
    seen: set[str] = set()
    done: list[str] = []
    for root in (flow.start, *flow.nodes):
        waiting: list[tuple[str, Iterable[str]]] = []
        if root not in seen:
            seen.add(root)
            waiting.append((root, iter(after[root])))
        while waiting:
            name, rest = waiting[-1]
            target = next((one for one in rest if one not in seen), None)
            if target is None:
                done.append(name)
                waiting.pop()
            else:
                seen.add(target)
                waiting.append((target, iter(after[target])))
    return done[::-1]


def _untangled(
    layers: list[list[str]], after: Mapping[str, list[str]], depth: Mapping[str, int]
) -> list[list[str]]:
    before: dict[str, list[str]] = {name: [] for name in after}
    for name, targets in after.items():
        for target in targets:
            before[target].append(name)
    for sweep in range(_SWEEPS):
        near = before if sweep % 2 == 0 else after
        place = {name: at - len(layer) / 2 for layer in layers for at, name in enumerate(layer)}
        for layer in layers:
            layer.sort(key=lambda name: (_mean(name, near, place), place[name]))
    return layers


def _mean(name: str, near: Mapping[str, list[str]], place: Mapping[str, float]) -> float:
    found = [place[one] for one in near[name]]
    return sum(found) / len(found) if found else place[name]


def _places(layers: list[list[str]]) -> dict[str, tuple[int, int]]:
    """Left upper corners."""
    step = _WIDTH + _GAP_X
    widest = max((len(layer) for layer in layers), default=1)
    return {
        name: (
            _MARGIN + int((widest - len(layer)) * step / 2) + at * step,
            _MARGIN + row * (_HEIGHT + _GAP_Y),
        )
        for row, layer in enumerate(layers)
        for at, name in enumerate(layer)
    }


def _draw_node(flow: Flow, node: Node, at: tuple[int, int]) -> str:
    x, y = at
    is_end = isinstance(node, ToQueue | Goodbye | ToOther)
    mark = " ".join(["end"] * is_end + ["start"] * (node.name == flow.start))
    radius = 22 if is_end else 6
    middle = x + _WIDTH // 2
    return (
        f'<g class="{mark}"><rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" '
        f'rx="{radius}"/><text x="{middle}" y="{y + 18}">{escape(_short(node.name))}</text>'
        f'<text class="kind" x="{middle}" y="{y + 34}">{escape(_short(kind(node)))}</text></g>'
    )


def _short(text: str) -> str:
    return text if len(text) <= 24 else text[:23] + "…"


def _draw_edge(edge: Edge, at: Mapping[str, tuple[int, int]], drawn: list[Edge]) -> str:
    (x1, y1), (x2, y2) = at[edge.begin], at[edge.end]
    own = [one for one in drawn if one.begin == edge.begin]
    spread = (own.index(edge) + 1) * _WIDTH // (len(own) + 1)
    if y2 > y1:
        bx, by, ex, ey = x1 + spread, y1 + _HEIGHT, x2 + _WIDTH // 2, y2
        bend = (ey - by) // 2
        path = f"M{bx} {by}C{bx} {by + bend} {ex} {ey - bend} {ex} {ey}"
        label = (bx + (ex - bx) // 4, by + 20)
    else:
        bx, by, ex, ey = x1 + _WIDTH, y1 + _HEIGHT // 2, x2 + _WIDTH, y2 + _HEIGHT // 2
        aside = max(bx, ex) + 50
        path = f"M{bx} {by}C{aside} {by} {aside} {ey} {ex} {ey}"
        label = (bx + 24, by - 5)
    words = _words(edge)
    text = f'<text class="label" x="{label[0]}" y="{label[1]}">{escape(_short(words))}</text>'
    return f'<path d="{path}"/>' + (text if words else "")
