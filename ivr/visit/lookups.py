"""From a lookup node to a request, and from the answer to variables."""

from collections.abc import Mapping
from decimal import Decimal

from ivr.effects import StartLookup
from ivr.language import values
from ivr.language.expressions import World
from ivr.language.nodes import Card, Lookup
from ivr.language.values import Scalar, Type


def start_lookup(node: Lookup, lookup_id: int, world: World) -> StartLookup:
    query = {name: values.written(one.evaluate(world)) for name, one in node.query}
    body = {name: _json(one.evaluate(world)) for name, one in node.body}
    return StartLookup(
        lookup_id,
        node.address.fill(world),
        node.method,
        query,
        body if node.method == "POST" else None,
        node.timeout_s,
    )


def found_in(
    node: Lookup | Card, answer: object, types: Mapping[str, Type]
) -> Mapping[str, Scalar] | None:
    """Each variable's value; None when one is not in the answer or is not of its type."""
    found: dict[str, Scalar] = {}
    for name, way in node.into:
        value = values.read(types[name], _follow(answer, way))
        if value is None:
            return None
        found[name] = value
    return found


def _follow(answer: object, way: tuple[str, ...]) -> object:
    for step in way:
        if isinstance(answer, dict):
            answer = answer.get(step)
        elif isinstance(answer, list) and step.isascii() and step.isdigit() and len(step) < 7:
            answer = answer[int(step)] if int(step) < len(answer) else None
        else:
            return None
    return answer


def _json(value: Scalar) -> str | float | bool | None:
    match value:
        case None | bool():
            return value
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case _:
            return values.written(value)
