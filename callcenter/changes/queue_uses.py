"""What names a queue: flows, other queues, agents, boards, alarms. Such a queue cannot go."""

from collections.abc import Iterable

from callcenter.configuration.settings import Settings
from ivr.flows.flow_checks import written_name
from ivr.language.nodes import PromiseCallback, Record, ToQueue
from wallboard.figures.scope import Kind, Scope


def uses_of(settings: Settings, queue: str) -> list[str]:
    """Where it is named, each as one can find it in the files; none, and it may go."""
    return [
        *flow_uses(settings, queue),
        *_of_parts(settings, queue),
        *_of_screens(settings, queue),
    ]


def flow_uses(settings: Settings, queue: str) -> Iterable[str]:
    return (place for place, name in _in_flows(settings) if name == queue)


def missing_in(settings: Settings) -> Iterable[tuple[str, str]]:
    """Places in flows, and the queue there that is none of these settings'."""
    return ((place, name) for place, name in _in_flows(settings) if name not in settings.queues)


def _in_flows(settings: Settings) -> Iterable[tuple[str, str]]:
    for flow in settings.flows.values():
        for node in flow.nodes.values():
            if isinstance(node, ToQueue | PromiseCallback | Record) and node.queue:
                yield f"flows/{flow.name}.yaml at the node {written_name(node.name)}", node.queue


def _of_parts(settings: Settings, queue: str) -> Iterable[str]:
    for name, other in settings.queues.items():
        if other.overflow_to == queue and name != queue:
            yield f"queues.{name}.overflow_to"
    for agent in settings.agents:
        if queue in agent.allocation:
            yield f"the allocation of the agent {agent.id}"
    for name, one in settings.emergency.items():
        if one.queue == queue:
            yield f"emergency.{name}"


def _of_screens(settings: Settings, queue: str) -> Iterable[str]:
    scope = Scope(Kind.QUEUE, queue)
    for name, plan in settings.boards.items():
        if queue in (plan.queues or ()) or scope in [tile.of for tile in plan.tiles]:
            yield f"boards/{name}.yaml"
    for name, rule in settings.alarms.rules.items():
        if rule.of == str(scope):
            yield f"alarms.rules.{name}"
