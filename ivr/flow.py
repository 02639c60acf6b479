"""A flow: what a caller hears and may press, as values that cannot be wrong.

Administrators write flows as YAML; `parse` checks one file and turns it into a `Flow`:

    languages: [en, zh]               # each prompt is played in these, one after the other
    start: greeting
    prompts:
      greeting: {en: Welcome., zh: 欢迎致电。}
      choices:  {en: For orders press 1., zh: 订单请按1。}
    nodes:
      greeting: {do: say, prompt: greeting, next: choices}
      choices:  {do: menu, prompt: choices, keys: {"1": orders}, default: orders}
      orders:   {do: queue, queue: orders}

A caller who never presses a key reaches a queue, an echo or a hang-up on every way: a flow that
could keep him for ever is refused.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from foundation import yaml_lines
from foundation.errors import ConfigurationError
from foundation.ids import QueueId
from foundation.yaml_lines import Document, nearest


@dataclass(frozen=True, slots=True)
class Say:
    """Play a prompt, then go on; a key pressed meanwhile is taken by the next menu."""

    name: str
    prompt: str
    next: str


@dataclass(frozen=True, slots=True)
class Menu:
    """Play the choices and wait for one key."""

    name: str
    prompt: str
    keys: Mapping[str, str]
    "Key to the node it leads to."
    default: str
    "Where a caller goes who gave no usable key in all tries."
    wait_s: float
    "How long to wait for a key after the prompt."
    tries: int
    wrong_key: str | None
    "Prompt before the next try."
    no_key: str | None


@dataclass(frozen=True, slots=True)
class ToQueue:
    """The caller waits for an agent; the flow is over."""

    name: str
    queue: QueueId


@dataclass(frozen=True, slots=True)
class Goodbye:
    """Hang up, after a prompt when there is one."""

    name: str
    prompt: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class EchoTest:
    """The caller hears himself, after a prompt when there is one."""

    name: str
    prompt: str | None
    limit_s: float


Node: TypeAlias = Say | Menu | ToQueue | Goodbye | EchoTest


@dataclass(frozen=True, slots=True)
class Flow:
    """One way through the house, from the answer to a queue."""

    name: str
    languages: tuple[str, ...]
    start: str
    nodes: Mapping[str, Node]
    prompts: Mapping[str, Mapping[str, str]]
    "The words of each prompt by language; a recorded WAV of the prompt's name wins over them."

    def prompt_names(self) -> set[str]:
        """Every prompt that a caller of this flow may hear."""
        return {name for node in self.nodes.values() for name in prompts_of(node)}

    def queues(self) -> set[QueueId]:
        return {node.queue for node in self.nodes.values() if isinstance(node, ToQueue)}


# -- the border: what may be written ---------------------------------------------------------------

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Key = Annotated[str, Field(pattern=r"^[0-9*#]$")]
Language = Annotated[str, Field(pattern=r"^[a-z]{2}$")]
Seconds = Annotated[float, Field(gt=0, le=3600)]


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Say(_Written):
    do: Literal["say"]
    prompt: Name
    next: Name

    def value(self, name: str) -> Say:
        return Say(name, self.prompt, self.next)


class _Menu(_Written):
    do: Literal["menu"]
    prompt: Name
    keys: dict[Key, Name] = Field(min_length=1)
    default: Name
    wait_s: Seconds = 5.0
    tries: int = Field(default=3, ge=1, le=10)
    wrong_key: Name | None = None
    no_key: Name | None = None

    def value(self, name: str) -> Menu:
        return Menu(
            name,
            self.prompt,
            dict(self.keys),
            self.default,
            self.wait_s,
            self.tries,
            self.wrong_key,
            self.no_key,
        )


class _Queue(_Written):
    do: Literal["queue"]
    queue: Name

    def value(self, name: str) -> ToQueue:
        return ToQueue(name, QueueId(self.queue))


class _HangUp(_Written):
    do: Literal["hangup"]
    prompt: Name | None = None
    reason: str = "flow"

    def value(self, name: str) -> Goodbye:
        return Goodbye(name, self.prompt, self.reason)


class _Echo(_Written):
    do: Literal["echo"]
    prompt: Name | None = None
    limit_s: Seconds = 300.0

    def value(self, name: str) -> EchoTest:
        return EchoTest(name, self.prompt, self.limit_s)


_Node = Annotated[_Say | _Menu | _Queue | _HangUp | _Echo, Field(discriminator="do")]


class _Flow(_Written):
    languages: tuple[Language, ...] = Field(default=("en",), min_length=1)
    start: Name
    prompts: dict[Name, dict[Language, Annotated[str, Field(min_length=1)]]] = {}
    nodes: dict[Name, _Node] = Field(min_length=1)


def parse(text: str, file: str, name: str) -> tuple[Flow, Document]:
    """One flow file; all of its problems in one ConfigurationError, each with its line."""
    document = yaml_lines.read(text, file)
    problems = list(document.doubles)
    try:
        written = _Flow.model_validate(_with_text_keys(document.value))
    except ValidationError as error:
        raise ConfigurationError(problems + yaml_lines.complaints(document, error, _Flow)) from None
    nodes = {key: node.value(key) for key, node in written.nodes.items()}
    flow = Flow(name, written.languages, written.start, nodes, written.prompts)
    problems += [document.complaint(*one) for one in _problems(flow)]
    if problems:
        raise ConfigurationError(problems)
    return flow, document


def _with_text_keys(value: object) -> object:
    """YAML reads the key 1 as a number; everybody means the key on the phone."""
    if isinstance(value, dict):
        return {str(key): _with_text_keys(inner) for key, inner in value.items()}
    return value


# -- what only the whole flow can tell -------------------------------------------------------------


def _problems(flow: Flow) -> Iterable[tuple[yaml_lines.Path, str]]:
    if flow.start not in flow.nodes:
        yield ("start",), f"no node is called {flow.start!r}; {nearest(flow.start, flow.nodes)}"
    for node in flow.nodes.values():
        for path, target in _targets(node):
            if target not in flow.nodes:
                hint = nearest(target, flow.nodes)
                yield ("nodes", node.name, *path), f"no node is called {target!r}; {hint}"
        if _keeps_a_silent_caller(flow, node):
            yield ("nodes", node.name), "a caller who presses nothing would never get out of here"


def _targets(node: Node) -> Iterable[tuple[yaml_lines.Path, str]]:
    match node:
        case Say():
            yield ("next",), node.next
        case Menu():
            yield ("default",), node.default
            for key, target in node.keys.items():
                yield ("keys", key), target
        case ToQueue() | Goodbye() | EchoTest():
            return


def _silent_way(node: Node) -> str | None:
    match node:
        case Say():
            return node.next
        case Menu():
            return node.default
        case ToQueue() | Goodbye() | EchoTest():
            return None


def _keeps_a_silent_caller(flow: Flow, start: Node) -> bool:
    """Does the way of a caller who presses nothing lead from this node back to it?"""
    at = _silent_way(start)
    for _ in flow.nodes:
        if at is None or at not in flow.nodes:
            return False
        if at == start.name:
            return True
        at = _silent_way(flow.nodes[at])
    return False


def prompts_of(node: Node) -> Iterable[str]:
    """The prompts that this node may play."""
    match node:
        case Say():
            yield node.prompt
        case Menu():
            yield from (
                name for name in (node.prompt, node.wrong_key, node.no_key) if name is not None
            )
        case Goodbye() | EchoTest():
            if node.prompt is not None:
                yield node.prompt
        case ToQueue():
            return
