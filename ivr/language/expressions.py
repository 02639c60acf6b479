"""Conditions and sums in flows, parsed and typed ahead, never evaluated as code.

    caller.tier in ["gold", "silver"] and not starts_with(order, "9")
    price * 1.13 + 5 >= 100 or hour() < 9

    expression := all ("or" all)*            all  := negation ("and" negation)*
    negation   := "not" negation | comparison
    comparison := sum [("==" | "!=" | "<" | "<=" | ">" | ">=") sum | ["not"] "in" "[" sum, … "]"]
    sum        := product (("+" | "-") product)*
    product    := sign (("*" | "/" | "%") sign)*
    sign       := "-" sign | atom
    atom       := number | "text" | 'text' | true | false | name | name(sum, …) | "(" expression ")"

What is parsed has a type, and its evaluation is total: what makes no sense for the values at hand
(a division by 0, a date that is not known) is None, see `language.values`.
"""

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeAlias

from foundation.errors import RemoteError
from foundation.yaml_lines import nearest
from ivr.language.functions import FUNCTIONS, Function
from ivr.language.values import ARITHMETIC, MAX_TEXT, Scalar, Type

MAX_LENGTH = 500
MAX_DEPTH = 20
Types: TypeAlias = Mapping[str, Type]
"Of every variable that an expression may name."


class ExpressionError(RemoteError):
    """What cannot be read as an expression; says where, or what does not fit."""


@dataclass(frozen=True, slots=True)
class World:
    """What an expression is evaluated in."""

    variables: Mapping[str, Scalar]
    now: datetime
    "Local."


@dataclass(frozen=True, slots=True)
class Literal:
    value: Scalar
    type: Type

    def evaluate(self, world: World) -> Scalar:
        return self.value


@dataclass(frozen=True, slots=True)
class Variable:
    name: str
    type: Type

    def evaluate(self, world: World) -> Scalar:
        return world.variables.get(self.name)


@dataclass(frozen=True, slots=True)
class Call:
    function: Function
    arguments: "tuple[Expression, ...]"

    @property
    def type(self) -> Type:
        return self.function.gives

    def evaluate(self, world: World) -> Scalar:
        values = [argument.evaluate(world) for argument in self.arguments]
        if None in values and not self.function.takes_nothing:
            return None
        return self.function.work(world.now, values)


@dataclass(frozen=True, slots=True)
class Arithmetic:
    sign: str
    left: "Expression"
    right: "Expression"
    type: Type

    def evaluate(self, world: World) -> Scalar:
        left, right = self.left.evaluate(world), self.right.evaluate(world)
        if isinstance(left, str) and isinstance(right, str):
            return (left + right)[:MAX_TEXT]
        if isinstance(left, Decimal) and isinstance(right, Decimal):
            result = _WORK[self.sign](left, right)
            return result if result.is_finite() else None
        return None


@dataclass(frozen=True, slots=True)
class Comparison:
    sign: str
    left: "Expression"
    right: "Expression"
    type: Type = Type.BOOL

    def evaluate(self, world: World) -> Scalar:
        left, right = self.left.evaluate(world), self.right.evaluate(world)
        if left is None or right is None:
            return self.sign == "!=" and left is not right
        return bool(_ORDER[self.sign](left, right))


@dataclass(frozen=True, slots=True)
class Member:
    item: "Expression"
    items: "tuple[Expression, ...]"
    type: Type = Type.BOOL

    def evaluate(self, world: World) -> Scalar:
        item = self.item.evaluate(world)
        return item is not None and any(item == one.evaluate(world) for one in self.items)


@dataclass(frozen=True, slots=True)
class Not:
    part: "Expression"
    type: Type = Type.BOOL

    def evaluate(self, world: World) -> Scalar:
        return not self.part.evaluate(world)


@dataclass(frozen=True, slots=True)
class AllOf:
    parts: "tuple[Expression, ...]"
    type: Type = Type.BOOL

    def evaluate(self, world: World) -> Scalar:
        return all(part.evaluate(world) for part in self.parts)


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: "tuple[Expression, ...]"
    type: Type = Type.BOOL

    def evaluate(self, world: World) -> Scalar:
        return any(part.evaluate(world) for part in self.parts)


