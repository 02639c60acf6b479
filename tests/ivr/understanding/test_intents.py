"""What a caller wants, from example phrases."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.understanding.intents import Guess, guess, rank, with_corrections

EXAMPLES = {
    "cancel": ["cancel", "i want to cancel my order", "取消", "我不要了"],
    "track": ["where is my order", "it has not arrived", "parcel", "快递", "我的订单还没到"],
    "refund": ["refund", "money back", "退款", "退货"],
}


@pytest.mark.parametrize(
    ("said", "choice"),
    [
        ("please cancel what i ordered", "cancel"),
        ("could i get my money back", "refund"),
        ("my laptop has not arrived", "track"),
        ("where is my new order", "track"),
        ("我 想 取消 订单", "cancel"),
        ("请问我的快递在哪里", "track"),
        ("可以退款吗", "refund"),
    ],
)
def test_request_is_understood_by_what_it_shares_with_examples(said: str, choice: str) -> None:
    best = guess(said, 1.0, EXAMPLES)
    assert best is not None
    assert best.choice == choice
    assert best.confidence > 0.4


def test_spaces_that_a_recogniser_puts_between_chinese_words_do_not_matter() -> None:
    assert rank("我 要 退款", EXAMPLES) == rank("我要退款", EXAMPLES)


def test_whole_example_is_as_sure_as_the_recogniser() -> None:
    best = guess("refund", 0.9, EXAMPLES)
    assert best is not None
    assert best.confidence == pytest.approx(0.9)


def test_words_that_all_choices_share_say_little() -> None:
    shared = {"a": ["i want my tea"], "b": ["i want my coffee"], "c": ["i want my milk"]}
    best = guess("i want my water", 1.0, shared)
    assert best is None or best.confidence < 0.2


def test_two_choices_in_one_breath_raise_a_doubt() -> None:
    both = guess("cancel it and refund", 1.0, EXAMPLES)
    assert both is not None
    assert both.confidence < 0.75


def test_longer_one_of_two_whole_examples_means_more() -> None:
    choices = {"order": ["order"], "cancel": ["cancel my order"]}
    ranked = rank("please cancel my order", choices)
    assert [one.choice for one in ranked] == ["cancel", "order"]
    assert ranked[0].score == ranked[1].score == 1.0
    best = guess("please cancel my order", 1.0, choices)
    assert best is not None
    assert best.confidence > 0.9


def test_two_whole_examples_of_which_none_holds_the_other_are_two_wishes() -> None:
    best = guess("my refund has not arrived", 1.0, {"track": ["not arrived"], "pay": ["refund"]})
    assert best is not None
    assert best.confidence == pytest.approx(0.5)


MATTERS = {
    "track": ["parcel", "i have not received it", "包裹", "还没收到", "送到哪里"],
    "technical": ["router", "it is broken", "路由器", "坏了"],
    "pay": ["refund", "bill", "退款", "发票"],
    "agent": ["supervisor", "i want to speak to somebody", "经理", "我想和人说"],
}


@pytest.mark.parametrize(
    ("said", "choice"),
    [
        ("about my refund i have not received it", "pay"),
        ("i want to speak to somebody about my bill", "pay"),
        ("it is broken and i would like a refund", "pay"),
        ("i want to speak to somebody about a parcel", "track"),
        ("我的退款送到哪里", "pay"),
        ("还没收到发票", "pay"),
        ("商品坏了可以退款吗", "pay"),
        ("包裹里的东西坏了", "track"),
        ("还没收到我要找经理", "agent"),
    ],
)
def test_name_of_a_matter_outweighs_a_longer_phrase_that_is_said_of_many(
    said: str, choice: str
) -> None:
    ranked = rank(said, MATTERS)
    assert (ranked[0].choice, ranked[0].score, ranked[1].score) == (choice, 1.0, 1.0)
    best = guess(said, 1.0, MATTERS)
    assert best is not None
    assert best.confidence == pytest.approx(0.5), "two were said: the caller is asked back"


def test_general_words_still_count_for_how_much_of_a_phrase_was_said() -> None:
    """They are light only where names and phrases compete."""
    best = guess("还没收到", 1.0, MATTERS)
    assert best == Guess("track", 1.0)
    half = rank("received", MATTERS)[0]
    assert (half.choice, half.score < 0.5) == ("track", True)


def test_what_one_choice_says_in_several_examples_holds_what_another_says_in_one() -> None:
    choices = {"order": ["order"], "cancel": ["cancel", "my order"]}
    best = guess("cancel my order", 1.0, choices)
    assert best is not None
    assert (best.choice, best.confidence > 0.9) == ("cancel", True)


def test_refused_choice_is_not_offered_again() -> None:
    said = "还没收到发票"
    assert guess(said, 1.0, MATTERS, refused={"pay"}) == Guess("track", 1.0)
    assert guess("发票", 1.0, MATTERS, refused={"pay"}) is None


@pytest.mark.parametrize("said", ["", "   ", "quite another matter", "天气怎么样"])
def test_what_is_in_no_example_is_no_choice(said: str) -> None:
    best = guess(said, 1.0, EXAMPLES)
    assert best is None or best.confidence < 0.3


def test_no_choices_give_no_guess() -> None:
    assert guess("refund", 1.0, {}) is None
    assert guess("refund", 1.0, {"a": []}) is None


@given(st.text(max_size=40), st.floats(0, 1))
def test_confidence_never_exceeds_the_recognisers(said: str, confidence: float) -> None:
    best = guess(said, confidence, EXAMPLES)
    assert best is None or 0 <= best.confidence <= confidence + 1e-9


def test_correction_is_understood_from_then_on() -> None:
    said = "get it out of my sight"
    assert (best := guess(said, 1.0, EXAMPLES)) is None or best.confidence < 0.4
    learnt = with_corrections(EXAMPLES, {"get it out of my sight": "refund"})
    best = guess(said, 1.0, learnt)
    assert best is not None
    assert (best.choice, best.confidence) == ("refund", 1.0)


def test_correction_takes_an_example_from_the_choice_that_had_it() -> None:
    learnt = with_corrections(EXAMPLES, {"Parcel": "refund"})
    assert "parcel" not in learnt["track"]
    assert guess("parcel", 1.0, learnt) == Guess("refund", 1.0)
    assert with_corrections(EXAMPLES, {"x": "no such choice"}).keys() == EXAMPLES.keys()
