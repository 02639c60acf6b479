"""YAML whose values remember their lines, so that every complaint can name file and line.

`read` gives plain data and a map from path to line; `complaints` turns pydantic's errors into
sentences with that line, the offending value and, for a name that nobody knows, the nearest known
one. Reads no files: the caller has the text.
"""

import difflib
import types
import typing
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml
from pydantic import BaseModel, SecretStr, ValidationError

from foundation.errors import ConfigurationError

Path: TypeAlias = tuple[str | int, ...]
"Where a value is: keys and list indices from the top."

FAST: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"By libyaml where the wheel has it, in a fifth of the time; every process of a centre reads it all."
MAX_SHOWN = 60
"Longest offending value that is repeated in a sentence, in characters."


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML file's content; `lines` has the 1-based line of each key and list item."""

    file: str
    value: object
    lines: dict[Path, int] = field(default_factory=dict)
    doubles: tuple[str, ...] = ()
    "Complaints about keys given twice in one mapping, of which YAML keeps the last silently."

    def line(self, path: Path) -> int:
        """The line of the path, or of the nearest thing around it that is in the file."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def complaint(self, path: Path, sentence: str) -> str:
        name = dotted(path)
        return f"{self.file}:{self.line(path)}: {name + ': ' if name else ''}{sentence}"


def dotted(path: Path) -> str:
    """`agents[0].number`"""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def read(text: str, file: str) -> Document:
    """Parse one YAML document; bad syntax is a ConfigurationError with the line."""
    with suppress(yaml.YAMLError, ValueError):
        return _read(text, file, FAST)
    # The slow one knows better what is wrong, and where.
    try:
        return _read(text, file, yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 1
        raise ConfigurationError([f"{file}:{line}: not YAML: {error.problem}"]) from None
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigurationError([f"{file}:1: not YAML: {error}"]) from None
    except RecursionError:
        raise ConfigurationError([f"{file}:1: is nested too deeply"]) from None


def _read(text: str, file: str, kind: type[yaml.SafeLoader]) -> Document:
    lines: dict[Path, int] = {}
    doubles: list[tuple[Path, int]] = []
    loader = kind(text)
    root = loader.get_single_node()
    if root is None:
        return Document(file, None)
    _refuse_circles(root, file, (), set())
    _walk(root, (), lines, doubles)
    again = tuple(
        f"{file}:{line}: {dotted(path)}: is given twice; only the last would count"
        for path, line in doubles
    )
    return Document(file, loader.construct_document(root), lines, again)


def _refuse_circles(
    node: yaml.Node, file: str, around: tuple[yaml.Node, ...], done: set[int]
) -> None:
    """An alias may name what it is a part of; nothing here could read that to an end."""
    if any(node is one for one in around):
        line = around[-1].start_mark.line + 1
        raise ConfigurationError([f"{file}:{line}: an alias names what it is a part of"])
    if id(node) in done or not isinstance(node, yaml.CollectionNode):
        return
    for item in node.value:
        for inner in item if isinstance(item, tuple) else (item,):
            _refuse_circles(inner, file, (*around, node), done)
    done.add(id(node))


def _walk(
    node: yaml.Node, path: Path, lines: dict[Path, int], doubles: list[tuple[Path, int]]
) -> None:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*path, str(key.value))
            if here in lines:
                doubles.append((here, key.start_mark.line + 1))
                continue
            lines[here] = key.start_mark.line + 1
            _walk(value, here, lines, doubles)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _walk(item, (*path, index), lines, doubles)


def complaints(document: Document, error: ValidationError, model: type[BaseModel]) -> list[str]:
    """One sentence for each error, in the order of the file."""
    found = [
        (document.line(path), document.complaint(path, sentence))
        for path, sentence in located(error, model)
    ]
    return [sentence for _, sentence in sorted(found, key=lambda item: item[0])]


def located(error: ValidationError, model: type[BaseModel]) -> Iterable[tuple[Path, str]]:
    """Path in the document and sentence of each error; secret values are never repeated."""
    details = error.errors(include_url=False)
    for detail in details:
        if detail["type"] == "too_short" and _has_inner(detail["loc"], details):
            continue  # it is short only because its items are wrong
        path, keys, secret = _follow(model, detail["loc"])
        yield path, _sentence(detail, path, keys, secret)


def _has_inner(loc: Path, details: Iterable[Mapping[str, Any]]) -> bool:
    return any(
        len(other["loc"]) > len(loc) and other["loc"][: len(loc)] == loc for other in details
    )


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint to append: the known name most like `name`, else all of them."""
    names = sorted(known)
    close = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known: {', '.join(names)}" if names else "nothing is known here"


def _sentence(detail: Mapping[str, Any], path: Path, keys: list[str], secret: bool) -> str:
    match detail["type"]:
        case "extra_forbidden":
            return f"unknown key {str(path[-1])!r}; {nearest(str(path[-1]), keys)}"
        case "missing":
            return "is missing"
        case "union_tag_invalid":
            context = detail["ctx"]
            known = [tag.strip(" '") for tag in context["expected_tags"].split(",")]
            return f"{context['tag']!r} is not known; {nearest(str(context['tag']), known)}"
        case "union_tag_not_found":
            return f"needs the key {detail['ctx']['discriminator']}"
    text = str(detail["msg"]).removeprefix("Value error, ")
    text = text[:1].lower() + text[1:]
    value = detail["input"]
    if secret or isinstance(value, Mapping | list | tuple):
        return text
    shown = repr(value)
    return f"{shown if len(shown) <= MAX_SHOWN else shown[:MAX_SHOWN] + '…'}: {text}"


def _follow(model: type[BaseModel], loc: Path) -> tuple[Path, list[str], bool]:
    """Walk the annotations along pydantic's location.

    Returns the path in the document (a union's tag is in the location, but not in the document),
    the keys known at the path's parent and whether the value is a secret.
    """
    path: Path = ()
    keys: list[str] = []
    at: object = model
    for part in loc:
        at, step, keys = _step(at, part)
        path += step
    if path[-1:] == ("[key]",):  # pydantic's mark for a key that is wrong itself
        path = path[:-1]
    return path, keys, any(kind is SecretStr for kind in _alternatives(at))


def _step(at: object, part: str | int) -> tuple[object, Path, list[str]]:
    models = [kind for kind in _alternatives(at) if _is_model(kind)]
    for kind in models:
        tagged = len(models) > 1 and any(
            part in typing.get_args(info.annotation) for info in kind.model_fields.values()
        )
        if tagged:
            return kind, (), []
    for kind in models:
        if part in kind.model_fields:
            return kind.model_fields[str(part)].annotation, (part,), []
    if models:
        return None, (part,), [name for kind in models for name in kind.model_fields]
    for kind in _alternatives(at):
        inner = typing.get_args(kind)
        if inner and typing.get_origin(kind) in (list, tuple, dict):
            return inner[1] if typing.get_origin(kind) is dict else inner[0], (part,), []
    return None, (part,), []


def _is_model(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _alternatives(annotation: object) -> list[Any]:
    """The members of a union; Annotated is looked through."""
    if typing.get_origin(annotation) is typing.Annotated:
        return _alternatives(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return [kind for one in typing.get_args(annotation) for kind in _alternatives(one)]
    return [annotation]
