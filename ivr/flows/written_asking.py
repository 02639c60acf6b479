"""Nodes that wait for the caller, as they are written: menu, digits, ask, survey."""

from collections.abc import Iterator
from typing import Literal, Self

from pydantic import Field, model_validator

from ivr.flows.making import Making
from ivr.flows.written_base import (
    Expression,
    Key,
    Language,
    MustSay,
    Name,
    Seconds,
    Spoken,
    Text,
    Tries,
    Variable,
    Written,
)
from ivr.language import nodes
from ivr.language.nodes import Node
from ivr.language.templates import Words
from ivr.language.values import Type
from ivr.speech.house_words import NO, YES
from ivr.speech.spoken import Prompt

MAX_DIGITS = 40
Asked = Literal["attitude", "efficiency", "clarity"]
QUESTIONS: list[Asked] = ["attitude", "efficiency", "clarity"]
SCORES = "12345"


class Menu(MustSay):
    do: Literal["menu"]
    keys: dict[Key, Name] = Field(min_length=1)
    default: Name
    wait_s: Seconds = 5.0
    tries: Tries = 3
    wrong_key: Spoken | None = None
    no_key: Spoken | None = None

    def build(self, name: str, make: Making) -> Iterator[Node]:
        path = ("nodes", name)
        yield nodes.Menu(
            name,
            self.words(name, make),
            dict(self.keys),
            self.default,
            self.wait_s,
            self.tries,
            make.spoken((*path, "wrong_key"), self.wrong_key),
            make.spoken((*path, "no_key"), self.no_key),
        )


class Digits(MustSay):
    do: Literal["digits"]
    into: Variable
    min: int = Field(default=1, ge=1, le=MAX_DIGITS)
    max: int = Field(default=20, ge=1, le=MAX_DIGITS)
    terminator: Literal["#", "*", ""] = "#"
    wait_s: Seconds = Field(default=8.0, description="For the first digit.")
    between_s: Seconds = Field(default=4.0, description="For each next one.")
    tries: Tries = 3
    check: Expression = Field(default="true", description="With the digits in their variable.")
    wrong: Spoken | None = None
    none: Spoken | None = None
    next: Name
    default: Name

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min > self.max:
            raise ValueError(f"min {self.min} is more than max {self.max}")
        return self

    def build(self, name: str, make: Making) -> Iterator[Node]:
        path = ("nodes", name)
        kind = make.variable((*path, "into"), self.into)
        if kind not in (None, Type.DIGITS, Type.TEXT):
            make.problem((*path, "into"), f"{self.into!r} is a {kind}, digits are needed")
        yield nodes.Digits(
            name,
            self.words(name, make),
            self.into,
            self.min,
            self.max,
            self.terminator,
            self.wait_s,
            self.between_s,
            self.tries,
            make.expression((*path, "check"), self.check, Type.BOOL),
            make.spoken((*path, "wrong"), self.wrong),
            make.spoken((*path, "none"), self.none),
            self.next,
            self.default,
        )


class AskedChoice(Written):
    words: dict[Language, list[Text]] = Field(min_length=1)
    called: Spoken | None = Field(default=None, description="Said back to the caller.")
    next: Name


class Ask(MustSay):
    do: Literal["ask"]
    choices: dict[Name, AskedChoice] = Field(default={})
    keys: dict[Key, Name] = Field(default={})
    into: Variable | None = None
    sure: float = Field(default=0.75, ge=0, le=1)
    maybe: float = Field(default=0.4, ge=0, le=1)
    wait_s: Seconds = Field(default=5.0, description="For the first word.")
    limit_s: Seconds = Field(default=12.0, description="For all of them.")
    tries: Tries = 2
    you_said: Spoken | None = None
    right: Spoken | None = None
    wrong: Spoken | None = None
    next: Name | None = Field(default=None, description="After free text.")
    default: Name
    barge_in: bool | None = Field(
        default=None, description="The question may be spoken over; long ones may unless said."
    )

    @model_validator(mode="after")
    def _has_a_way(self) -> Self:
        if bool(self.choices) is (self.next is not None):
            raise ValueError("needs choices, or next and into for free text, and not both")
        if self.next is not None and self.into is None:
            raise ValueError("free text needs a variable: into")
        if self.maybe > self.sure:
            raise ValueError(f"maybe {self.maybe} is more than sure {self.sure}")
        return self

    def build(self, name: str, make: Making) -> Iterator[Node]:
        path = ("nodes", name)
        if self.into is not None and make.variable((*path, "into"), self.into) not in (
            None,
            Type.TEXT,
        ):
            make.problem((*path, "into"), f"{self.into!r} is no text")
        words = self.words(name, make)
        yield nodes.Ask(
            name,
            words,
            {key: self._choice(name, key, one, make) for key, one in self.choices.items()},
            dict(self.keys),
            self.into or "",
            self.sure,
            self.maybe,
            self.wait_s,
            self.limit_s,
            self.tries,
            (
                make.spoken_or((*path, "you_said"), self.you_said, "ask_you_said"),
                make.spoken_or((*path, "right"), self.right, "ask_right"),
            ),
            YES,
            NO,
            make.spoken_or((*path, "wrong"), self.wrong, "not_understood"),
            self.next or "",
            self.default,
            make.is_long(words) if self.barge_in is None else self.barge_in,
        )

    def _choice(self, name: str, key: str, one: AskedChoice, make: Making) -> nodes.Choice:
        path = ("nodes", name, "choices", key)
        phrases = make.phrases((*path, "words"), one.words)
        first: dict[str, str] = {language: words[0] for language, words in phrases.items() if words}
        label = make.words((*path, "called"), first if one.called is None else one.called)
        return nodes.Choice(phrases, label, one.next)


class Survey(Written):
    do: Literal["survey"]
    questions: dict[Name, Spoken] | list[Asked] = Field(default=QUESTIONS)
    wait_s: Seconds = 6.0
    tries: Tries = 2
    thanks: Spoken | None = None
    next: Name

    def build(self, name: str, make: Making) -> Iterator[Node]:
        path = ("nodes", name)
        given = self.questions if isinstance(self.questions, dict) else {}
        asked = list(self.questions)
        names = [name, *(f"{name}.{one}" for one in asked[1:])]
        for at, question in enumerate(asked):
            after = names[at + 1] if at + 1 < len(asked) else f"{name}.thanks"
            words = self._words(make, (*path, "questions", question), given.get(question), question)
            keys = dict.fromkeys(SCORES, after)
            yield nodes.Menu(
                names[at], words, keys, after, self.wait_s, self.tries, question=question
            )
        thanks = make.spoken_or((*path, "thanks"), self.thanks, "survey_thanks")
        yield nodes.Say(f"{name}.thanks" if asked else name, thanks, self.next)

    def _words(
        self, make: Making, path: tuple[str, ...], given: Spoken | None, question: str
    ) -> Words:
        if given is None and question not in QUESTIONS:
            make.problem(path, "has no words")
            return Prompt("")
        return make.spoken_or(path, given, f"survey_{question}")
