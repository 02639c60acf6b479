"""The picture of a flow, without anybody's library: layers from the start downwards.

The layout is the plain one for directed graphs: a layer for each longest way from the start, within
a layer the order that crosses least by the mean place of those before and after. A way that passes
layers has a narrow place of its own in each of them; ways back are drawn aside.
`svg` is a whole file; `svg(…, is_bare=True)` has no style, for a page that brings its own and
forbids others. Boxes and ways are marked (`data-node`, `data-way`): a page can write on them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from ivr.pictures.drawing import Box, Counts, Shape

_WIDTH, _HEIGHT = 168, 44
_NARROW = 88
"Of a way that passes a layer."
_GAP_X, _GAP_Y = 28, 62
_MARGIN = 24
_SWEEPS = 8
_MOST_LETTERS = 24
_ASIDE = 60
"For ways back."


def svg(shape: Shape, counts: Counts | None = None, *, is_bare: bool = False) -> str:
    """Light and dark follow the reader's screen."""
    plan = _plan(shape)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {plan.width} {plan.height}" '
        f'width="{plan.width}" height="{plan.height}" role="img" '
        f'aria-label="{escape(shape.name)}">',
        "" if is_bare else _STYLE,
        _ARROW,
        *(_draw_edge(number, shape, plan, counts) for number in range(len(shape.edges))),
        *(_draw_box(shape, box, plan.at[box.name]) for box in shape.boxes),
        "</svg>",
    ]
    return "\n".join(filter(None, parts)) + "\n"


def page(shape: Shape, counts: Counts | None = None) -> str:
    """A whole HTML file with the picture in it, to be kept or sent."""
    name = escape(shape.name)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{name}</title>\n<style>:root {{ color-scheme: light dark }} "
        "svg { max-width: 100%; height: auto }</style>\n"
        f"</head>\n<body>\n<h1>{name}</h1>\n{svg(shape, counts)}</body>\n</html>\n"
    )


_STYLE = """<style>
text { font: 13px system-ui, sans-serif; fill: #1f2937; text-anchor: middle }
.kind, .label { font-size: 11px; fill: #4b5563 }
rect { fill: #f3f4f6; stroke: #6b7280 }
.end rect { fill: #dbeafe; stroke: #2563eb } .start rect { stroke-width: 2.5 }
.label { paint-order: stroke; stroke: Canvas; stroke-width: 4px }
.way { fill: none; stroke: #9ca3af; stroke-width: 1.3; marker-end: url(#arrow) }
marker path { fill: #9ca3af }
@media (prefers-color-scheme: dark) {
  text { fill: #e5e7eb } .kind, .label { fill: #9ca3af } rect { fill: #1f2937 }
  .end rect { fill: #1e3a5f }
}
</style>"""
_ARROW = """<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="9"
 markerHeight="9" markerUnits="userSpaceOnUse" orient="auto">
<path d="M0 0 8 4 0 8z"/></marker></defs>"""


# -- layout ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Plan:
    at: Mapping[str, tuple[int, int]]
    "Left upper corners of boxes."
    via: Mapping[int, list[tuple[int, int]]]
    "By a way's number, the upper middles of its places in the layers that it passes."
    width: int
    height: int