Expression: TypeAlias = (
    Literal | Variable | Call | Arithmetic | Comparison | Member | Not | AllOf | AnyOf
)
TRUE = Literal(True, Type.BOOL)

_WORK: Mapping[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": ARITHMETIC.add,
    "-": ARITHMETIC.subtract,
    "*": ARITHMETIC.multiply,
    "/": ARITHMETIC.divide,
    "%": ARITHMETIC.remainder,
}
_ORDER: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_TOKEN = re.compile(
    r"""\s*(?:("[^"]*"|'[^']*')|(\d+(?:\.\d+)?)(?![\w.])|(==|!=|<=|>=|[-<>+*/%(),\[\]])"""
    r"""|([^\W\d]\w*(?:\.[^\W\d]\w*)*)|(\S))""",
)
_WORDS = frozenset({"and", "or", "not", "in", "true", "false"})
RESERVED = (
    _WORDS
    | FUNCTIONS.keys()
    | {"caller", "line", "trunk", "language", "called_at", "last_agent", "callback"}
)
"No variable of a flow is called so."


def parse(text: str, types: Types, wanted: Type | None = None) -> Expression:
    """ExpressionError for what is none, names an unknown variable, or has another type."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"has {len(text)} characters; an expression has {MAX_LENGTH} at most")
    parser = _Parser(text, types)
    found = parser.any_of(0)
    parser.expect_end()
    if wanted is not None and not _same(found.type, wanted):
        raise ExpressionError(f"{text!r} is a {found.type}, where a {wanted} is needed")
    return found


def variables_in(expression: Expression) -> Iterator[str]:
    match expression:
        case Variable(name):
            yield name
        case Literal():
            return
        case Call(_, parts) | AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from variables_in(part)
        case Arithmetic(_, left, right) | Comparison(_, left, right):
            yield from variables_in(left)
            yield from variables_in(right)
        case Member(item, items):
            for part in (item, *items):
                yield from variables_in(part)
        case Not(part):
            yield from variables_in(part)


class _Parser:
    """Recursive descent, a step for each rule of the grammar."""

    def __init__(self, text: str, types: Types) -> None:
        self._text = text
        self._types = types
        self._tokens = [(m.group().strip(), m.start()) for m in _TOKEN.finditer(text)]
        self._at = 0

    def expect_end(self) -> None:
        if self._at < len(self._tokens):
            raise self._error("an operator")

    def any_of(self, depth: int) -> Expression:
        parts = [self._all_of(depth)]
        while self._take("or"):
            parts.append(self._all_of(depth))
        return parts[0] if len(parts) == 1 else AnyOf(self._all_bool(parts))

    def _all_of(self, depth: int) -> Expression:
        parts = [self._negation(depth)]
        while self._take("and"):
            parts.append(self._negation(depth))
        return parts[0] if len(parts) == 1 else AllOf(self._all_bool(parts))

    def _negation(self, depth: int) -> Expression:
        self._bound(depth)
        if self._take("not"):
            return Not(self._all_bool([self._negation(depth + 1)])[0])
        return self._comparison(depth)

    def _comparison(self, depth: int) -> Expression:
        left = self._sum(depth)
        if self._next in _ORDER:
            return self._compared(left, depth)
        if self._next == "not" and self._after_next == "in":
            self._at += 2
            return Not(self._member(left, depth))
        return self._member(left, depth) if self._take("in") else left

    def _compared(self, left: Expression, depth: int) -> Expression:
        sign = self._word()
        right = self._sum(depth)
        self._expect_same(left, right, f"compared by {sign}")
        if left.type is Type.BOOL and sign not in ("==", "!="):
            raise ExpressionError(f"{self._text!r}: true and false are in no order for {sign}")
        return Comparison(sign, left, right)

    def _member(self, item: Expression, depth: int) -> Expression:
        self._expect("[")
        items = self._list("]", depth)
        for one in items:
            self._expect_same(item, one, "in one list")
        return Member(item, items)

    def _list(self, end: str, depth: int) -> tuple[Expression, ...]:
        if self._take(end):
            return ()
        items = [self._sum(depth + 1)]
        while self._take(","):
            items.append(self._sum(depth + 1))
        self._expect(end)
        return tuple(items)

    def _sum(self, depth: int) -> Expression:
        found = self._product(depth)
        while self._next in ("+", "-"):
            sign = self._word()
            found = self._arithmetic(sign, found, self._product(depth))
        return found

    def _product(self, depth: int) -> Expression:
        found = self._sign(depth)
        while self._next in ("*", "/", "%"):
            sign = self._word()
            found = self._arithmetic(sign, found, self._sign(depth))
        return found

    def _sign(self, depth: int) -> Expression:
        self._bound(depth)
        if self._take("-"):
            nothing = Literal(Decimal(0), Type.NUMBER)
            return self._arithmetic("-", nothing, self._sign(depth + 1))
        return self._atom(depth)

    def _arithmetic(self, sign: str, left: Expression, right: Expression) -> Expression:
        self._expect_same(left, right, f"joined by {sign}")
        is_text = left.type in (Type.TEXT, Type.DIGITS)
        if not (left.type is Type.NUMBER or (is_text and sign == "+")):
            raise ExpressionError(f"{self._text!r}: a {left.type} has no {sign}")
        return Arithmetic(sign, left, right, Type.TEXT if is_text else Type.NUMBER)

    def _atom(self, depth: int) -> Expression:
        token = self._next
        if self._take("("):
            inner = self.any_of(depth + 1)
            self._expect(")")
            return inner
        if token[:1] in ("'", '"') and len(token) > 1:
            self._at += 1
            return Literal(token[1:-1], Type.TEXT)
        if token[:1].isascii() and token[:1].isdigit():
            self._at += 1
            return Literal(ARITHMETIC.create_decimal(token), Type.NUMBER)
        if token in ("true", "false"):
            self._at += 1
            return Literal(token == "true", Type.BOOL)
        if not token or token in _WORDS or not (token[0].isalpha() or token[0] == "_"):
            raise self._error("a value")
        return self._call(depth) if self._after_next == "(" else self._variable()

    def _variable(self) -> Expression:
        name = self._word()
        if name not in self._types:
            raise ExpressionError(f"no variable is called {name!r}; {nearest(name, self._types)}")
        return Variable(name, self._types[name])

    def _call(self, depth: int) -> Expression:
        name = self._word()
        if name not in FUNCTIONS:
            raise ExpressionError(f"no function is called {name!r}; {nearest(name, FUNCTIONS)}")
        self._expect("(")
        arguments = self._list(")", depth)
        problem = FUNCTIONS[name].problem([argument.type for argument in arguments])
        if problem:
            raise ExpressionError(f"{self._text!r}: {name}() {problem}")
        return Call(FUNCTIONS[name], arguments)

    def _all_bool(self, parts: list[Expression]) -> tuple[Expression, ...]:
        for part in parts:
            if part.type is not Type.BOOL:
                sentence = f"{self._text!r}: and, or and not are for true and false"
                raise ExpressionError(f"{sentence}, not for a {part.type}")
        return tuple(parts)

    def _expect_same(self, left: Expression, right: Expression, how: str) -> None:
        if not _same(left.type, right.type):
            raise ExpressionError(
                f"{self._text!r}: a {left.type} and a {right.type} cannot be {how}"
            )

    def _bound(self, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise ExpressionError(f"{self._text!r} is nested more than {MAX_DEPTH} deep")

    @property
    def _next(self) -> str:
        return self._tokens[self._at][0] if self._at < len(self._tokens) else ""

    @property
    def _after_next(self) -> str:
        return self._tokens[self._at + 1][0] if self._at + 1 < len(self._tokens) else ""

    def _word(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1][0]

    def _take(self, token: str) -> bool:
        if self._next != token:
            return False
        self._at += 1
        return True

    def _expect(self, token: str) -> None:
        if not self._take(token):
            raise self._error(repr(token))

    def _error(self, wanted: str) -> ExpressionError:
        if self._at >= len(self._tokens):
            return ExpressionError(f"{self._text!r} ends where {wanted} should be")
        token, at = self._tokens[self._at]
        return ExpressionError(f"{self._text!r}: {token!r} at {at + 1} should be {wanted}")


def _same(one: Type, other: Type) -> bool:
    texts = (Type.TEXT, Type.DIGITS)
    return one is other or (one in texts and other in texts)
