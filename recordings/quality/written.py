"""`rules/quality/NAME.yaml`: what an inspector writes, and what it becomes.

    text ─▶ WrittenPack (pydantic) ─▶ Pack ─▶ judging

Complaints have file and line, and name the nearest known key.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from foundation import yaml_lines
from foundation.errors import ConfigurationError
from recordings.quality.making import pack_of, spelling_of
from recordings.quality.pack import Pack
from recordings.quality.tokens import DIGITS
from recordings.quality.written_pack import Priced, WrittenPack


def parse(text: str, file: str, name: str) -> Pack:
    """ConfigurationError holds all problems, each with file and line."""
    document = yaml_lines.read(text, file)
    if not isinstance(document.value, dict):
        raise ConfigurationError([f"{file}:1: is not a mapping; write language, forbidden, …"])
    try:
        written = WrittenPack.model_validate(document.value)
    except ValidationError as error:
        problems = yaml_lines.complaints(document, error, WrittenPack)
        raise ConfigurationError([*document.doubles, *problems]) from None
    problems = [*document.doubles]
    problems += [document.complaint(*one) for one in _problems_of(written)]
    if problems:
        raise ConfigurationError(problems)
    return pack_of(written, name)


def schema() -> dict[str, Any]:
    """The JSON Schema of a pack, for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **WrittenPack.model_json_schema(mode="validation"),
        "title": "A quality pack of a callcenter",
    }


def _problems_of(written: WrittenPack) -> Iterator[tuple[yaml_lines.Path, str]]:
    spelling = spelling_of(written)
    given: list[tuple[yaml_lines.Path, str]] = [
        (("forbidden", at, "phrase"), rule.phrase) for at, rule in enumerate(written.forbidden)
    ]
    counts = Counter(spelling.phrase(text) for _, text in given)
    for path, text in given:
        if counts[spelling.phrase(text)] > 1:
            yield path, f"{text!r} is forbidden twice"
    names = Counter(rule.name for rule in written.required)
    for at, required in enumerate(written.required):
        if names[required.name] > 1:
            yield ("required", at, "name"), f"{required.name!r} is the name of two rules"
    for path, text in [*given, *_other_wordings(written)]:
        phrase = spelling.phrase(text)
        if not phrase or phrase[0] == DIGITS:
            yield path, f"{text!r} does not begin with a word"
    missing = {rule.severity for rule in _priced(written) if rule.penalty is None}
    for severity in sorted(missing - set(written.penalties)):
        yield ("penalties",), f"has no penalty for severity {severity}, which a rule has"


def _other_wordings(written: WrittenPack) -> Iterator[tuple[yaml_lines.Path, str]]:
    for at, forbidden in enumerate(written.forbidden):
        for text in (*forbidden.also, *forbidden.unless):
            yield ("forbidden", at), text
    for at, required in enumerate(written.required):
        for text in required.say:
            yield ("required", at, "say"), text
    if written.hung_up is not None:
        for text in written.hung_up.unless:
            yield ("hung_up", "unless"), text
    if written.emotion is not None:
        for text in (*written.emotion.upset, *written.emotion.pleased):
            yield ("emotion",), text


def _priced(written: WrittenPack) -> Iterator[Priced]:
    yield from written.forbidden
    yield from written.required
    others = (
        written.silence,
        written.talk_over,
        written.speed,
        written.loudness,
        written.hold,
        written.hung_up,
        written.emotion,
    )
    yield from (rule for rule in others if rule is not None)
