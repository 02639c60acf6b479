"""A flow: what a caller hears and may press or say, as values that cannot be wrong.

Administrators write flows as YAML; `parse` checks one file and turns it into a `Flow`:

    languages: [en, zh]               # each prompt is played in these, one after the other
    start: greeting
    variables: {order: digits}
    prompts:
      greeting: {en: Welcome., zh: 欢迎致电。}
      choices:  {en: For orders press 1., zh: 订单请按1。}
    nodes:
      greeting: {do: say, prompt: greeting, next: choices}
      choices:  {do: menu, prompt: choices, keys: {"1": orders}, default: orders}
      orders:   {do: queue, queue: orders}

A caller who never presses a key reaches a queue, an echo or a hang-up on every way: a flow that
could keep him for ever is refused. `docs/flows.md` has every kind of node.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pydantic import ValidationError

from foundation import yaml_lines
from foundation.errors import ConfigurationError
from foundation.ids import QueueId
from foundation.yaml_lines import Document
from ivr.flows.flow_checks import problems_of
from ivr.flows.making import Making
from ivr.flows.written import WrittenFlow
from ivr.language import values
from ivr.language.expressions import RESERVED
from ivr.language.nodes import Menu, Node, PromiseCallback, SubFlow, ToQueue, words_of
from ivr.language.values import Scalar, Type
from ivr.speech.spoken import Prompt

__all__ = ["Flow", "Menu", "Node", "ToQueue", "parse", "prompts_of"]


@dataclass(frozen=True, slots=True)
class Flow:
    """One way through the house, from the answer to a queue."""

    name: str
    languages: tuple[str, ...]
    start: str
    nodes: Mapping[str, Node]
    prompts: Mapping[str, Mapping[str, str]]
    "The words of each prompt by language; a recorded WAV of the prompt's name wins over them."
    variables: Mapping[str, tuple[Type, Scalar]] = field(default_factory=dict)
    "Type and first value of each."
    hours: str = ""
    "Calendar of the `hours` nodes that name none."
    limit_s: float = 1800.0
    "Longest stay of a caller."

    def prompt_names(self) -> set[str]:
        """Every prompt that a caller of this flow may hear."""
        return {name for node in self.nodes.values() for name in prompts_of(node)}

    def queues(self) -> set[QueueId]:
        """Where its callers may wait, now or until they are called back."""
        return {
            node.queue
            for node in self.nodes.values()
            if isinstance(node, ToQueue | PromiseCallback)
        }

    def sub_flows(self) -> set[str]:
        return {node.flow for node in self.nodes.values() if isinstance(node, SubFlow)}


def parse(text: str, file: str, name: str) -> tuple[Flow, Document]:
    """One flow file; all of its problems in one ConfigurationError, each with its line."""
    document = yaml_lines.read(text, file)
    problems = list(document.doubles)
    try:
        written = WrittenFlow.model_validate(_with_text_keys(document.value))
    except ValidationError as error:
        complaints = yaml_lines.complaints(document, error, WrittenFlow)
        raise ConfigurationError(problems + complaints) from None
    flow, found = _make(written, name)
    placed = sorted(found, key=lambda one: document.line(one[0]))
    problems += [document.complaint(*one) for one in placed]
    if problems:
        raise ConfigurationError(problems)
    return flow, document


def prompts_of(node: Node) -> Iterable[str]:
    """The prompts that this node may play."""
    yield from (words.name for words in words_of(node) if isinstance(words, Prompt))


def _make(written: WrittenFlow, name: str) -> tuple[Flow, list[tuple[yaml_lines.Path, str]]]:
    variables, problems = _variables(written)
    make = Making(name, written.languages, dict(written.prompts), variables)
    nodes = {node.name: node for key, one in written.nodes.items() for node in one.build(key, make)}
    flow = Flow(
        name,
        written.languages,
        written.start,
        nodes,
        make.prompts,
        variables,
        written.hours or "",
        written.limit_s,
    )
    return flow, problems + make.problems + list(problems_of(written.start, nodes))


def _variables(
    written: WrittenFlow,
) -> tuple[dict[str, tuple[Type, Scalar]], list[tuple[yaml_lines.Path, str]]]:
    found: dict[str, tuple[Type, Scalar]] = {}
    problems: list[tuple[yaml_lines.Path, str]] = []
    for name, declared in written.variables.items():
        kind = Type(declared.type)
        value = values.read(kind, declared.default)
        path = ("variables", name)
        if declared.default is None:
            value = values.EMPTY[kind]
        elif value is None:
            problems.append(((*path, "default"), f"{declared.default!r} is no {kind}"))
        if name in RESERVED:
            problems.append((path, "is a name of the house; choose another"))
        found[name] = (kind, value)
    return found, problems


def _with_text_keys(value: object) -> object:
    """YAML reads the key 1 as a number; everybody means the key on the phone."""
    if isinstance(value, dict):
        return {str(key): _with_text_keys(inner) for key, inner in value.items()}
    return [_with_text_keys(one) for one in value] if isinstance(value, list) else value
