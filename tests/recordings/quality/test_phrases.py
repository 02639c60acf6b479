"""Forbidden phrases: across the recogniser's words, the longest of those that overlap."""

import pytest

from recordings.quality.judging import judge
from recordings.quality.pack import Kind, Pack
from recordings.quality.talk import Hit
from recordings.recogniser import Word
from tests.support.quality_talks import pack, talk, words

ZH = """
language: zh
same: [[的, 得], [他, 她]]
address: [你, 您]
forbidden:
  - {phrase: 你听我说, severity: 1, exact: true}
  - {phrase: 你听我说好吧, severity: 2, exact: true}
  - {phrase: 没办法, severity: 2, unless: [不是没办法]}
  - {phrase: 那我也没办法了, severity: 3}
  - {phrase: 你怎么还问, severity: 2}
  - {phrase: 说的很清楚, severity: 1}
"""
EN = """
language: en
forbidden:
  - {phrase: i don't know, severity: 2}
  - {phrase: that's not our problem, severity: 2}
  - {phrase: hurry up, severity: 1, unless: [i will hurry up]}
"""


def hits(rules: Pack, said: str, confidence: float = 1.0) -> list[Hit]:
    verdict = judge(rules, talk(words(said, confidence=confidence), language=rules.language))
    return [hit for hit in verdict.hits if hit.kind is Kind.FORBIDDEN]


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("先生 你 听 我 说", ["你听我说"]),
        ("先生 你听 我说 订单", ["你听我说"]),
        ("你 听 我 说 好 吧", ["你听我说好吧"]),
        ("您 听 我 说", []),
        ("没办法 了", ["没办法"]),
        ("那 我 也 没办法 了", ["那我也没办法了"]),
        ("不是 没办法 我 帮 您", []),
        ("您 怎么 还 问", ["你怎么还问"]),
        ("说 得 很 清楚", ["说的很清楚"]),
        ("没 有 办法", []),
        ("没办法 没办法", ["没办法", "没办法"]),
    ],
)
def test_chinese_phrases_are_found_by_characters(said: str, found: list[str]) -> None:
    assert [hit.rule for hit in hits(pack(ZH), said)] == found


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("sorry i don't know", ["i don't know"]),
        ("i do not know", ["i don't know"]),
        ("that is not our problem", ["that's not our problem"]),
        ("hurry up please", ["hurry up"]),
        ("i will hurry up", []),
        ("i don't", []),
        ("i don't knowingly", []),
    ],
)
def test_english_phrases_are_found_by_words_however_contracted(said: str, found: list[str]) -> None:
    assert [hit.rule for hit in hits(pack(EN), said)] == found


def test_hit_has_the_place_of_its_own_characters_within_the_words() -> None:
    [hit] = hits(pack(ZH), "我说 没办法了")

    assert hit.start_s == pytest.approx(1.3)
    assert hit.end_s == pytest.approx(1.3 + 0.3 * 3 / 4)
    assert hit.phrase == "没办法"


def test_pause_in_the_middle_makes_two_remarks_of_it() -> None:
    said = [*words("你 听", 1.0), *words("我 说", 3.0)]

    assert judge(pack(ZH), talk(said)).hits == ()


def test_doubtful_words_are_no_hit() -> None:
    assert hits(pack(ZH), "没办法", confidence=0.3) == []
    assert [hit.confidence for hit in hits(pack(ZH), "没办法", confidence=0.4)] == [0.4]


def test_callers_may_say_what_they_like() -> None:
    assert judge(pack(ZH), talk(words("您好"), caller=words("没办法"))).hits == ()


def test_score_is_what_the_penalties_leave_and_repetition_costs_a_few_times_only() -> None:
    verdict = judge(pack(ZH), talk(words("没办法 好 " * 5)))

    assert [hit.penalty for hit in verdict.hits] == [8.0, 8.0, 8.0, 0.0, 0.0]
    assert verdict.score == 76.0


def test_score_never_falls_below_nothing() -> None:
    rules = pack("language: zh\nforbidden: [{phrase: 没办法, penalty: 60}]")

    assert judge(rules, talk(words("没办法 好 没办法"))).score == 0.0


def test_an_hours_talk_is_judged_in_little_time() -> None:
    rules = pack(ZH)
    hour = [Word("没办法", at * 0.4, at * 0.4 + 0.3, 1.0) for at in range(9000)]

    assert len(judge(rules, talk(hour, duration_s=3600.0)).hits) == 9000
