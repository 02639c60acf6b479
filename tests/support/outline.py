"""What two values must have in common to behave alike from now on."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum

from tests.support.sizes import OUR_PACKAGES


def outline(value: object) -> list[object]:
    """All that it consists of, and which parts of it are one and the same object."""
    return list(_outline(value, {}))


def _outline(value: object, seen: dict[int, int]) -> Iterator[object]:
    if isinstance(value, Enum | str | int | float | None | datetime):
        yield value
        return
    if id(value) in seen:
        yield f"again {seen[id(value)]}"
        return
    if _is_changing(value):
        seen[id(value)] = len(seen)
    yield type(value).__name__
    if is_dataclass(value):
        parts: list[object] = [getattr(value, field.name) for field in fields(value)]
    elif type(value).__module__.partition(".")[0] in OUR_PACKAGES and hasattr(value, "__dict__"):
        parts = [*vars(value).items(), *(value.items() if isinstance(value, dict) else ())]
    elif isinstance(value, dict):
        parts = [part for pair in value.items() for part in pair]
    else:
        parts = list(value) if hasattr(value, "__iter__") else [str(value)]
    for part in parts:
        yield from _outline(part, seen)


def _is_changing(value: object) -> bool:
    """So that it matters who else has it."""
    is_frozen = is_dataclass(value) and vars(type(value))["__dataclass_params__"].frozen
    return isinstance(value, dict | list) or (is_dataclass(value) and not is_frozen)
