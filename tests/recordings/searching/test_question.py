"""What is looked for in transcripts, how texts are taken apart for it, and where it was said."""

import pytest

from recordings.recogniser import Word
from recordings.recording import SideTranscript
from recordings.searching.question import BadQuestion, Hit, Term, find_hits, parse
from recordings.terms import (
    OVERLAP_WORDS,
    PART_WORDS,
    IndexPart,
    index_parts,
    letters,
    words_of_question,
    words_of_text,
)
from telephony.calls.events import Side


def heard(text: str) -> tuple[Word, ...]:
    """A word each second."""
    return tuple(Word(one, float(n), n + 0.5, 1.0) for n, one in enumerate(text.split()))


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("Don't ASK", ["dont", "ask"]),
        ("我要退款", ["我", "要", "退", "款"]),
        ("我有VIP卡 42号", ["我", "有", "vip", "卡", "42", "号"]),
        ("ＶＩＰ a_b; -- '", ["vip", "a", "b"]),
        ("", []),
    ],
)
def test_letters_are_characters_and_words_without_case(text: str, units: list[str]) -> None:
    assert letters(text) == units


def test_jieba_cuts_chinese_wherever_the_recogniser_put_spaces() -> None:
    assert words_of_text("您好 请 问 订 单 号码") == words_of_text("您好请问订单号码")
    assert "订单" in words_of_text("订 单 号码")
    assert "海" not in words_of_text("我在上海")


def test_long_word_is_found_by_the_shorter_ones_in_it_and_asked_for_whole() -> None:
    assert {"中国", "科学院", "中国科学院"} <= set(words_of_text("中国科学院"))
    assert words_of_question("中国科学院") == ["中国科学院"]


def test_a_long_talk_is_indexed_in_parts_that_overlap() -> None:
    words = heard(" ".join(f"w{n}" for n in range(PART_WORDS + 10)))

    first, second = index_parts(words)

    assert first.words.split()[-OVERLAP_WORDS:] == second.words.split()[:OVERLAP_WORDS]
    assert second.words.split()[-1] == f"w{PART_WORDS + 9}"
    assert index_parts(()) == []
    assert index_parts(heard("退款 VIP")) == [IndexPart("退款 vip", "退 款 vip")]
    assert len(index_parts(words[:PART_WORDS])) == 1


def test_words_and_phrases_are_told_apart() -> None:
    assert parse('Refund "my order" 我要退款 「可以 吗」') == (
        Term(("refund",), "refund"),
        Term(("my", "order")),
        Term(("我",), "我"),
        Term(("要",), "要"),
        Term(("退", "款"), "退款"),
        Term(("可", "以", "吗")),
    )
    assert parse("refund REFUND") == (Term(("refund",), "refund"),)
    assert parse('"open') == (Term(("open",), "open"),)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "no word in ''"),
        (' "" -- ;', "no word in"),
        ("a b c d e f g h i", "9 words and phrases; 8 are the most"),
        ("x" * 201, "201 letters"),
        ('"' + "a " * 25 + '"', "24 words or characters at most"),
    ],
)
def test_question_that_asks_nothing_or_too_much_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(BadQuestion, match=sentence):
        parse(text)


def test_a_hit_has_the_second_of_its_first_word_and_what_was_said_around() -> None:
    transcript = SideTranscript(Side.CALLER, "zh", heard("您好 我 要 退 款 谢谢"))

    assert find_hits(transcript, parse("退款")) == [
        Hit(Side.CALLER, 3.0, 4.5, "您好我要", "退款", "谢谢")
    ]


def test_all_places_are_found_in_order_and_once() -> None:
    transcript = SideTranscript(Side.AGENT, "en", heard("my order is my order"))

    hits = find_hits(transcript, parse('"my order" order'))

    assert [(hit.start_s, hit.match) for hit in hits] == [
        (0.0, "my order"),
        (1.0, "order"),
        (3.0, "my order"),
        (4.0, "order"),
    ]
    assert find_hits(transcript, parse("refund")) == []
