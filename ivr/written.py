"""What may be written in a flow file: each kind of node, its keys, limits and defaults.

`build` turns one into the nodes of the engine; a callback, a voicemail and a survey become several,
named `node.part`. Names that people give have no dots, so nothing can clash.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)

from foundation.ids import QueueId
from ivr import expressions, nodes
from ivr.house_words import NO, YES
from ivr.making import CALLBACK_NUMBER, Making
from ivr.nodes import Node
from ivr.spoken import Prompt
from ivr.templates import Words
from ivr.values import Type

NAME = r"^[A-Za-z0-9_-]{1,64}$"
Name = Annotated[str, Field(pattern=NAME)]
Key = Annotated[str, Field(pattern=r"^[0-9*#]$")]
Keys = Annotated[str, Field(pattern=r"^[0-9*#]{1,12}$")]
Language = Annotated[str, Field(pattern=r"^[a-z]{2}$")]
Variable = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,39}$")]
Seconds = Annotated[float, Field(gt=0, le=3600)]
Tries = Annotated[int, Field(ge=1, le=10)]
Text = Annotated[str, Field(min_length=1)]
Priority = Literal["P0", "P1", "P2", "P3"]
MAX_DIGITS = 40
QUESTIONS = ("attitude", "efficiency", "clarity")
SCORES = "12345"
ANONYMOUS_ENDS = ("", "anonymous")
"What `caller.number` is of who withholds it."


def _texts(given: object) -> str | dict[str, str]:
    if isinstance(given, str) and given.strip():
        return given
    if isinstance(given, dict) and given:
        for language, text in given.items():
            if not (isinstance(language, str) and len(language) == 2 and language.isalpha()):
                raise ValueError(f"{language!r} is no language; write {{en: …, zh: …}}")
            if not isinstance(text, str) or not text.strip():
                raise ValueError(f"the words in {language!r} are no text")
        return {str(language).lower(): str(text) for language, text in given.items()}
    raise ValueError("write a text, or one by language: {en: …, zh: …}")


_BY_LANGUAGE = {
    "type": "object",
    "propertyNames": {"pattern": "^[a-z]{2}$"},
    "additionalProperties": {"type": "string", "minLength": 1},
    "minProperties": 1,
}
Texts: TypeAlias = Annotated[
    Any,
    PlainValidator(_texts),
    WithJsonSchema({"anyOf": [{"type": "string", "minLength": 1}, _BY_LANGUAGE]}),
]
"A text with values in braces, or one by language."
Spoken: TypeAlias = Texts
"The name of a prompt, or words by language."


def _expression(given: object) -> object:
    """YAML's own numbers and truths are expressions as well."""
    if isinstance(given, bool):
        return str(given).lower()
    return str(given) if isinstance(given, int | float) else given


Expression = Annotated[
    str,
    BeforeValidator(_expression, json_schema_input_type=str | float | bool),
    Field(min_length=1, max_length=expressions.MAX_LENGTH),
]


class Written(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Worded(Written):
    """Says something: `prompt`, the name of one, or `say`, the words themselves."""

    prompt: Name | None = Field(default=None, description="A prompt's name.")
    say: Texts | None = Field(default=None, description="Words, with values in braces.")

    @model_validator(mode="after")
    def _says_once(self) -> Self:
        if self.prompt is not None and self.say is not None:
            raise ValueError("has both prompt and say; one of them is enough")
        return self

    def find_words(self, name: str, make: Making) -> Words | None:
        if self.say is not None:
            return make.words(("nodes", name, "say"), self.say)
        return None if self.prompt is None else Prompt(self.prompt)


class MustSay(Worded):
    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.prompt is None and self.say is None:
            raise ValueError("says nothing; give it a prompt, or words by say")
        return self

    def words(self, name: str, make: Making) -> Words:
        return self.find_words(name, make) or Prompt("")


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
    choices: dict[Name, AskedChoice] = {}
    keys: dict[Key, Name] = {}
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
        yield nodes.Ask(
            name,
            self.words(name, make),
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
        )

    def _choice(self, name: str, key: str, one: AskedChoice, make: Making) -> nodes.Choice:
        path = ("nodes", name, "choices", key)
        phrases = make.phrases((*path, "words"), one.words)
        first: dict[str, str] = {language: words[0] for language, words in phrases.items() if words}
        label = make.words((*path, "called"), first if one.called is None else one.called)
        return nodes.Choice(phrases, label, one.next)


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
    query: dict[str, Expression] = {}
    body: dict[str, Expression] = {}
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
            _priority(self.priority),
            self.requires,
            tier,
            self.prefer_last_agent,
        )


def _priority(written: Priority | None) -> int | None:
    return None if written is None else int(written[1])


class Callback(Written):
    """Offer ─▶ (number known) ─▶ confirm ─▶ promised; else, or key 2, another number is entered."""

    do: Literal["callback"]
    queue: Name
    priority: Priority | None = None
    offer: Spoken | None = None
    confirm: Spoken | None = None
    enter: Spoken | None = None
    thanks: Spoken | None = None
    tries: Tries = 2
    wait_s: Seconds = 6.0
    next: Name
    declined: Name

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
        promised = f"{name}.thanks"
        queue = QueueId(self.queue)
        yield nodes.PromiseCallback(f"{name}.promise", queue, _priority(self.priority), promised)
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
        )
        yield nodes.Say(f"{name}.thanks", thanks, self.next)


class Survey(Written):
    do: Literal["survey"]
    questions: dict[Name, Spoken] | list[Literal["attitude", "efficiency", "clarity"]] = [
        "attitude",
        "efficiency",
        "clarity",
    ]
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


class Transfer(Worded):
    do: Literal["transfer"]
    to: Text = Field(description="An agent, queue:NAME, a line, or a number; values in braces.")
    ring_s: Seconds = 30.0
    failed: Name

    def build(self, name: str, make: Making) -> Iterator[Node]:
        to = make.address(("nodes", name, "to"), self.to)
        yield nodes.ToOther(name, self.find_words(name, make), to, self.ring_s, self.failed)


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


AnyNode = Annotated[
    Say
    | Play
    | Menu
    | Digits
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
    ] = {}
    prompts: dict[Name, dict[Language, Text]] = {}
    nodes: dict[Name, AnyNode] = Field(min_length=1)
