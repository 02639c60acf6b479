"""What a caller needs of an agent, as an expression over skills and their levels.

    orders>=3 and (english or cantonese)
    billing and not trainee

    expression := term ("or" term)*          level: 0 to 10, a skill alone means >= 1
    term       := factor ("and" factor)*     comparisons: >= <= > < =
    factor     := "not" factor | "(" expression ")" | skill [comparison level]

Parsed, never evaluated as code. Two requirements are the same when they read the same, so that
callers of one *class* (a queue may have hundreds of callers and few classes) can stand together.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from foundation.errors import RemoteError

MAX_LEVEL = 10
MAX_LENGTH = 500
MAX_DEPTH = 20
_TOKEN = re.compile(r"\s*(?:(>=|<=|>|<|=)|([()])|(\d+)(?![\w.])|([^\W\d][\w.-]*)|(\S))")
_WORDS = frozenset({"and", "or", "not"})


class RequirementError(RemoteError):
    """An expression that cannot be read; says where."""


@dataclass(frozen=True, slots=True)
class Level:
    """The agent's level of `skill` is from `least` to `most`; who lacks the skill has level 0."""

    skill: str
    least: int = 1
    most: int = MAX_LEVEL

    def suits(self, skills: Mapping[str, int]) -> bool:
        return self.least <= skills.get(self.skill, 0) <= self.most

    def __str__(self) -> str:
        if self.least == self.most:
            return f"{self.skill}={self.least}"
        if self.most < MAX_LEVEL:
            low = f"{self.skill}>={self.least} and " if self.least > 0 else ""
            return f"{low}{self.skill}<={self.most}"
        return self.skill if self.least == 1 else f"{self.skill}>={self.least}"


@dataclass(frozen=True, slots=True)
class Not:
    part: "Requirement"

    def suits(self, skills: Mapping[str, int]) -> bool:
        return not self.part.suits(skills)

    def __str__(self) -> str:
        return f"not {_wrapped(self.part)}"


@dataclass(frozen=True, slots=True)
class AllOf:
    """All parts suit; without parts every agent does."""

    parts: "tuple[Requirement, ...]" = ()
    _hash: int = field(init=False, repr=False, compare=False)
    _words: str | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Requirements are looked up for each caller; to hash a tree takes longer than to find it.
        object.__setattr__(self, "_hash", hash(("all", self.parts)))

    def __hash__(self) -> int:
        return self._hash

    def suits(self, skills: Mapping[str, int]) -> bool:
        return all(part.suits(skills) for part in self.parts)

    def __str__(self) -> str:
        if self._words is None:
            object.__setattr__(self, "_words", " and ".join(map(_wrapped, self.parts)))
        return self._words or ""


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: "tuple[Requirement, ...]"
    _hash: int = field(init=False, repr=False, compare=False)
    _words: str | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash(("any", self.parts)))

    def __hash__(self) -> int:
        return self._hash

    def suits(self, skills: Mapping[str, int]) -> bool:
        return any(part.suits(skills) for part in self.parts)

    def __str__(self) -> str:
        if self._words is None:
            object.__setattr__(self, "_words", " or ".join(map(_wrapped, self.parts)))
        return self._words or ""


Requirement: TypeAlias = Level | Not | AllOf | AnyOf
EVERYBODY = AllOf()


def only(agent_id: str) -> Requirement:
    """One agent and nobody else; no expression can say that, for no skill has such a name."""
    return Level(own_skill(agent_id))


def named(requirement: Requirement) -> str | None:
    """Whom alone it suits, if it says so by `only`."""
    match requirement:
        case Level(skill, 1) if skill.startswith("@"):
            return skill[1:]
        case _:
            return None


def own_skill(agent_id: str) -> str:
    """A skill that each agent has beside those of the card."""
    return f"@{agent_id}"


def both(first: Requirement, second: Requirement) -> Requirement:
    if second == EVERYBODY:
        return first
    return second if first == EVERYBODY else AllOf((first, second))


def least_levels(skills: Mapping[str, int]) -> Requirement:
    """The simple form: each skill with its least level."""
    parts = tuple(Level(skill, level) for skill, level in sorted(skills.items()) if level > 0)
    return parts[0] if len(parts) == 1 else AllOf(parts)


def skills_in(requirement: Requirement) -> Iterator[str]:
    """Skills whose level makes an agent better suited: those that are asked for, not excluded."""
    match requirement:
        case Level(skill, least):
            if least > 0:
                yield skill
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from skills_in(part)
        case Not():
            return


def parse_requirement(text: str) -> Requirement:
    """RequirementError for what is no expression; '' suits everybody."""
    if len(text) > MAX_LENGTH:
        raise RequirementError(
            f"A requirement has at most {MAX_LENGTH} characters, not {len(text)}."
        )
    if not text.strip():
        return EVERYBODY
    parser = _Parser(text)
    found = parser.any_of(0)
    parser.expect_end()
    return found


class _Parser:
    """Recursive descent, a step for each rule of the grammar."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = [(m.group().strip(), m.start()) for m in _TOKEN.finditer(text)]
        self._at = 0

    def any_of(self, depth: int) -> Requirement:
        parts = [self._all_of(depth)]
        while self._take("or"):
            parts.append(self._all_of(depth))
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def expect_end(self) -> None:
        if self._at < len(self._tokens):
            raise self._error("'and' or 'or'")

    def _all_of(self, depth: int) -> Requirement:
        parts = [self._factor(depth)]
        while self._take("and"):
            parts.append(self._factor(depth))
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _factor(self, depth: int) -> Requirement:
        if depth > MAX_DEPTH:
            raise RequirementError(f"{self._text!r} is nested more than {MAX_DEPTH} deep.")
        if self._take("not"):
            return Not(self._factor(depth + 1))
        if self._take("("):
            inner = self.any_of(depth + 1)
            if not self._take(")"):
                raise self._error("')'")
            return inner
        return self._level()

    def _level(self) -> Requirement:
        skill = self._next
        if not skill or skill in _WORDS or not (skill[0].isalpha() or skill[0] == "_"):
            raise self._error("a skill")
        self._at += 1
        sign = self._next
        if sign not in (">=", "<=", ">", "<", "="):
            return Level(skill)
        self._at += 1
        return self._compared(skill, sign, self._number())

    def _compared(self, skill: str, sign: str, level: int) -> Level:
        match sign:
            case ">=":
                return Level(skill, level)
            case ">":
                return Level(skill, level + 1)
            case "<=":
                return Level(skill, 0, level)
            case "<":
                return Level(skill, 0, level - 1)
            case _:
                return Level(skill, level, level)

    def _number(self) -> int:
        if not self._next.isdecimal() or int(self._next) > MAX_LEVEL:
            raise self._error(f"a level from 0 to {MAX_LEVEL}")
        self._at += 1
        return int(self._tokens[self._at - 1][0])

    @property
    def _next(self) -> str:
        return self._tokens[self._at][0] if self._at < len(self._tokens) else ""

    def _take(self, token: str) -> bool:
        if self._next != token:
            return False
        self._at += 1
        return True

    def _error(self, wanted: str) -> RequirementError:
        if self._at == len(self._tokens):
            return RequirementError(f"{self._text!r} ends where {wanted} should be.")
        token, at = self._tokens[self._at]
        return RequirementError(f"{self._text!r}: {token!r} at {at + 1} should be {wanted}.")


def _wrapped(part: Requirement) -> str:
    """In brackets where it would read otherwise, a level from … to … among them."""
    text = str(part)
    is_simple = isinstance(part, Level | Not) and " and " not in text
    return text if is_simple else f"({text})"
