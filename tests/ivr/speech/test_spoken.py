"""Sentences with values, before they are sound."""

from datetime import date
from decimal import Decimal

from ivr.speech.spoken import Kind, Spoken, Value

COST = Spoken(
    {
        "en": ("It costs ", Value(Kind.MONEY, Decimal("9.90")), "."),
        "zh": ("价格", Value(Kind.MONEY, Decimal("9.90")), "。"),
    }
)


def test_sentence_is_written_in_each_of_its_languages() -> None:
    assert COST.text("en") == "It costs 9.90."
    assert COST.text("zh") == "价格9.90。"


def test_sentence_has_nothing_in_a_language_it_lacks() -> None:
    assert COST.text("fr") == ""


def test_values_are_written_as_they_would_be_in_a_log() -> None:
    due = Spoken({"en": ("Due on ", Value(Kind.DATE, date(2026, 10, 1)))})

    assert due.text("en") == "Due on 2026-10-01"
