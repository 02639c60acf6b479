"""Chinese text as it is read aloud."""

import pytest

from ivr.speech.mandarin import pinyin, sentences
from ivr.speech.numbers_zh import number_zh, say_digits_zh, with_numbers_read


def test_telephone_digits_are_told_one_by_one_with_yao() -> None:
    assert say_digits_zh("1001") == "幺零零幺"
    assert say_digits_zh("95588") == "九五五八八"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "零"),
        (1, "一"),
        (10, "十"),
        (12, "十二"),
        (20, "二十"),
        (99, "九十九"),
        (100, "一百"),
        (105, "一百零五"),
        (110, "一百一十"),
        (1001, "一千零一"),
        (1010, "一千零一十"),
        (9999, "九千九百九十九"),
        (13800, "一万三千八百"),
    ],
)
def test_number_is_read(number: int, text: str) -> None:
    assert number_zh(number) == text


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("订单请按1", "订单请按一"),
        ("您排在第12位", "您排在第十二位"),
        ("工号1001为您服务", "工号幺零零幺为您服务"),
        ("验证码05", "验证码零五"),
        ("3.5元", "三点五元"),
    ],
)
def test_numbers_inside_text_are_read_as_people_do(text: str, read: str) -> None:
    assert with_numbers_read(text) == read


def test_text_is_cut_where_a_speaker_stops() -> None:
    text = "欢迎致电。本次通话将被录音，请讲！ 好吗？\n再见"
    assert sentences(text) == ["欢迎致电", "本次通话将被录音，请讲", "好吗", "再见"]
    assert sentences("。！ ") == []


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("您好，我要还款", "nin2 hao3, wo3 yao4 huan2 kuan3"),
        ("还没发货", "hai2 mei2 fa1 huo4"),
        ("重庆银行", "chong2 qing4 yin2 hang2"),
        ("坏了", "huai4 le5"),
        ("您好 我 想 退款", "nin2 hao3 wo3 xiang3 tui4 kuan3"),
        ("“第3位”", "di4 san1 wei4"),
    ],
)
def test_characters_become_pinyin_by_the_word_they_are_in(text: str, read: str) -> None:
    assert pinyin(text) == read
