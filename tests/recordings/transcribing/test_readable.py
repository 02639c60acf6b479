"""Transcripts that people read: pauses and small words become punctuation, words stay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.recogniser import Word
from recordings.transcribing.readable import Sentence, joined, readable, sentences


def said(text: str, pause_s: float = 0.05) -> list[Word]:
    """Words of 0.3 s; a number in the text is a pause of so many seconds."""
    words: list[Word] = []
    at = 1.0
    for token in text.split():
        if token.startswith("~"):
            at += float(token[1:]) - pause_s
        else:
            words.append(Word(token, round(at, 3), round(at + 0.3, 3), 0.9))
            at += 0.3 + pause_s
    return words


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("my parcel has not arrived", "My parcel has not arrived."),
        ("hello my parcel has not arrived", "Hello, my parcel has not arrived."),
        ("what is your order number", "What is your order number?"),
        ("okay so where is it now", "Okay so where is it now?"),
        ("could you help me", "Could you help me?"),
        ("is the shop open", "Is the shop open?"),
        ("will do", "Will do."),
        ("do that please", "Do that please."),
        ("yes", "Yes."),
        ("i'm sure i paid", "I'm sure I paid."),
        ("it is four two one", "It is four two one."),
        ("it is 421", "It is 421."),
        ("one moment ~0.7 i will look", "One moment. I will look."),
        ("one moment ~0.5 i will look", "One moment I will look."),
        ("thank you ~0.9 can i go ~0.6 bye", "Thank you. Can I go? Bye."),
    ],
)
def test_english_gets_capitals_and_ends(words: str, text: str) -> None:
    assert readable(said(words), "en") == text


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("我 要 退款", "我要退款。"),
        ("您好 请问 您 的 订单 号码 是 多少", "您好请问您的订单号码是多少？"),
        ("您好 ~0.15 请问 有 什么 可以 帮 您", "您好，请问有什么可以帮您？"),
        ("我 的 包裹 ~0.3 还 没有 到", "我的包裹，还没有到。"),
        ("你 在 吗 ~0.15 我 要 退款", "你在吗？我要退款。"),
        ("你 在 ~0.15 我 要 退款", "你在我要退款。"),
        ("可以 退款 吗", "可以退款吗？"),
        ("没什么", "没什么。"),
        ("没什么 ~0.3 是不是 好 了", "没什么，是不是好了？"),
        ("订单 号码 是 一 二 三", "订单号码是一二三。"),
        ("订单 号码 是 123", "订单号码是 123。"),
        ("我 有 vip 卡", "我有 vip 卡。"),
        ("谢谢 ~0.7 再见", "谢谢。再见。"),
    ],
)
def test_chinese_stands_together_with_its_own_punctuation(words: str, text: str) -> None:
    assert readable(said(words), "zh") == text


def test_a_sentence_keeps_its_raw_words_and_their_times() -> None:
    words = said("hello ~0.9 are you there")

    assert sentences(words, "en") == [
        Sentence("Hello.", tuple(words[:1])),
        Sentence("Are you there?", tuple(words[1:])),
    ]
    assert [(each.start_s, each.end_s) for each in sentences(words, "en")] == [
        (1.0, 1.3),
        (2.2, 3.2),
    ]


def test_who_never_pauses_is_cut_at_sixty_words() -> None:
    assert [len(each.words) for each in sentences(said("so " * 130), "en")] == [60, 60, 10]


def test_nobody_who_said_nothing_has_a_sentence() -> None:
    assert sentences([], "zh") == []
    assert readable([], "en") == ""


@pytest.mark.parametrize(
    ("texts", "line"),
    [
        (["退款", "单"], "退款单"),
        (["my", "order"], "my order"),
        (["我", "的", "vip", "卡"], "我的 vip 卡"),
        (["好。", "vip"], "好。vip"),
        (["", "a"], "a"),
    ],
)
def test_spaces_stand_where_readers_expect_them(texts: list[str], line: str) -> None:
    assert joined(texts) == line


WORDS = st.lists(
    st.tuples(
        st.sampled_from(["我", "退款", "吗", "what", "i", "you", "42", "vip", "什么", "没什么"]),
        st.floats(0, 2),
    )
)


@given(WORDS, st.sampled_from(["en", "zh"]))
def test_any_words_are_all_there_in_their_order(drawn: list[tuple[str, float]], lang: str) -> None:
    at, words = 0.0, []
    for text, pause_s in drawn:
        words.append(Word(text, at + pause_s, at + pause_s + 0.2, 1.0))
        at += pause_s + 0.2

    found = sentences(words, lang)

    assert [word for each in found for word in each.words] == words
    letters = [c for c in readable(words, lang).lower() if c.isalnum()]
    assert letters == [c for text, _ in drawn for c in text]
