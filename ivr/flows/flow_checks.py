"""What only the whole flow can tell: unknown targets, ways in circles, what nobody reaches."""

from collections.abc import Iterable, Mapping

from foundation.yaml_lines import Path, nearest
from ivr.language.nodes import Node, silent_ways, ways

Finding = tuple[Path, str]


def problems_of(start: str, nodes: Mapping[str, Node]) -> Iterable[Finding]:
    """Paths are those of the file; of a part of a node, its node's."""
    written = {written_name(name) for name in nodes}
    if start not in nodes:
        yield ("start",), f"no node is called {start!r}; {nearest(start, written)}"
    for node in nodes.values():
        at = ("nodes", written_name(node.name))
        for path, target in ways(node):
            if target not in nodes:
                sentence = f"no node is called {target!r}; {nearest(target, written)}"
                yield (*at, *path), sentence
    circles = {written_name(name) for name in _in_silent_circles(nodes)}
    for name in nodes:
        if name in circles:
            yield ("nodes", name), "a caller who presses nothing would never get out of here"


def unreachable(start: str, nodes: Mapping[str, Node]) -> list[str]:
    """Nodes, as they are written, that no way from the start leads to."""
    seen = {start}
    waiting = [start]
    while waiting:
        node = nodes.get(waiting.pop())
        if node is None:
            continue
        for _, target in ways(node):
            if target not in seen:
                seen.add(target)
                waiting.append(target)
    reached = {written_name(name) for name in seen}
    return [name for name in nodes if written_name(name) == name and name not in reached]


def written_name(name: str) -> str:
    """Of the node in the file that `node.part` belongs to."""
    return name.partition(".")[0]


def _in_silent_circles(nodes: Mapping[str, Node]) -> set[str]:
    """From which a caller who does nothing may come back to where he was."""
    after = {
        name: [target for _, target in silent_ways(node) if target in nodes]
        for name, node in nodes.items()
    }
    return {name for name in nodes if _comes_back(name, after)}


def _comes_back(name: str, after: Mapping[str, list[str]]) -> bool:
    seen: set[str] = set()
    waiting = list(after[name])
    while waiting:
        at = waiting.pop()
        if at == name:
            return True
        if at not in seen:
            seen.add(at)
            waiting += after[at]
    return False
