"""The node that takes a card's digits, as it is written."""

from collections.abc import Iterator
from typing import Literal, Self

from pydantic import Field, model_validator

from ivr.flows.making import Making
from ivr.flows.written_base import MustSay, Name, Seconds, Spoken, Text, Tries, Variable
from ivr.language import nodes
from ivr.language.nodes import Node

MOST_DIGITS = 32


class Card(MustSay):
    """The digits go to `recordings.card.post_to` and nowhere else: no variable gets them."""

    do: Literal["card"]
    into: dict[Variable, Text] = Field(
        default={}, description="Variable: way to its value in the server's answer, `token`."
    )
    min: int = Field(default=12, ge=1, le=MOST_DIGITS)
    max: int = Field(default=19, ge=1, le=MOST_DIGITS)
    check: bool = Field(default=True, description="The last digit must fit the others (Luhn).")
    wait_s: Seconds = Field(default=10.0, description="For the first digit.")
    between_s: Seconds = Field(default=6.0, description="For each next one.")
    tries: Tries = 3
    timeout_s: float = Field(default=10.0, gt=0, le=60, description="For the server's answer.")
    wrong: Spoken | None = None
    none: Spoken | None = None
    next: Name = Field(description="The server has taken it.")
    refused: Name = Field(description="It has not, or did not answer.")
    default: Name = Field(description="No card was keyed in all tries.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min > self.max:
            raise ValueError(f"min {self.min} is more than max {self.max}")
        return self

    def build(self, name: str, make: Making) -> Iterator[Node]:
        path = ("nodes", name)
        for variable in self.into:
            make.variable((*path, "into", variable), variable)
        yield nodes.Card(
            name,
            self.words(name, make),
            tuple((variable, tuple(way.split("."))) for variable, way in self.into.items()),
            self.min,
            self.max,
            self.check,
            self.wait_s,
            self.between_s,
            self.tries,
            self.timeout_s,
            make.spoken((*path, "wrong"), self.wrong),
            make.spoken((*path, "none"), self.none),
            self.next,
            self.refused,
            self.default,
        )
