"""How Chinese text is read aloud: characters as pinyin, by the words they are in.

espeak-ng's own dictionary takes the first reading of a character (重庆, 还款); pypinyin knows the
words. Its pinyin is what the voice `cmn-latn-pinyin` wants: `ni3 hao3`, 5 for the neutral tone.
"""

import re

import pypinyin

from ivr.speech.numbers_zh import with_numbers_read

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
        "着什么急": [["zháo"], ["shén"], ["me"], ["jí"]],
    }
)
# Nobody says shuí on the telephone.
pypinyin.load_single_dict({ord("谁"): "shéi,shuí"})


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
