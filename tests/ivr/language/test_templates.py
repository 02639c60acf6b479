"""Texts and addresses with values in them."""

from contextlib import suppress
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.language.expressions import ExpressionError, World
from ivr.language.templates import Template, item, parse, parse_address
from ivr.language.values import Type
from ivr.speech.spoken import Kind, Piece, Prompt, Value

TYPES = {
    "order": Type.DIGITS,
    "price": Type.NUMBER,
    "name": Type.TEXT,
    "due": Type.DATE,
    "called_at": Type.MOMENT,
    "vip": Type.BOOL,
}
NOW = datetime(2026, 10, 12, 9, 30, 15, tzinfo=UTC)
WORLD = World(
    {
        "order": "1234",
        "price": Decimal("99.50"),
        "name": "Li Na",
        "due": date(2026, 10, 15),
        "called_at": NOW,
        "vip": True,
    },
    NOW,
)


def pieces(text: str) -> tuple[Piece, ...]:
    return Template({"en": parse(text, TYPES)}).fill(WORLD).pieces["en"]


def test_values_stand_among_the_words_with_their_kinds() -> None:
    assert pieces("Order {order:digits} costs {price:money}.") == (
        "Order ",
        Value(Kind.DIGITS, "1234"),
        " costs ",
        Value(Kind.MONEY, Decimal("99.50")),
        ".",
    )


def test_kind_follows_from_the_type_when_none_is_given() -> None:
    assert pieces("{order}{price}{name}{due}{called_at}") == (
        Value(Kind.DIGITS, "1234"),
        Value(Kind.NUMBER, Decimal("99.50")),
        Value(Kind.TEXT, "Li Na"),
        Value(Kind.DATE, date(2026, 10, 15)),
        Value(Kind.TIME, time(9, 30)),
    )


def test_expressions_and_other_kinds_can_be_spoken() -> None:
    assert pieces("{price * 2 : duration} {called_at:date} {digits('a1'):digits}") == (
        Value(Kind.DURATION, Decimal("199.00")),
        " ",
        Value(Kind.DATE, date(2026, 10, 12)),
        " ",
        Value(Kind.DIGITS, "1"),
    )


def test_double_braces_are_braces() -> None:
    assert pieces("{{order}}") == ("{order}",)


def test_what_is_not_known_is_not_spoken() -> None:
    empty = World({}, NOW)
    said = Template({"en": parse("Due {due}. {order}", TYPES)}).fill(empty)
    assert said.pieces["en"] == ("Due ", ". ")


def test_prompt_stays_a_prompt() -> None:
    assert item(Prompt("greeting"), WORLD) == Prompt("greeting")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("{order", "has no partner"),
        ("order}", "has no partner"),
        ("{}", "ends where"),
        ("{ordr}", "did you mean"),
        ("{name:money}", "can be read out as: text, digits"),
        ("{price:date}", "can be read out as: number, money, duration"),
        ("{vip}", "branch on it"),
        ("x" * 2001, "characters"),
    ],
)
def test_bad_slots_are_told(text: str, word: str) -> None:
    with pytest.raises(ExpressionError, match=word):
        parse(text, TYPES)


@pytest.mark.parametrize(
    ("name", "quoted"),
    [
        ("a b/c?d&e", "a%20b%2Fc%3Fd%26e"),
        ("../admin", "..%2Fadmin"),
        ("..", "%2E%2E"),
        ("王", "%E7%8E%8B"),
    ],
)
def test_value_in_an_address_stays_one_part_of_its_path(name: str, quoted: str) -> None:
    address = parse_address("https://crm.example/customers/{name}/orders", TYPES)
    world = World({"name": name}, NOW)
    assert address.fill(world) == f"https://crm.example/customers/{quoted}/orders"
    assert address.fixed == "https://crm.example/customers/"


@given(st.text("{}:ordermny ='1a*", max_size=40))
def test_fuzz_any_text_is_a_template_or_an_error(text: str) -> None:
    with suppress(ExpressionError):
        Template({"en": parse(text, TYPES)}).fill(WORLD)
    with suppress(ExpressionError):
        parse_address(text, TYPES).fill(WORLD)
