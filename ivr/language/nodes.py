"""The nodes of a flow, as values that cannot be wrong.

What people write (`flows.written`) is richer: a callback, a voicemail or a survey there is several
of these, named `node.part`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from foundation.ids import QueueId
from ivr.language.expressions import Expression
from ivr.language.templates import Address, Words

Way: TypeAlias = tuple[tuple[str | int, ...], str]
"Where it is written below its node, and the node that it leads to."


@dataclass(frozen=True, slots=True)
class Say:
    """Say something, then go on; a key pressed meanwhile is taken by who asks next."""

    name: str
    words: Words
    next: str


@dataclass(frozen=True, slots=True)
class Menu:
    """Say the choices and wait for one key."""

    name: str
    words: Words
    keys: Mapping[str, str]
    "Key to the node it leads to."
    default: str
    "Where a caller goes who gave no usable key in all tries."
    wait_s: float = 5.0
    "How long to wait for a key after the words."
    tries: int = 3
    wrong_key: Words | None = None
    "Said before the next try."
    no_key: Words | None = None
    question: str = ""
    "Of a survey: the key is the answer."


@dataclass(frozen=True, slots=True)
class Digits:
    """Collect digits into a variable."""

    name: str
    words: Words
    into: str
    least: int
    most: int
    terminator: str
    "'' for none: `most` digits or a pause end it."
    wait_s: float
    "For the first digit, after the words."
    between_s: float
    "For each next one."
    tries: int
    check: Expression
    "With the digits in their variable; false asks again."
    wrong: Words | None
    none: Words | None
    next: str
    default: str


@dataclass(frozen=True, slots=True)
class Card:
    """Have a card's digits keyed and handed to who charges; the flow never has them."""

    name: str
    words: Words
    into: tuple[tuple[str, tuple[str, ...]], ...]
    "Variable, and the way to its value in the server's answer."
    least: int
    most: int
    check: bool
    "The last digit must fit the others (Luhn)."
    wait_s: float
    "For the first digit, after the words."
    between_s: float
    "For each next one."
    tries: int
    timeout_s: float
    "Of the server."
    wrong: Words | None
    none: Words | None
    next: str
    refused: str
    default: str


@dataclass(frozen=True, slots=True)
class Choice:
    """What a caller may name in `Ask`."""

    phrases: Mapping[str, tuple[str, ...]]
    "By language."
    label: Words
    "Said back when it was not heard clearly."
    next: str


@dataclass(frozen=True, slots=True)
class Ask:
    """Listen to what the caller says: one of the choices, or free text into a variable."""

    name: str
    words: Words
    choices: Mapping[str, Choice]
    keys: Mapping[str, str]
    into: str
    "Variable for the words heard; '' for none."
    sure: float
    "Confidence from which a choice is taken at once."
    maybe: float
    "From here on the caller is asked whether it is right; below it has not been understood."
    wait_s: float
    "For the first word."
    limit_s: float
    "For all of them."
    tries: int
    confirm: tuple[Words, Words]
    "Around the choice's label: 'You said' … 'Is this right?'"
    yes: Mapping[str, tuple[str, ...]]
    no: Mapping[str, tuple[str, ...]]
    wrong: Words | None
    next: str
    "After free text; '' when there are choices."
    default: str
    barge_in: bool = False
    "The question may be spoken over."


@dataclass(frozen=True, slots=True)
class Opening:
    """Where to go by business hours."""

    name: str
    hours: str
    "Name of the calendar; '' for the line's, else the flow's."
    open: str
    closed: str
    on_break: str
    holiday: str


@dataclass(frozen=True, slots=True)
class Branch:
    """The first condition that is true decides."""

    name: str
    cases: tuple[tuple[Expression, str], ...]
    default: str


@dataclass(frozen=True, slots=True)
class Assign:
    """`set`"""

    name: str
    values: tuple[tuple[str, Expression], ...]
    next: str


@dataclass(frozen=True, slots=True)
class Speak:
    """`language`: one language from here on."""

    name: str
    language: str
    next: str


@dataclass(frozen=True, slots=True)
class Lookup:
    """Ask a server of the house's owner about something."""

    name: str
    words: Words | None
    "Said meanwhile, once."
    method: str
    address: Address
    query: tuple[tuple[str, Expression], ...]
    body: tuple[tuple[str, Expression], ...]
    timeout_s: float
    into: tuple[tuple[str, tuple[str, ...]], ...]
    "Variable, and the way to its value in the answer."
    next: str
    missing: str
    "When the server says 404."
    failed: str


