"""Required phrases: said where they belong, or a fault with its window."""

import pytest

from recordings.quality.explaining import explain
from recordings.quality.judging import judge
from tests.support.quality_talks import pack, speech, talk, words

RULES = pack("""
language: zh
required:
  - {name: greeting, window: {first_s: 5}, say: [您好, 你好]}
  - {name: agent_number, window: {first_s: 15}, say: ["工号{digits}"]}
  - {name: after_hold, window: {after_hold_s: 8}, say: [感谢等待, 久等了]}
  - {name: close, window: {last_s: 10}, say: [再见]}
""")
GREETED = words("您好 工号 一 二 三 四", 1.0)
CLOSED = words("再见", 50.0)


def test_everything_said_in_its_place_is_no_fault() -> None:
    assert judge(RULES, talk([*GREETED, *CLOSED])).hits == ()


def test_greeting_that_comes_late_is_missed_and_told_where_it_was() -> None:
    late = [*words("工号 一", 1.0), *words("您好", 20.0), *CLOSED]

    [hit] = judge(RULES, talk(late)).hits

    assert (hit.rule, hit.start_s, hit.end_s) == ("greeting", 1.0, 6.0)
    assert hit.facts == {"elsewhere_s": 20.0}


def test_goodbye_that_comes_too_early_is_told_so_in_both_languages() -> None:
    early = [*GREETED, *words("再见", 10.0), *words("请 稍 等", 50.0)]

    [hit] = judge(RULES, talk(early)).hits

    assert hit.facts == {"elsewhere_s": 10.0}
    told = explain(hit)
    assert told["en"].endswith("was not said where it belongs (it was at 10 s)")
    assert told["zh"].endswith("（第10秒说过，但不在应说之处）"), "early or late"


@pytest.mark.parametrize("number", ["一", "幺 零 八 六 一 二"])
def test_number_is_any_run_of_figures(number: str) -> None:
    said = [*words(f"您好 工号 {number}", 1.0), *CLOSED]

    assert judge(RULES, talk(said)).hits == ()


def test_name_of_the_number_without_figures_is_no_number() -> None:
    said = [*words("您好 工号 是", 1.0), *CLOSED]

    assert [hit.rule for hit in judge(RULES, talk(said)).hits] == ["agent_number"]


def test_each_hold_wants_its_own_thanks() -> None:
    thanked = [*GREETED, *words("感谢 等待", 21.0), *words("好 的", 36.0), *CLOSED]

    [hit] = judge(RULES, talk(thanked, holds=[(10.0, 20.0), (25.0, 35.0)])).hits

    assert (hit.rule, hit.start_s, hit.end_s) == ("after_hold", 35.0, 43.0)


def test_moment_of_hold_and_hold_at_the_end_want_no_thanks() -> None:
    holds = [(10.0, 12.0), (51.0, 60.0)]

    assert judge(RULES, talk([*GREETED, *CLOSED], holds=holds)).hits == ()


def test_agent_of_whom_nothing_was_understood_has_missed_nothing() -> None:
    assert judge(RULES, talk([])).hits == ()


def test_what_was_said_there_and_not_understood_is_no_proof_of_a_miss() -> None:
    number_unheard = [*words("您好", 1.0), *words("请问", 3.0), *CLOSED]
    heard = speech((1.0, 1.3), (3.0, 3.3), (50.0, 50.3))
    mumbled = speech((1.0, 3.3), (50.0, 50.3))

    hits = judge(RULES, talk(number_unheard, agent_voice=heard)).hits
    assert [hit.rule for hit in hits] == ["agent_number"]
    assert judge(RULES, talk(number_unheard, agent_voice=mumbled)).hits == ()


def test_what_was_not_understood_elsewhere_excuses_nothing() -> None:
    late = [*words("您好", 1.0), *CLOSED]
    mumbled_later = speech((1.0, 1.3), (20.0, 22.0), (50.0, 50.3))

    hits = judge(RULES, talk(late, agent_voice=mumbled_later)).hits
    assert [hit.rule for hit in hits] == ["agent_number"]


def test_breath_beside_the_words_excuses_nothing() -> None:
    late = [*words("您好", 1.0), *CLOSED]
    breathed = speech((0.6, 1.7), (50.0, 50.3))

    hits = judge(RULES, talk(late, agent_voice=breathed)).hits
    assert [hit.rule for hit in hits] == ["agent_number"]
