"""Texts with values in braces: `Your order {order:digits} costs {price * 1.13:money}.`

    slot := "{" expression [":" kind] "}"        "{{" and "}}" are braces of the text itself

The kind says how the value is read out (`speech.spoken.Kind`); without one it follows from the
type.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias
from urllib.parse import quote

from ivr.language import expressions
from ivr.language.expressions import Expression, ExpressionError, Types, World
from ivr.language.values import Scalar, Type, written
from ivr.speech.spoken import Item, Kind, Piece, Prompt, Spoken, Value

MAX_LENGTH = 2000
_PART = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_KIND = re.compile(rf"(.*):\s*({'|'.join(Kind)})\s*", re.DOTALL)
_KINDS: Mapping[Type, tuple[Kind, ...]] = {
    Type.TEXT: (Kind.TEXT, Kind.DIGITS),
    Type.DIGITS: (Kind.DIGITS, Kind.TEXT),
    Type.NUMBER: (Kind.NUMBER, Kind.MONEY, Kind.DURATION),
    Type.DATE: (Kind.DATE,),
    Type.MOMENT: (Kind.TIME, Kind.DATE),
    Type.BOOL: (),
}
"What a value of the type can be read out as, the usual first."


@dataclass(frozen=True, slots=True)
class Slot:
    expression: Expression
    kind: Kind

    def fill(self, world: World) -> Value | None:
        """None where nothing is to be said."""
        value = self.expression.evaluate(world)
        match self.kind:
            case Kind.DATE if isinstance(value, datetime):
                return Value(self.kind, value.date())
            case Kind.TIME if isinstance(value, datetime):
                return Value(self.kind, value.time().replace(second=0, microsecond=0))
            case Kind.DIGITS if isinstance(value, str):
                digits = "".join(one for one in value if one in "0123456789*#")
                return Value(self.kind, digits) if digits else None
        if value is None or value == "" or isinstance(value, bool):
            return None
        assert isinstance(value, str | Decimal | date)
        return Value(self.kind, value)


@dataclass(frozen=True, slots=True)
class Template:
    """Words with slots, by language."""

    parts: Mapping[str, "tuple[str | Slot, ...]"]

    def fill(self, world: World) -> Spoken:
        return Spoken({language: _filled(parts, world) for language, parts in self.parts.items()})


Words: TypeAlias = Prompt | Template
"What a node says."


def item(words: Words, world: World) -> Item:
    return words if isinstance(words, Prompt) else words.fill(world)


def _filled(parts: "tuple[str | Slot, ...]", world: World) -> tuple[Piece, ...]:
    pieces = [part if isinstance(part, str) else part.fill(world) for part in parts]
    return tuple(piece for piece in pieces if piece is not None)


def parse(text: str, types: Types) -> "tuple[str | Slot, ...]":
    """ExpressionError for an open brace, a bad expression or a kind that does not fit."""
    return tuple(
        part if isinstance(part, str) else Slot(*_kind_of(part[0], types)) for part in _split(text)
    )


def _kind_of(inner: str, types: Types) -> tuple[Expression, Kind]:
    found = _KIND.fullmatch(inner)
    expression = expressions.parse(found[1] if found else inner, types)
    kinds = _KINDS[expression.type]
    if found and Kind(found[2]) not in kinds:
        known = ", ".join(kinds) or "nothing"
        raise ExpressionError(f"{{{inner}}}: a {expression.type} can be read out as: {known}")
    if not kinds:
        raise ExpressionError(f"{{{inner}}}: a {expression.type} cannot be read out; branch on it")
    return expression, Kind(found[2]) if found else kinds[0]


def _split(text: str) -> list[str | tuple[str]]:
    """Plain text as it is, the inside of each pair of braces as a tuple of one."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"has {len(text)} characters; a text has {MAX_LENGTH} at most")
    parts: list[str | tuple[str]] = []
    plain, at = "", 0
    for found in _PART.finditer(text):
        plain += text[at : found.start()]
        at = found.end()
        if found[0] in ("{{", "}}"):
            plain += found[0][0]
        elif found[1] is None:
            raise ExpressionError(f"{found[0]!r} at {found.start() + 1} has no partner")
        else:
            parts += [plain, (found[1],)] if plain else [(found[1],)]
            plain = ""
    plain += text[at:]
    return [*parts, plain] if plain else parts


# -- addresses -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Address:
    """A URL with values in it; each is quoted, so that it stays one part of the path."""

    parts: "tuple[str | Expression, ...]"

    def fill(self, world: World) -> str:
        return "".join(
            part if isinstance(part, str) else _quoted(part.evaluate(world)) for part in self.parts
        )

    def fill_plain(self, world: World) -> str:
        """As it is, for what is no URL."""
        return "".join(
            part if isinstance(part, str) else written(part.evaluate(world)) for part in self.parts
        )

    @property
    def fixed(self) -> str:
        """What stands before the first value."""
        return self.parts[0] if self.parts and isinstance(self.parts[0], str) else ""


def _quoted(value: Scalar) -> str:
    text = quote(written(value), safe="")
    # "." and ".." mean another place in the path, even when they come as a value.
    return text.replace(".", "%2E") if set(text) == {"."} else text


def parse_address(text: str, types: Types) -> Address:
    """ExpressionError as in `parse`; kinds are for ears and are not known here."""
    return Address(
        tuple(
            part if isinstance(part, str) else expressions.parse(part[0], types)
            for part in _split(text)
        )
    )
