"""What nodes in flow files are made of: names, keys, texts, expressions, and who says something."""

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

from ivr.flows.making import Making
from ivr.language import expressions
from ivr.language.templates import Words
from ivr.speech.spoken import Prompt

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


def priority_of(written: Priority | None) -> int | None:
    return None if written is None else int(written[1])
