"""Nodes that decide or learn where to go, as they are written: hours, branch, lookup, call …"""

from collections.abc import Iterator
from typing import Literal, Self

from pydantic import Field, model_validator

from ivr.flows.making import Making
from ivr.flows.written_base import (
    Expression,
    Language,
    Name,
    Text,
    Variable,
    Worded,
    Written,
)
from ivr.language import nodes
from ivr.language.nodes import Node
from ivr.language.values import Type


class Opening(Written):
    do: Literal["hours"]
    hours: Name | None = Field(
        default=None, description="A calendar; not given: the line's, else the flow's."
    )
    open: Name
    closed: Name
    # `break` is a word of Python's.
    on_break: Name | None = Field(default=None, alias="break")
    holiday: Name | None = None

    def build(self, name: str, make: Making) -> Iterator[Node]:
        yield nodes.Opening(
            name,
            self.hours or "",
            self.open,
            self.closed,
            self.on_break or self.closed,
            self.holiday or self.closed,
        )


class Case(Written):
    # `if` is a word of Python's.
    condition: Expression = Field(alias="if")
    next: Name


class Branch(Written):
    do: Literal["branch"]
    when: list[Case] = Field(min_length=1, max_length=100)
    default: Name

    def build(self, name: str, make: Making) -> Iterator[Node]:
        path = ("nodes", name, "when")
        cases = tuple(
            (make.expression((*path, at, "if"), case.condition, Type.BOOL), case.next)
            for at, case in enumerate(self.when)
        )
        yield nodes.Branch(name, cases, self.default)


class Set(Written):
    do: Literal["set"]
    set: dict[Variable, Expression] = Field(min_length=1)
    next: Name

    def build(self, name: str, make: Making) -> Iterator[Node]:
        yield nodes.Assign(name, make.assignments(("nodes", name, "set"), self.set), self.next)


class ChooseLanguage(Written):
    do: Literal["language"]
    language: Language
    next: Name

    def build(self, name: str, make: Making) -> Iterator[Node]:
        if self.language not in make.languages:
            sentence = f"{self.language!r} is no language of this flow"
            make.problem(("nodes", name, "language"), sentence)
        yield nodes.Speak(name, self.language, self.next)


class Lookup(Worded):
    do: Literal["lookup"]
    url: Text
    method: Literal["GET", "POST"] = "GET"
    query: dict[str, Expression] = Field(default={})
    body: dict[str, Expression] = Field(default={})
    timeout_s: float = Field(default=4.0, gt=0, le=30)
    into: dict[Variable, Text] = Field(
        default={}, description="Variable: way to its value in the answer, `data.items.0.price`."
    )
    next: Name
    missing: Name | None = Field(default=None, description="After a 404; not given: failed.")
    failed: Name

    @model_validator(mode="after")
    def _has_a_body_to_post(self) -> Self:
        if self.body and self.method == "GET":
            raise ValueError("has a body; that needs method: POST")
        return self

    def build(self, name: str, make: Making) -> Iterator[Node]:
        path = ("nodes", name)
        for variable in self.into:
            make.variable((*path, "into", variable), variable)
        yield nodes.Lookup(
            name,
            self.find_words(name, make),
            self.method,
            make.address((*path, "url"), self.url),
            make.named((*path, "query"), self.query),
            make.named((*path, "body"), self.body),
            self.timeout_s,
            tuple((variable, tuple(way.split("."))) for variable, way in self.into.items()),
            self.next,
            self.missing or self.failed,
            self.failed,
        )


class Call(Written):
    do: Literal["call"]
    flow: Name
    # `with` is a word of Python's.
    given: dict[Variable, Expression] = Field(default={}, alias="with")
    into: dict[Variable, Variable] = Field(
        default={}, description="Our variable: the other flow's."
    )
    next: Name

    def build(self, name: str, make: Making) -> Iterator[Node]:
        path = ("nodes", name)
        for variable in self.into:
            make.variable((*path, "into", variable), variable)
        given = make.named((*path, "with"), self.given)
        yield nodes.SubFlow(name, self.flow, given, tuple(self.into.items()), self.next)


class Return(Written):
    do: Literal["return"]

    def build(self, name: str, make: Making) -> Iterator[Node]:
        yield nodes.Return(name)
