"""Which choice the caller has named."""

import pytest

from ivr.understanding.phrases import find_choice

CHOICES = {
    "orders": ["order", "buy", "my order", "订单", "下单"],
    "support": ["broken", "does not work", "坏了", "无法使用"],
    "returns": ["return my order", "退货"],
}


@pytest.mark.parametrize(
    ("heard", "choice"),
    [
        ("I want to buy something", "orders"),
        ("My ORDER, please!", "orders"),
        ("it does not work", "support"),
        ("I want to return my order", "returns"),
        ("我 要 退 货", "returns"),
        ("我的手机坏了。", "support"),
        ("查 一下 订单", "orders"),
        ("borders", None),
        ("hello", None),
        ("", None),
        ("order 无法使用了", "orders"),
        ("坏了的订单", None),
    ],
)
def test_longest_phrase_that_was_said_decides(heard: str, choice: str | None) -> None:
    assert find_choice(heard, CHOICES) == choice


def test_word_without_letters_matches_nothing() -> None:
    assert find_choice("... !", {"a": [".", " "]}) is None
