"""How much our objects hold: the length of every container that can be reached from one of them."""

import functools
from collections import deque
from collections.abc import Iterator, Mapping
from types import FunctionType, MethodType

OUR_PACKAGES = ("acd", "callcenter", "foundation", "ivr", "recordings", "telephony", "wallboard")


def sizes(roots: Mapping[str, object]) -> dict[str, int]:
    """By the way from a root, as `floor._queues[].waiting`; items of one container add up."""
    found: dict[str, int] = {}
    seen: set[int] = set()
    todo = deque(roots.items())
    while todo:
        path, value = todo.popleft()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, dict | list | set | frozenset | deque | tuple):
            found[path] = found.get(path, 0) + len(value)
        todo.extend((f"{path}{name}", part) for name, part in _parts(value))
    return found


def _parts(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        yield from (("[]", each) for each in value.values())
        yield from (("{}", each) for each in value)
    elif isinstance(value, list | set | frozenset | deque | tuple):
        yield from (("[]", each) for each in value)
    elif isinstance(value, MethodType):
        yield "()", value.__self__
    elif isinstance(value, functools.partial):
        yield from (("()", each) for each in (value.func, *value.args))
    elif isinstance(value, FunctionType):
        yield from (("()", cell.cell_contents) for cell in value.__closure__ or ())
    elif type(value).__module__.partition(".")[0] in OUR_PACKAGES:
        yield from ((f".{name}", part) for name, part in getattr(value, "__dict__", {}).items())
        for cls in type(value).__mro__:
            for name in getattr(cls, "__slots__", ()):
                if hasattr(value, name):
                    yield f".{name}", getattr(value, name)
