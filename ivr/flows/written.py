"""What may be written in a flow file: each kind of node, its keys, limits and defaults.

`build` turns one into the nodes of the engine; a callback, a voicemail and a survey become several,
named `node.part`. Names that people give have no dots, so nothing can clash.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from ivr.flows.making import Making
from ivr.flows.written_asking import Ask, Digits, Menu, Survey
from ivr.flows.written_base import Language, MustSay, Name, Text, Variable, Written
from ivr.flows.written_card import Card
from ivr.flows.written_leaving import Callback, Echo, HangUp, Queue, Transfer, Voicemail
from ivr.flows.written_ways import Branch, Call, ChooseLanguage, Lookup, Opening, Return, Set
from ivr.language import nodes
from ivr.language.nodes import Node
from ivr.speech.spoken import Prompt


class Say(MustSay):
    do: Literal["say"]
    next: Name

    def build(self, name: str, make: Making) -> Iterator[Node]:
        yield nodes.Say(name, self.words(name, make), self.next)


class Play(Written):
    do: Literal["play"]
    wav: Name = Field(description="prompts/NAME.wav, or prompts/NAME.zh.wav")
    next: Name

    def build(self, name: str, make: Making) -> Iterator[Node]:
        yield nodes.Say(name, Prompt(self.wav), self.next)


AnyNode = Annotated[
    Say
    | Play
    | Menu
    | Digits
    | Card
    | Ask
    | Opening
    | Branch
    | Set
    | ChooseLanguage
    | Lookup
    | Queue
    | Callback
    | Voicemail
    | Survey
    | Transfer
    | Call
    | Return
    | HangUp
    | Echo,
    Field(discriminator="do"),
]


def _declared(given: object) -> object:
    """`order: digits` for `order: {type: digits}`."""
    return {"type": given} if isinstance(given, str) else given


class Declared(Written):
    """A variable."""

    type: Literal["text", "number", "bool", "digits", "date"]
    default: str | int | float | bool | date | Decimal | None = None


class WrittenFlow(Written):
    """One file of `flows/`."""

    languages: tuple[Language, ...] = Field(default=("en",), min_length=1)
    start: Name
    hours: Name | None = Field(default=None, description="The calendar of this flow's hours nodes.")
    limit_s: float = Field(default=1800.0, gt=0, le=7200, description="Longest stay of a caller.")
    variables: dict[
        Variable,
        Annotated[
            Declared,
            BeforeValidator(_declared, json_schema_input_type=Declared | str),
        ],
    ] = Field(default={})
    prompts: dict[Name, dict[Language, Text]] = Field(default={})
    nodes: dict[Name, AnyNode] = Field(min_length=1)
