"""What a flow cannot know by itself: queues, prompts, calendars, servers and flows beside it.

`problems_of_flow` must be empty before a centre is served; `doubts_of_flow` works, but is probably
not meant. Both give the path in the flow's file and a sentence.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from acd.requirement import RequirementError, parse_requirement
from callcenter.configuration.cross_checks import Finding
from foundation.yaml_lines import Path, nearest
from ivr.flows.flow import Flow, prompts_of
from ivr.flows.flow_checks import unreachable, written_name
from ivr.language.nodes import (
    Card,
    Lookup,
    Node,
    Opening,
    PromiseCallback,
    Record,
    SubFlow,
    ToQueue,
)
from ivr.language.values import fits
from ivr.speech.words import ANNOUNCEMENTS
from ivr.visit.course import MAX_DEPTH

if TYPE_CHECKING:  # settings.py calls this file while it loads
    from callcenter.configuration.settings import Settings

HTTP = ("http", "https")
MADE = "--"
"In the names of prompts that are made of a node's own words."


def problems_of_flow(flow: Flow, settings: Settings) -> Iterable[Finding]:
    """Of one flow file, in the centre of these settings."""
    for node in flow.nodes.values():
        yield from _of_node(flow, node, settings)
    if flow.hours and flow.hours not in settings.hours:
        hint = nearest(flow.hours, settings.hours)
        yield ("hours",), f"no calendar is called {flow.hours!r}; {hint}"
    yield from _too_deep(flow, settings)
    yield from _prompts(flow, settings)


def doubts_of_flow(flow: Flow, settings: Settings) -> Iterable[Finding]:
    for name in unreachable(flow.start, flow.nodes):
        yield ("nodes", name), "no way leads here"
    for node in flow.nodes.values():
        if isinstance(node, PromiseCallback) and settings.queues[node.queue].callbacks is None:
            path = ("nodes", written_name(node.name), "queue")
            yield path, f"{node.queue!r} has no `callbacks`: all who want one are refused"


def _of_node(flow: Flow, node: Node, settings: Settings) -> Iterable[Finding]:
    path = ("nodes", written_name(node.name))
    match node:
        case ToQueue(queue=queue) | PromiseCallback(queue=queue):
            if queue not in settings.queues:
                hint = nearest(queue, settings.queues)
                yield (*path, "queue"), f"no queue is called {queue!r}; {hint}"
            if isinstance(node, ToQueue):
                yield from _requirement(node)
        case Record(queue=own) if own and own not in settings.queues:
            yield (*path, "queue"), f"no queue is called {own!r}; {nearest(own, settings.queues)}"
        case Opening():
            yield from _calendar(flow, node, settings)
        case Lookup():
            yield from _server(node, settings)
        case Card() if settings.recordings.card is None:
            yield path, "no server takes cards; give recordings.card in callcenter.yaml"
        case SubFlow():
            yield from _sub_flow(flow, node, settings)


def _requirement(node: ToQueue) -> Iterable[Finding]:
    try:
        parse_requirement(node.requires)
    except RequirementError as error:
        yield ("nodes", node.name, "requires"), str(error)


# -- calendars, servers ----------------------------------------------------------------------------


def _calendar(flow: Flow, node: Opening, settings: Settings) -> Iterable[Finding]:
    path = ("nodes", node.name, "hours")
    if node.hours and node.hours not in settings.hours:
        yield path, f"no calendar is called {node.hours!r}; {nearest(node.hours, settings.hours)}"
    bare = [
        line.number
        for line in settings.lines
        if line.hours is None and flow.name in _reached(line.flow, settings)
    ]
    if not node.hours and not flow.hours and bare:
        numbers = ", ".join(bare)
        yield path, f"names no calendar, and neither do the flow and the lines {numbers}"


def _reached(start: str, settings: Settings) -> set[str]:
    """The flow and all that it may call, however deep."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name not in seen and name in settings.flows:
            seen.add(name)
            waiting += settings.flows[name].sub_flows()
    return seen


def _server(node: Lookup, settings: Settings) -> Iterable[Finding]:
    path = ("nodes", node.name, "url")
    try:
        parts = urlsplit(node.address.fixed)
        host = f"{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"
    except ValueError:
        yield path, "is no URL"
        return
    is_whole = len(node.address.parts) == 1 or bool(parts.path)
    if parts.scheme not in HTTP or not host or not is_whole:
        yield path, "begins with http:// or https:// and a server, none of it a value in braces"
    elif parts.username or parts.password:
        yield path, "has a password in it; put it into lookups.headers"
    elif host not in settings.lookups.hosts:
        hint = nearest(host, settings.lookups.hosts)
        yield path, f"{host!r} is none of lookups.hosts; {hint}"


