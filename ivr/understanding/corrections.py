"""What callers said and what they meant by it, as people have put it right: `rules/speech.yaml`.

    main:                                # the flow
      what:                              # its `ask` node
        get it out of my sight: refund   # what was said: the choice that was meant

Each becomes one more example of its choice, and an example of another choice no more.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from foundation import yaml_lines
from foundation.errors import ConfigurationError
from foundation.yaml_lines import Document, Path, nearest
from ivr.flows.flow import Flow
from ivr.language.nodes import Ask, Choice
from ivr.understanding.intents import with_corrections

Phrase = Annotated[str, Field(min_length=1, max_length=200)]
Corrections = dict[str, dict[str, dict[Phrase, str]]]
_ADAPTER = TypeAdapter(Corrections)


class _File(BaseModel):
    """For the places of complaints."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class Written:
    """One file, and where everything in it stands."""

    corrections: Corrections
    document: Document


def parse(text: str, file: str) -> Written:
    """ConfigurationError names the file and the line."""
    document = yaml_lines.read(text, file)
    try:
        found = _ADAPTER.validate_python(document.value or {})
    except ValidationError as error:
        raise ConfigurationError(yaml_lines.complaints(document, error, _File)) from None
    return Written(found, document)


def dump(corrections: Corrections) -> str:
    return yaml.safe_dump(corrections, allow_unicode=True, sort_keys=True)


def problems_of(corrections: Corrections, flows: Mapping[str, Flow]) -> Iterator[tuple[Path, str]]:
    """Names that are none, with their paths."""
    for flow, nodes in corrections.items():
        if flow not in flows:
            yield (flow,), f"there is no flows/{flow}.yaml; {nearest(flow, flows)}"
            continue
        for name, phrases in nodes.items():
            node = flows[flow].nodes.get(name)
            if not isinstance(node, Ask):
                yield (flow, name), f"the flow has no `ask` node {name!r}"
                continue
            for phrase, choice in phrases.items():
                if choice not in node.choices:
                    hint = nearest(choice, node.choices)
                    yield (flow, name, phrase), f"there is no choice {choice!r}; {hint}"


def applied(flow: Flow, corrections: Corrections) -> Flow:
    mine = corrections.get(flow.name)
    if not mine:
        return flow
    nodes = {
        name: _corrected(node, mine[name]) if name in mine and isinstance(node, Ask) else node
        for name, node in flow.nodes.items()
    }
    return replace(flow, nodes=nodes)


def _corrected(node: Ask, corrections: Mapping[str, str]) -> Ask:
    """In each language of the node: the one it was said in is not written down, and it is looked
    for in all."""
    languages = {language for choice in node.choices.values() for language in choice.phrases}
    learnt = {
        language: with_corrections(
            {name: one.phrases.get(language, ()) for name, one in node.choices.items()},
            corrections,
        )
        for language in languages
    }
    choices = {
        name: _with_phrases(one, {language: learnt[language][name] for language in one.phrases})
        for name, one in node.choices.items()
    }
    return replace(node, choices=choices)


def _with_phrases(choice: Choice, phrases: Mapping[str, object]) -> Choice:
    return replace(choice, phrases={language: tuple(one) for language, one in phrases.items()})  # type: ignore[arg-type]
