"""Nodes that give the caller to somebody or take something from him, as they are written."""

from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import Field

from foundation.ids import QueueId
from ivr.flows.making import CALLBACK_NUMBER, Making
from ivr.flows.written_base import (
    Expression,
    Keys,
    Name,
    Priority,
    Seconds,
    Spoken,
    Text,
    Tries,
    Worded,
    Written,
    priority_of,
)
from ivr.language import expressions, nodes
from ivr.language.nodes import Node
from ivr.language.values import Type

ANONYMOUS_ENDS = ("", "anonymous")
"What `caller.number` is of who withholds it."


class Queue(Written):
    do: Literal["queue"]
    queue: Name
    priority: Priority | None = None
    requires: str = Field(default="", description="Skills beside the queue's: english>=3")
    tier: Expression | None = Field(default=None, description="Instead of the caller's own.")
    prefer_last_agent: bool = False

    def build(self, name: str, make: Making) -> Iterator[Node]:
        tier = None
        if self.tier is not None:
            tier = make.expression(("nodes", name, "tier"), self.tier, Type.TEXT)
        yield nodes.ToQueue(
            name,
            QueueId(self.queue),
            priority_of(self.priority),
            self.requires,
            tier,
            self.prefer_last_agent,
        )


class Callback(Written):
    """Offer ─▶ (number known) ─▶ confirm ─▶ promised; else, or key 2, another number is entered.

    What cannot be promised is said to the caller, who goes on by `refused`."""

    do: Literal["callback"]
    queue: Name
    priority: Priority | None = None
    offer: Spoken | None = None
    confirm: Spoken | None = None
    enter: Spoken | None = None
    thanks: Spoken | None = None
    sorry: Spoken | None = Field(default=None, description="That it cannot be promised.")
    tries: Tries = 2
    wait_s: Seconds = 6.0
    next: Name
    declined: Name
    refused: Name | None = Field(default=None, description="Not given: as `declined`.")

    def build(self, name: str, make: Making) -> Iterator[Node]:
        path = ("nodes", name)
        known = f"not (caller.number in {list(ANONYMOUS_ENDS)})"
        number = make.expression(path, "digits(caller.number)")
        is_known = make.expression(path, known)
        yield self._question(name, "offer", {"1": f"{name}.who", "2": self.declined}, make)
        yield nodes.Branch(f"{name}.who", ((is_known, f"{name}.mine"),), f"{name}.enter")
        yield nodes.Assign(f"{name}.mine", ((CALLBACK_NUMBER, number),), f"{name}.confirm")
        keys = {"1": f"{name}.promise", "2": f"{name}.enter"}
        yield self._question(name, "confirm", keys, make)
        yield nodes.Digits(
            f"{name}.enter",
            make.spoken_or((*path, "enter"), self.enter, "callback_enter"),
            CALLBACK_NUMBER,
            3,
            20,
            "#",
            self.wait_s,
            4.0,
            self.tries,
            expressions.TRUE,
            None,
            None,
            f"{name}.confirm",
            self.declined,
        )
        yield from self._outcome(name, make)

    def _outcome(self, name: str, make: Making) -> Iterator[Node]:
        path = ("nodes", name)
        promised, refused = f"{name}.thanks", f"{name}.sorry"
        yield nodes.PromiseCallback(
            f"{name}.promise",
            QueueId(self.queue),
            priority_of(self.priority),
            promised,
            refused,
        )
        sorry = make.spoken_or((*path, "sorry"), self.sorry, "callback_sorry")
        yield nodes.Say(refused, sorry, self.refused or self.declined)
        thanks = make.spoken_or((*path, "thanks"), self.thanks, "callback_thanks")
        yield nodes.Say(promised, thanks, self.next)

    def _question(self, name: str, part: str, keys: Mapping[str, str], make: Making) -> nodes.Menu:
        """The first has the node's own name, so that others lead to it."""
        words = make.spoken_or(("nodes", name, part), getattr(self, part), f"callback_{part}")
        own = name if part == "offer" else f"{name}.{part}"
        return nodes.Menu(own, words, keys, self.declined, self.wait_s, self.tries)


class Voicemail(Written):
    do: Literal["voicemail"]
    box: Name = Field(default="", pattern=r"^[A-Za-z0-9_-]{0,64}$", description="Whose it is.")
    queue: Name | None = Field(
        default=None, description="Whose agents hear it; the box's, if a queue is called so."
    )
    greeting: Spoken | None = None
    thanks: Spoken | None = None
    limit_s: Seconds = 120.0
    silence_s: Seconds = 5.0
    keys: Keys = "#"
    next: Name

    def build(self, name: str, make: Making) -> Iterator[Node]:
        path = ("nodes", name)
        greeting = make.spoken_or((*path, "greeting"), self.greeting, "voicemail_greeting")
        thanks = make.spoken_or((*path, "thanks"), self.thanks, "voicemail_thanks")
        yield nodes.Say(name, greeting, f"{name}.record")
        yield nodes.Record(
            f"{name}.record",
            self.box or make.flow,
            self.limit_s,
            self.silence_s,
            self.keys,
            f"{name}.thanks",
            self.queue or "",
        )
        yield nodes.Say(f"{name}.thanks", thanks, self.next)


class Transfer(Worded):
    do: Literal["transfer"]
    to: Text = Field(description="An agent, queue:NAME, a line, or a number; values in braces.")
    ring_s: Seconds = 30.0
    failed: Name

    def build(self, name: str, make: Making) -> Iterator[Node]:
        to = make.address(("nodes", name, "to"), self.to)
        yield nodes.ToOther(name, self.find_words(name, make), to, self.ring_s, self.failed)


class HangUp(Worded):
    do: Literal["hangup"]
    reason: str = "flow"

    def build(self, name: str, make: Making) -> Iterator[Node]:
        yield nodes.Goodbye(name, self.find_words(name, make), self.reason)


class Echo(Worded):
    do: Literal["echo"]
    limit_s: Seconds = 300.0

    def build(self, name: str, make: Making) -> Iterator[Node]:
        yield nodes.EchoTest(name, self.find_words(name, make), self.limit_s)