# -- flows within flows ----------------------------------------------------------------------------


def _sub_flow(flow: Flow, node: SubFlow, settings: Settings) -> Iterable[Finding]:
    path = ("nodes", node.name, "flow")
    other = settings.flows.get(node.flow)
    if other is not None:
        yield from _languages(flow, other, path)
        yield from _given(node, other)
        yield from _taken(flow, node, other)
    elif not settings.has_flow_file(node.flow):
        hint = nearest(node.flow, settings.flows)
        yield path, f"there is no flows/{node.flow}.yaml; {hint}"


def _languages(flow: Flow, other: Flow, path: Path) -> Iterable[Finding]:
    for language in flow.languages:
        if language not in other.languages:
            yield path, f"flows/{other.name}.yaml does not speak {language!r}"


def _given(node: SubFlow, other: Flow) -> Iterable[Finding]:
    for name, expression in node.given:
        path = ("nodes", node.name, "with", name)
        if name not in other.variables:
            hint = nearest(name, other.variables)
            yield path, f"flows/{other.name}.yaml has no variable {name!r}; {hint}"
        elif not fits(expression.type, other.variables[name][0]):
            wanted = other.variables[name][0]
            yield path, f"is a {expression.type}, {name!r} there is a {wanted}"


def _taken(flow: Flow, node: SubFlow, other: Flow) -> Iterable[Finding]:
    for ours, theirs in node.into:
        path = ("nodes", node.name, "into", ours)
        if theirs not in other.variables:
            hint = nearest(theirs, other.variables)
            yield path, f"flows/{other.name}.yaml has no variable {theirs!r}; {hint}"
        elif not fits(other.variables[theirs][0], flow.variables[ours][0]):
            yield path, f"{theirs!r} there is a {other.variables[theirs][0]}"


def _too_deep(flow: Flow, settings: Settings) -> Iterable[Finding]:
    for node in flow.nodes.values():
        if not isinstance(node, SubFlow):
            continue
        path = ("nodes", node.name, "flow")
        if flow.name in _reached(node.flow, settings):
            yield path, f"leads back to flows/{flow.name}.yaml, without end"
        elif _depth(node.flow, settings, 1) >= MAX_DEPTH:
            yield path, f"leads more than {MAX_DEPTH} flows deep"


def _depth(name: str, settings: Settings, so_far: int) -> int:
    """How many flows stand within each other from here; stops where it is too many."""
    flow = settings.flows.get(name)
    if flow is None or so_far >= MAX_DEPTH:
        return so_far
    return max((_depth(one, settings, so_far + 1) for one in flow.sub_flows()), default=so_far)


# -- prompts ---------------------------------------------------------------------------------------


def _prompts(flow: Flow, settings: Settings) -> Iterable[Finding]:
    unrecorded = flow.prompt_names() - settings.own_prompts() - set(ANNOUNCEMENTS)
    for name in sorted(unrecorded):
        yield from _missing_words(flow, name, settings)
    for language in flow.languages:
        if unrecorded and language not in settings.speech.voices:
            yield ("languages",), f"speech.voices has no voice for {language!r}"
    for other in settings.flows.values():
        for name in sorted(set(flow.prompts) & set(other.prompts)):
            if other.name < flow.name and flow.prompts[name] != other.prompts[name]:
                yield ("prompts", name), f"has other words in flows/{other.name}.yaml"


def _missing_words(flow: Flow, name: str, settings: Settings) -> Iterable[Finding]:
    """Prompts of all flows are one house's: any may have the words."""
    known = settings.prompt_words
    words = flow.prompts.get(name) or known.get(name)
    if words is None:
        users = [
            written_name(node.name) for node in flow.nodes.values() if name in prompts_of(node)
        ]
        hint = nearest(name, [one for one in known if MADE not in one])
        yield ("nodes", *users[:1]), f"the prompt {name!r} has neither words nor a WAV; {hint}"
        return
    for language in flow.languages:
        if language not in words:
            yield ("prompts", name), f"has no words in {language!r}, a language of this flow"
