"""Where a caller is and what is known of him: flow, sub-flows, variables, language.

Nodes that take no time are passed here. A course can be copied, so that it can be seen what a key
pressed now would be meant for, without the caller going there.
"""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Self

from foundation.ids import QueueId
from ivr.flows.flow import Flow
from ivr.flows.making import CALLBACK_NUMBER
from ivr.language import values
from ivr.language.expressions import Expression, World
from ivr.language.hours import ALWAYS, Hours, Standing
from ivr.language.nodes import Assign, Branch, Node, Opening, Return, Silent, Speak, SubFlow
from ivr.language.values import Scalar
from ivr.visit.caller import Caller

MAX_DEPTH = 5
"Flows within flows."
MAX_STEPS = 200
"Nodes passed without time, before we say that the flow runs in circles."
MAX_PATH = 500


class Astray(Exception):
    """The flow leads nowhere from here; the message is why, for `HangUp`."""


@dataclass(slots=True)
class Frame:
    """One flow that the caller is in."""

    flow: Flow
    at: str
    own: dict[str, Scalar]
    "Its variables."

    def copy(self) -> Self:
        return type(self)(self.flow, self.at, dict(self.own))


@dataclass(slots=True)
class Course:
    """All of a caller's frames, the innermost last."""

    frames: list[Frame]
    languages: tuple[str, ...]
    caller: Caller
    flows: Mapping[str, Flow]
    hours: Mapping[str, Hours]
    began_at: float = 0.0
    callback_number: str = ""
    path: list[str] = field(default_factory=list)

    @classmethod
    def begin(
        cls,
        flow: Flow,
        languages: tuple[str, ...],
        caller: Caller,
        flows: Mapping[str, Flow],
        hours: Mapping[str, Hours],
    ) -> Self:
        return cls([_frame(flow)], languages, caller, flows, hours)

    def copy(self) -> Self:
        other = copy(self)
        other.frames = [frame.copy() for frame in self.frames]
        other.path = list(self.path)
        return other

    @property
    def frame(self) -> Frame:
        return self.frames[-1]

    @property
    def node(self) -> Node:
        return self.frame.flow.nodes[self.frame.at]

    @property
    def outer(self) -> Frame:
        """Of the flow that the visit began with."""
        return self.frames[0]

    def leads_to(self, queue: QueueId) -> bool:
        """On some way from the flow that the visit began with, with the flows that it calls."""
        flows, unseen = {self.outer.flow.name: self.outer.flow}, [self.outer.flow]
        while unseen:
            flow = unseen.pop()
            if queue in flow.queues():
                return True
            for name in flow.sub_flows() - flows.keys():
                flows[name] = self.flows[name]
                unseen.append(self.flows[name])
        return False

    def go(self, name: str) -> None:
        self.frame.at = name
        if len(self.path) < MAX_PATH:
            self.path.append(name if len(self.frames) == 1 else f"{self.frame.flow.name}/{name}")

    def local_time(self, now: float) -> datetime:
        at = self.caller.called_at
        return (at.astimezone(UTC) + timedelta(seconds=now - self.began_at)).astimezone(at.tzinfo)

    def world(self, now: float) -> World:
        caller = self.caller
        built_in: dict[str, Scalar] = {
            "caller.number": caller.number,
            "caller.tier": caller.tier,
            "line": caller.line,
            "trunk": caller.trunk,
            "language": "|".join(self.languages),
            "called_at": caller.called_at,
            "last_agent": caller.last_agent,
            CALLBACK_NUMBER: self.callback_number,
        }
        return World({**built_in, **self.frame.own}, self.local_time(now))

    def evaluate(self, expression: Expression, now: float) -> Scalar:
        return expression.evaluate(self.world(now))

    def assign(self, name: str, value: Scalar) -> None:
        if name == CALLBACK_NUMBER:
            self.callback_number = values.written(value)
        elif name in self.frame.flow.variables:
            kind, _ = self.frame.flow.variables[name]
            self.frame.own[name] = values.assigned(kind, value)

    # -- nodes without time --

    def pass_silent(self, now: float) -> None:
        """On to the first node that takes time; Astray where there is none."""
        for _ in range(MAX_STEPS):
            node = self.node
            if not isinstance(node, Silent):
                return
            self._pass(node, now)
        raise Astray("the flow runs in circles")

    def _pass(self, node: Silent, now: float) -> None:
        match node:
            case Branch():
                self.go(self._chosen(node, now))
            case Opening():
                self.go(self._by_hours(node, now))
            case Assign():
                for name, expression in node.values:
                    self.assign(name, self.evaluate(expression, now))
                self.go(node.next)
            case Speak():
                self.languages = (node.language,)
                self.go(node.next)
            case SubFlow():
                self._enter(node, now)
            case Return():
                self._return()

    def _chosen(self, node: Branch, now: float) -> str:
        world = self.world(now)
        for condition, target in node.cases:
            if condition.evaluate(world) is True:
                return target
        return node.default

    def _by_hours(self, node: Opening, now: float) -> str:
        name = node.hours or self.caller.hours or self.frame.flow.hours or self.outer.flow.hours
        standing = self.hours.get(name, ALWAYS).standing(self.local_time(now))
        match standing:
            case Standing.OPEN:
                return node.open
            case Standing.CLOSED:
                return node.closed
            case Standing.BREAK:
                return node.on_break
            case Standing.HOLIDAY:
                return node.holiday

    def _enter(self, node: SubFlow, now: float) -> None:
        flow = self.flows.get(node.flow)
        if flow is None or len(self.frames) >= MAX_DEPTH:
            raise Astray(f"the flow {node.flow!r} cannot be entered")
        given = [(name, self.evaluate(expression, now)) for name, expression in node.given]
        self.frames.append(_frame(flow))
        for name, value in given:
            self.assign(name, value)
        self.go(flow.start)

    def _return(self) -> None:
        if len(self.frames) == 1:
            raise Astray("the flow is over")
        left = self.frames.pop().own
        node = self.node
        assert isinstance(node, SubFlow)
        for ours, theirs in node.into:
            self.assign(ours, left.get(theirs))
        self.go(node.next)


def _frame(flow: Flow) -> Frame:
    return Frame(flow, flow.start, {name: value for name, (_, value) in flow.variables.items()})
