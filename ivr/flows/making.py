"""From what is written to nodes: expressions and texts, and every problem with its place."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from foundation.yaml_lines import Path, nearest
from ivr.language import expressions, templates
from ivr.language.expressions import TRUE, Expression, ExpressionError
from ivr.language.templates import Address, Template, Words
from ivr.language.values import Scalar, Type, fits
from ivr.speech.house_words import HOUSE_WORDS
from ivr.speech.spoken import Prompt

Texts = str | Mapping[str, str]
"One text for a flow of one language, or one by language."

BUILT_IN: Mapping[str, Type] = {
    "caller.number": Type.TEXT,
    "caller.tier": Type.TEXT,
    "line": Type.TEXT,
    "trunk": Type.TEXT,
    "language": Type.TEXT,
    "called_at": Type.MOMENT,
    "last_agent": Type.TEXT,
    "callback.number": Type.DIGITS,
}
"Variables that every flow has and none can set."
CALLBACK_NUMBER = "callback.number"
LONG_S = 4.0


@dataclass(slots=True)
class Making:
    """One flow while it is being made."""

    flow: str
    languages: tuple[str, ...]
    prompts: dict[str, Mapping[str, str]]
    "Grows by the fixed texts of nodes, so that they are made ahead like any prompt."
    own: Mapping[str, tuple[Type, Scalar]]
    problems: list[tuple[Path, str]] = field(default_factory=list)

    @property
    def types(self) -> Mapping[str, Type]:
        return {**BUILT_IN, **{name: kind for name, (kind, _) in self.own.items()}}

    def problem(self, path: Path, sentence: str) -> None:
        self.problems.append((path, sentence))

    # -- expressions --

    def expression(self, path: Path, text: str, wanted: Type | None = None) -> Expression:
        try:
            return expressions.parse(text, self.types, wanted)
        except ExpressionError as error:
            self.problem(path, str(error))
            return TRUE

    def named(self, path: Path, values: Mapping[str, str]) -> tuple[tuple[str, Expression], ...]:
        return tuple((name, self.expression((*path, name), text)) for name, text in values.items())

    def assignments(
        self, path: Path, values: Mapping[str, str]
    ) -> tuple[tuple[str, Expression], ...]:
        """Of variables of this flow, each to an expression of its type."""
        found = self.named(path, values)
        for name, expression in found:
            kind = self.variable((*path, name), name)
            if kind is not None and expression is not TRUE and not fits(expression.type, kind):
                sentence = f"{values[name]!r} is a {expression.type}, the variable a {kind}"
                self.problem((*path, name), sentence)
        return found

    def variable(self, path: Path, name: str) -> Type | None:
        """The type of a variable that may be set."""
        if name in self.own:
            return self.own[name][0]
        self.problem(path, f"no variable is called {name!r}; {nearest(name, self.own)}")
        return None

    def address(self, path: Path, text: str) -> Address:
        try:
            return templates.parse_address(text, self.types)
        except ExpressionError as error:
            self.problem(path, str(error))
            return Address(())

    # -- words --

    def words(self, path: Path, texts: Texts) -> Words:
        """Of a node: fixed ones become a prompt, named after their place."""
        by_language = self._by_language(path, texts)
        try:
            parts = {
                language: templates.parse(text, self.types)
                for language, text in by_language.items()
            }
        except ExpressionError as error:
            self.problem(path, str(error))
            return Prompt("")
        if any(not isinstance(part, str) for one in parts.values() for part in one):
            return Template(parts)
        return self._fixed(path, {language: "".join(one) for language, one in parts.items()})  # type: ignore[arg-type]

    def is_long(self, words: Words) -> bool:
        """So long to hear, in all languages together, that people answer before its end."""
        if isinstance(words, Template):
            texts = [
                "".join(p for p in parts if isinstance(p, str)) for parts in words.parts.values()
            ]
        else:
            texts = list(self.prompts.get(words.name, {}).values())
        return sum(map(_spoken_s, texts)) > LONG_S

    def spoken(self, path: Path, given: Texts | None) -> Words | None:
        """Where a prompt is named: a name, or words by language instead."""
        if given is None or isinstance(given, str):
            return None if given is None else Prompt(given)
        return self.words(path, given)

    def spoken_or(self, path: Path, given: Texts | None, house: str) -> Words:
        """The same with the house's own words for who gives none."""
        found = self.spoken(path, given)
        return self.house(path, house) if found is None else found

    def house(self, path: Path, name: str) -> Words:
        """Words of the house; the flow's own prompt of the name wins."""
        if name in self.prompts:
            return Prompt(name)
        texts = {one: text for one, text in HOUSE_WORDS[name].items() if one in self.languages}
        parts = {language: templates.parse(text, self.types) for language, text in texts.items()}
        if any(not isinstance(part, str) for one in parts.values() for part in one):
            return Template(parts)
        if texts:
            self.prompts[name] = texts
        return Prompt(name)

    def _fixed(self, path: Path, texts: Mapping[str, str]) -> Prompt:
        name = "--".join([self.flow, *(str(part) for part in path[1:])])
        if name in self.prompts:
            self.problem(path, f"its words would be the prompt {name!r}, which is there already")
        self.prompts[name] = texts
        return Prompt(name)

    def _by_language(self, path: Path, texts: Texts) -> Mapping[str, str]:
        if not isinstance(texts, str):
            missing = [language for language in self.languages if language not in texts]
            for language in missing:
                self.problem(path, f"has no words in {language!r}, a language of this flow")
            return texts
        if len(self.languages) > 1:
            spoken = ", ".join(self.languages)
            self.problem(path, f"one text for {spoken}; write one for each, {{en: …, zh: …}}")
        return {self.languages[0]: texts}

    def phrases(
        self, path: Path, given: Mapping[str, Iterable[str]]
    ) -> Mapping[str, tuple[str, ...]]:
        for language in self.languages:
            if language not in given:
                self.problem(path, f"has no words in {language!r}, a language of this flow")
        return {language: tuple(words) for language, words in given.items()}


def _spoken_s(text: str) -> float:
    """Roughly: four characters of Chinese a second, fifteen letters of English."""
    return sum(0.25 if character >= "\u3040" else 1 / 15 for character in text)