def _plan(shape: Shape) -> _Plan:
    depth = _depths(shape)
    layers: list[list[str]] = [[] for _ in range(max(depth.values(), default=0) + 1)]
    for name, layer in depth.items():
        layers[layer].append(name)
    after: dict[str, list[str]] = {name: [] for name in depth}
    passing: dict[int, list[str]] = {}
    for number, edge in enumerate(shape.edges):
        # A slash is in no node's name.
        passed = range(depth[edge.begin] + 1, depth[edge.end])
        passing[number] = [f"{number}/{layer}" for layer in passed]
        for layer, name in zip(passed, passing[number], strict=True):
            layers[layer].append(name)
            after[name] = []
        steps = [edge.begin, *passing[number], edge.end]
        for begin, end in pairwise(steps):
            after[begin].append(end)
    places = _places(_untangled(layers, after))
    width = max((x + _width(name) for name, (x, _) in places.items()), default=0)
    height = max((y for _, y in places.values()), default=0) + _HEIGHT
    via = {
        number: [(places[name][0] + _NARROW // 2, places[name][1]) for name in names]
        for number, names in passing.items()
    }
    return _Plan(places, via, width + _MARGIN + _ASIDE, height + _MARGIN)


def _depths(shape: Shape) -> dict[str, int]:
    """By the longest way from the start without going back; in a good order to begin with."""
    after: dict[str, list[str]] = {box.name: [] for box in shape.boxes}
    for edge in shape.edges:
        after[edge.begin].append(edge.end)
    order = _order(shape, after)
    place = {name: at for at, name in enumerate(order)}
    depth = dict.fromkeys(order, 0)
    for name in order:
        for target in after[name]:
            if place[target] > place[name]:
                depth[target] = max(depth[target], depth[name] + 1)
    return depth


def _order(shape: Shape, after: Mapping[str, list[str]]) -> list[str]:
    """Topological, with the edges back of a walk from the start left out."""
    seen: set[str] = set()
    done: list[str] = []
    for root in (shape.start, *after):
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


def _untangled(layers: list[list[str]], after: Mapping[str, list[str]]) -> list[list[str]]:
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
    """Left upper corners; each layer in the middle."""
    widths = [sum(map(_width, layer)) + _GAP_X * (len(layer) - 1) for layer in layers]
    found: dict[str, tuple[int, int]] = {}
    for row, layer in enumerate(layers):
        x = _MARGIN + (max(widths) - widths[row]) // 2
        for name in layer:
            found[name] = x, _MARGIN + row * (_HEIGHT + _GAP_Y)
            x += _width(name) + _GAP_X
    return found


def _width(name: str) -> int:
    return _NARROW if "/" in name else _WIDTH


# -- drawing ---------------------------------------------------------------------------------------


def _draw_box(shape: Shape, box: Box, at: tuple[int, int]) -> str:
    x, y = at
    marks = ["box", *(["end"] * box.is_end), *(["start"] * (box.name == shape.start))]
    radius = 22 if box.is_end else 6
    middle = x + _WIDTH // 2
    return (
        f'<g class="{" ".join(marks)}" data-node="{escape(box.name)}">'
        f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="{radius}"/>'
        f'<text x="{middle}" y="{y + 18}">{escape(_short(box.name))}</text>'
        f'<text class="kind" x="{middle}" y="{y + 34}">{escape(_short(box.kind))}</text></g>'
    )


def _short(text: str) -> str:
    return text if len(text) <= _MOST_LETTERS else text[: _MOST_LETTERS - 1] + "…"


def _draw_edge(number: int, shape: Shape, plan: _Plan, counts: Counts | None) -> str:
    path, (x, y) = _way(number, shape, plan)
    words = escape(_short(shape.edges[number].words(counts)))
    label = f'<text class="label" data-way="{number}" x="{x}" y="{y}">{words}</text>'
    return f'<path class="way" d="{path}"/>{label}'


def _way(number: int, shape: Shape, plan: _Plan) -> tuple[str, tuple[int, int]]:
    """Its path, and where its words stand."""
    edge, via = shape.edges[number], plan.via[number]
    (x1, y1), (x2, y2) = plan.at[edge.begin], plan.at[edge.end]
    if y2 <= y1:
        bx, by, ex, ey = x1 + _WIDTH, y1 + _HEIGHT // 2, x2 + _WIDTH, y2 + _HEIGHT // 2
        aside = max(bx, ex) + 50
        return f"M{bx} {by}C{aside} {by} {aside} {ey} {ex} {ey}", (bx + 14, by - 5)
    bx, by = x1 + _port(number, shape, plan), y1 + _HEIGHT
    stops = [*via, (x2 + _WIDTH // 2, y2)]
    path = f"M{bx} {by}"
    for ex, ey in stops:
        bend = (ey - by) // 2
        path += f"C{bx} {by + bend} {ex} {ey - bend} {ex} {ey}"
        bx, by = ex, ey
        if (ex, ey) in via:
            by += _HEIGHT
            path += f"V{by}"
    if via:
        return path, (via[0][0], via[0][1] + _HEIGHT // 2)
    bx, by = x1 + _port(number, shape, plan), y1 + _HEIGHT
    # Near the end, where ways of one node are far from each other.
    return path, (bx + (stops[0][0] - bx) * 4 // 5, by + (y2 - by) * 3 // 5)


def _port(number: int, shape: Shape, plan: _Plan) -> int:
    """Where a way leaves its box, from the left: in the order of where they lead."""

    def first_stop(other: int) -> int:
        via = plan.via[other]
        return via[0][0] if via else plan.at[shape.edges[other].end][0] + _WIDTH // 2

    begin = shape.edges[number].begin
    own = [other for other, edge in enumerate(shape.edges) if edge.begin == begin]
    own.sort(key=first_stop)
    return (own.index(number) + 1) * _WIDTH // (len(own) + 1)
