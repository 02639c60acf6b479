"""How Chinese text is read aloud: numbers as characters, characters as pinyin.

espeak-ng's own dictionary takes the first reading of a character (重庆, 还款); pypinyin knows the
words. Its pinyin is what the voice `cmn-latn-pinyin` wants: `ni3 hao3`, 5 for the neutral tone.
"""

import re

import pypinyin

DIGITS = "零一二三四五六七八九"
_TELEPHONE = "零幺二三四五六七八九"
_PLACES = ("", "十", "百", "千")

# Words of the trade whose readings pypinyin's word list does not have.
pypinyin.load_phrases_dict(
    {
        "还款": [["huán"], ["kuǎn"]],
        "退还": [["tuì"], ["huán"]],
        "归还": [["guī"], ["huán"]],
        "还没": [["hái"], ["méi"]],
        "不归": [["bù"], ["guī"]],
        "换货": [["huàn"], ["huò"]],
        "转接": [["zhuǎn"], ["jiē"]],
        "重拨": [["chóng"], ["bō"]],
    }
)


def say_digits_zh(digits: str) -> str:
    """One character for each digit, as telephone and work numbers are read: 1 is 幺."""
    return "".join(_TELEPHONE[int(digit)] for digit in digits)


def number_zh(number: int) -> str:
    """0 to 9999 as a number: 3 三, 12 十二, 20 二十, 105 一百零五."""
    if number == 0:
        return DIGITS[0]
    if not 0 < number < 10_000:
        return say_digits_zh(str(number))
    text, gap = "", False
    for place in range(len(str(number)) - 1, -1, -1):
        digit = number // 10**place % 10
        if digit:
            text += ("零" if gap and text else "") + DIGITS[digit] + _PLACES[place]
        gap = digit == 0
    return text.removeprefix("一") if 10 <= number < 20 else text


def with_numbers_read(text: str) -> str:
    """One or two digits are a number (第3位, 按1); more are told one by one (工号1001)."""

    def read(match: re.Match[str]) -> str:
        digits = match[0]
        if len(digits) > 2 or (digits.startswith("0") and len(digits) > 1):
            return say_digits_zh(digits)
        return number_zh(int(digits))

    return re.sub(r"[0-9]+", read, re.sub(r"(?<=[0-9])\.(?=[0-9])", "点", text))


def sentences(text: str) -> list[str]:
    """The text in pieces that end where a speaker would stop: espeak sees no end of sentence in
    pinyin."""
    pieces = re.split(r"[。！？!?；;\n]+|\.(?=\s|$)", text)
    return [piece.strip() for piece in pieces if re.search(r"\w", piece)]


def pinyin(sentence: str) -> str:
    """What `cmn-latn-pinyin` reads; commas stay, they are short pauses."""
    text = re.sub(r"\s+", "", with_numbers_read(sentence)) if _is_chinese(sentence) else sentence
    syllables = pypinyin.lazy_pinyin(
        text, style=pypinyin.Style.TONE3, neutral_tone_with_five=True, errors=_pauses
    )
    return re.sub(r"\s+([,])", r"\1", " ".join(syllables)).strip(" ,")


def _pauses(rest: str) -> str:
    return re.sub(r"\s*[，、：:,]\s*", ", ", re.sub(r"[“”‘’\"《》（）()]", " ", rest)).strip()


def _is_chinese(text: str) -> bool:
    return re.search(r"[\u4e00-\u9fff]", text) is not None
