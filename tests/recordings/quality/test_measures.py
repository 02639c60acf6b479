"""Silence, talk-over, speed, loudness, holds and the end."""

import pytest

from recordings.quality.judging import judge
from recordings.quality.talk import Hit, Talk, Voice
from recordings.recogniser import Word
from telephony.calls.events import EndedBy
from tests.support.quality_talks import pack, speech, talk, words

RULES = pack("""
language: zh
silence: {most_share: 0.4, least_s: 20}
talk_over: {most_share: 0.1, least_s: 3, severity: 2}
speed: {least_per_min: 120, most_per_min: 300}
loudness: {least_dbfs: -38, most_dbfs: -14, most_apart_db: 15}
hold: {most_s: 60}
hung_up: {severity: 3, unless: [再见]}
""")


def hits(given: Talk) -> list[Hit]:
    return list(judge(RULES, given).hits)


def voices(agent: Voice, caller: Voice, **other: object) -> Talk:
    return talk(agent_voice=agent, caller_voice=caller, **other)  # type: ignore[arg-type]


def test_silence_is_what_neither_speaks_and_no_hold_covers() -> None:
    given = voices(speech((0, 10)), speech((10, 20)), holds=[(20.0, 30.0)])

    [hit] = hits(given)

    assert (hit.rule, hit.start_s, hit.end_s) == ("silence", 30.0, 60.0)
    assert hit.facts == {"share": pytest.approx(0.6), "most": 0.4, "seconds": 30.0}


def test_short_talk_may_be_silent_for_half_of_its_time() -> None:
    assert hits(voices(speech((0, 8)), speech((9, 12)), duration_s=25.0)) == []


def test_agent_who_begins_while_the_caller_speaks_talks_over() -> None:
    [hit] = hits(voices(speech((16, 40)), speech((0, 20), (41, 60))))

    assert (hit.rule, hit.start_s, hit.end_s) == ("talk_over", 16.0, 20.0)
    assert hit.severity == 2


def test_agent_who_was_first_is_interrupted_and_does_not_interrupt() -> None:
    assert hits(voices(speech((0, 40)), speech((16, 60)))) == []


def test_speed_is_counted_in_characters_of_the_speech_alone() -> None:
    quick = [Word("一二三", at * 0.5, at * 0.5 + 0.5, 1.0) for at in range(20)]
    pauses = [Word("一二三", at * 3.0, at * 3.0 + 0.75, 1.0) for at in range(20)]

    [hit] = hits(talk(quick))

    assert hit.rule == "speed"
    assert hit.facts["per_min"] == pytest.approx(360)
    assert hits(talk(pauses)) == []


def test_few_words_have_no_speed() -> None:
    assert hits(talk(words("您 好 先 生"))) == []


@pytest.mark.parametrize(
    ("agent_dbfs", "caller_dbfs", "broken"),
    [(-26, -26, False), (-40, -30, True), (-12, -20, True), (-20, -36, True), (-30, -22, False)],
)
def test_loudness_of_the_agent_alone_and_beside_the_caller(
    agent_dbfs: float, caller_dbfs: float, *, broken: bool
) -> None:
    agent = speech((0, 30), level_dbfs=agent_dbfs)
    caller = speech((30, 60), level_dbfs=caller_dbfs)

    assert [hit.rule for hit in hits(voices(agent, caller))] == ["loudness"] * broken


def test_each_long_hold_is_a_hit_of_its_own() -> None:
    found = hits(talk(duration_s=300.0, holds=[(10, 40), (50, 120), (130, 200)]))

    assert [(hit.rule, hit.start_s) for hit in found] == [("hold", 50), ("hold", 130)]


def test_agent_who_hangs_up_without_goodbye_is_hit() -> None:
    assert [hit.rule for hit in hits(talk(ended_by=EndedBy.AGENT))] == ["hung_up"]
    assert hits(talk(ended_by=EndedBy.CALLER)) == []


def test_goodbye_of_either_side_shortly_before_makes_hanging_up_polite() -> None:
    late, early = words("再见", 55.0), words("再见", 5.0)

    assert hits(talk(late, ended_by=EndedBy.AGENT)) == []
    assert hits(talk(caller=late, ended_by=EndedBy.AGENT)) == []
    assert [hit.rule for hit in hits(talk(early, ended_by=EndedBy.AGENT))] == ["hung_up"]


def test_talk_without_voices_is_judged_by_the_rest() -> None:
    verdict = judge(RULES, talk(holds=[(0, 70)], duration_s=80.0))

    assert [hit.rule for hit in verdict.hits] == ["hold"]
    assert verdict.measures.silence_share is None
    assert verdict.measures.longest_hold_s == 70
