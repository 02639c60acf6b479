"""Expressions: what is written means what it says, and nothing that parses can fail."""

import re
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.language.expressions import Expression, ExpressionError, World, parse, variables_in
from ivr.language.values import Scalar, Type

TYPES = {
    "order": Type.DIGITS,
    "name": Type.TEXT,
    "price": Type.NUMBER,
    "vip": Type.BOOL,
    "due": Type.DATE,
    "caller.tier": Type.TEXT,
    "called_at": Type.MOMENT,
}
NOW = datetime(2026, 10, 12, 9, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
VALUES: dict[str, Scalar] = {
    "order": "12345678",
    "name": "Li Na",
    "price": Decimal("99.5"),
    "vip": True,
    "due": date(2026, 10, 15),
    "caller.tier": "gold",
    "called_at": NOW,
}
WORLD = World(VALUES, NOW)
NOTHING = World({}, NOW)


def value(text: str, world: World = WORLD) -> Scalar:
    return parse(text, TYPES).evaluate(world)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", Decimal(7)),
        ("(1 + 2) * 3", Decimal(9)),
        ("-price + 100", Decimal("0.5")),
        ("7 % 3 - 10 / 4", Decimal("-1.5")),
        ("price >= 99.5 and price < 100", True),
        ("not vip or name == 'Li Na'", True),
        ("name == \"Li Na\" and order != '1'", True),
        ("caller.tier in ['gold', 'silver']", True),
        ("caller.tier not in ['gold', 'silver']", False),
        ("order in []", False),
        ("name + '!' == 'Li Na!'", True),
        ("starts_with(order, '123') and ends_with(order, '78')", True),
        ("contains(lower(name), 'na')", True),
        ("len(order) == 8", True),
        ("number('12') + 1", Decimal(13)),
        ("number('a dozen')", None),
        ("digits('+86 139-0')", "861390"),
        ("round(price * 1.13, 1)", Decimal("112.4")),
        ("max(price, 100)", Decimal(100)),
        ("hour() * 60 + minute()", Decimal(570)),
        ("weekday() in [1, 7]", True),
        ("due > today() and days_until(due) == 3", True),
        ("month(due) == 10 and day(due) == 15", True),
        ("known(due)", True),
        ("true == false", False),
        ("1 / 0", None),
        ("1 / 0 > 1 or vip", True),
        ("价格 == 1", None),
    ],
)
def test_expression_has_the_value_it_reads_like(text: str, expected: Scalar) -> None:
    types = {**TYPES, "价格": Type.NUMBER}
    found = parse(text, types).evaluate(WORLD)
    assert found == expected or (expected is None and not found)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "ends where"),
        ("1 +", "ends where"),
        ("(1", "')'"),
        ("prise > 1", "did you mean 'price'?"),
        ("lenn(name)", "did you mean 'len'?"),
        ("len(price)", "takes a text"),
        ("len()", "takes 1 argument"),
        ("price == name", "a number and a text cannot be compared"),
        ("price + name", "cannot be joined"),
        ("name - name", "a text has no -"),
        ("vip < vip", "in no order"),
        ("price and vip", "not for a number"),
        ("price in [name]", "in one list"),
        ("1 2", "should be an operator"),
        ("name == 'x", "should be a value"),
        ("__import__('os')", "no function is called"),
        ("name.upper", "no variable"),
        ("not " * 30 + "vip", "nested"),
        ("(" * 30 + "1" + ")" * 30, "nested"),
        ("1" * 501, "characters"),
        ("a = 1", "no variable"),
        ("[1]", "should be a value"),
    ],
)
def test_what_is_no_expression_is_told_where(text: str, word: str) -> None:
    with pytest.raises(ExpressionError, match=re.escape(word)):
        parse(text, TYPES)


def test_type_that_is_wanted_is_demanded() -> None:
    with pytest.raises(ExpressionError, match="is a number, where a bool is needed"):
        parse("price + 1", TYPES, Type.BOOL)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("due < today()", False),
        ("due == today()", False),
        ("due != today()", True),
        ("known(due)", False),
        ("price + 1", None),
        ("len(name)", None),
        ("name in ['a']", False),
    ],
)
def test_nothing_is_equal_to_nothing_and_in_no_order(text: str, expected: Scalar) -> None:
    assert value(text, NOTHING) is expected


def test_variables_of_an_expression_are_found() -> None:
    parsed = parse("len(name) > 1 and not (order in ['1', caller.tier] or -price > 2)", TYPES)
    assert set(variables_in(parsed)) == {"name", "order", "caller.tier", "price"}


def test_text_never_grows_without_end() -> None:
    long = World({"name": "x" * 900}, NOW)
    assert value("len(name + name + name)", long) == 1000


def test_numbers_too_large_are_nothing() -> None:
    big = World({"price": Decimal("9e39")}, NOW)
    assert value("price * price", big) is None


NAMES = st.sampled_from(
    [*TYPES, "len", "hour", "and", "or", "not", "in", "true", "round", "number"]
)
TOKENS = st.one_of(
    NAMES,
    st.sampled_from(
        ["(", ")", "[", "]", ",", "+", "-", "*", "/", "%", "==", "<", ">=", "'a'", '"']
    ),
    st.integers(0, 10**30).map(str),
    st.text(max_size=3),
)
SCALARS: st.SearchStrategy[Scalar] = st.one_of(
    st.none(),
    st.booleans(),
    st.text(max_size=20),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.dates(),
    st.datetimes(timezones=st.just(ZoneInfo("Europe/Berlin"))),
)


@given(
    st.lists(TOKENS, max_size=25).map(" ".join),
    st.dictionaries(st.sampled_from(list(TYPES)), SCALARS),
)
def test_fuzz_any_text_is_an_expression_with_a_value_or_an_error(
    text: str, values: dict[str, Scalar]
) -> None:
    with suppress(ExpressionError):
        evaluated(parse(text, TYPES), {**VALUES, **{k: v for k, v in values.items() if fit(k, v)}})


def fit(name: str, given_: Scalar) -> bool:
    """Of the type of the variable, or nothing: what a flow's variables can hold."""
    wanted: dict[Type, tuple[type, ...]] = {
        Type.TEXT: (str,),
        Type.DIGITS: (str,),
        Type.NUMBER: (Decimal,),
        Type.BOOL: (bool,),
        Type.DATE: (date,),
        Type.MOMENT: (datetime,),
    }
    kind = TYPES[name]
    is_moment = isinstance(given_, datetime)
    return given_ is None or (
        isinstance(given_, wanted[kind]) and is_moment is (kind is Type.MOMENT)
    )


def evaluated(expression: Expression, values: dict[str, Scalar]) -> None:
    found = expression.evaluate(World(values, NOW))
    assert found is None or isinstance(found, str | Decimal | bool | date)


@given(st.text(max_size=60))
def test_fuzz_any_characters_are_an_expression_or_an_error(text: str) -> None:
    with suppress(ExpressionError):
        evaluated(parse(text, TYPES), VALUES)