@dataclass(frozen=True, slots=True)
class ToQueue:
    """The caller waits for an agent; the flow is over."""

    name: str
    queue: QueueId
    priority: int | None = None
    "0 (P0, most urgent) to 3; None: as the queue has it."
    requires: str = ""
    "What this caller needs of an agent beside what the queue asks."
    tier: Expression | None = None
    prefer_last_agent: bool = False


@dataclass(frozen=True, slots=True)
class PromiseCallback:
    """The caller has agreed to be called back at `callback.number`."""

    name: str
    queue: QueueId
    priority: int | None
    next: str
    refused: str


@dataclass(frozen=True, slots=True)
class Record:
    """The caller's voice into a file, until a key, a silence or the limit."""

    name: str
    box: str
    "Whose messages these are."
    limit_s: float
    silence_s: float
    keys: str
    next: str
    queue: str = ""
    "Whose agents are to hear it."


@dataclass(frozen=True, slots=True)
class ToOther:
    """`transfer`: to an agent, a queue, a line or a number outside."""

    name: str
    words: Words | None
    to: Address
    ring_s: float
    failed: str


@dataclass(frozen=True, slots=True)
class SubFlow:
    """`call`: another flow, until its `return`."""

    name: str
    flow: str
    given: tuple[tuple[str, Expression], ...]
    "The sub-flow's variable, and its value."
    into: tuple[tuple[str, str], ...]
    "Our variable, and the sub-flow's whose value it gets."
    next: str


@dataclass(frozen=True, slots=True)
class Return:
    """Back to who called this flow; hang up when nobody did."""

    name: str


@dataclass(frozen=True, slots=True)
class Goodbye:
    """Hang up, after some words when there are any."""

    name: str
    words: Words | None
    reason: str


@dataclass(frozen=True, slots=True)
class EchoTest:
    """The caller hears himself, after some words when there are any."""

    name: str
    words: Words | None
    limit_s: float


Silent: TypeAlias = Opening | Branch | Assign | Speak | SubFlow | Return
"Passed without time."
Asking: TypeAlias = Menu | Digits | Card | Ask
"Waits for the caller."
Node: TypeAlias = (
    Say
    | Asking
    | Silent
    | Lookup
    | ToQueue
    | PromiseCallback
    | Record
    | ToOther
    | Goodbye
    | EchoTest
)


def heard_ways(node: Node) -> Iterable[Way]:
    """Where the caller goes by what he presses or says."""
    match node:
        case Menu(keys=keys):
            yield from ((("keys", key), target) for key, target in keys.items())
        case Digits(next=target) | Card(next=target):
            yield ("next",), target
        case Ask(choices=choices, keys=keys, next=target):
            yield from ((("choices", name, "next"), one.next) for name, one in choices.items())
            yield from ((("keys", key), one) for key, one in keys.items())
            if target:
                yield ("next",), target


def silent_ways(node: Node) -> Iterable[Way]:
    """Where a caller may go who does nothing at all."""
    match node:
        case Menu(default=target) | Digits(default=target) | Ask(default=target):
            yield ("default",), target
        case Card():
            yield ("refused",), node.refused
            yield ("default",), node.default
        case Say(next=target) | Assign(next=target) | Speak(next=target):
            yield ("next",), target
        case SubFlow(next=target) | Record(next=target):
            yield ("next",), target
        case PromiseCallback():
            yield ("next",), node.next
            yield ("refused",), node.refused
        case Branch(cases=cases, default=default):
            yield from ((("when", at, "next"), one) for at, (_, one) in enumerate(cases))
            yield ("default",), default
        case Opening():
            yield ("open",), node.open
            yield ("closed",), node.closed
            yield ("break",), node.on_break
            yield ("holiday",), node.holiday
        case Lookup():
            yield ("next",), node.next
            yield ("missing",), node.missing
            yield ("failed",), node.failed
        case ToOther(failed=target):
            yield ("failed",), target


def ways(node: Node) -> Iterable[Way]:
    yield from silent_ways(node)
    yield from heard_ways(node)


def words_of(node: Node) -> Iterable[Words]:
    """All that this node may say."""
    match node:
        case Say(words=words):
            yield words
        case Menu():
            yield from _given(node.words, node.wrong_key, node.no_key)
        case Digits() | Card():
            yield from _given(node.words, node.wrong, node.none)
        case Ask():
            yield from _given(node.words, node.wrong, *node.confirm)
            yield from (choice.label for choice in node.choices.values())
        case Lookup(words=words) | ToOther(words=words) | Goodbye(words=words):
            yield from _given(words)
        case EchoTest(words=words):
            yield from _given(words)


def _given(*words: Words | None) -> Iterable[Words]:
    yield from (one for one in words if one is not None)
