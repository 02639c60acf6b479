"""Moods: two signs make a mark, against the speaker's own base line, and each sign is named."""

from recordings.quality.judging import judge
from recordings.quality.talk import Mark, Stretch, Voice
from recordings.recogniser import Word
from telephony.calls.events import Side
from tests.support.quality_talks import pack, talk, voice

RULES = pack("""
language: zh
emotion: {severity: 2, upset: [生气], pleased: [太好了], pitch_up_st: 3, level_up_db: 5}
""")
CALM = [Stretch(at * 5.0, at * 5.0 + 2, 120.0, -26.0) for at in range(5)]
LOUD_AND_HIGH = Stretch(30.0, 32.0, 160.0, -18.0)


def said(text: str, stretch: Stretch) -> list[Word]:
    step_s = (stretch.end_s - stretch.start_s) / len(text)
    return [
        Word(one, stretch.start_s + at * step_s, stretch.start_s + (at + 1) * step_s, 1.0)
        for at, one in enumerate(text)
    ]


def calm_words() -> list[Word]:
    return [word for stretch in CALM for word in said("我的订单还没到", stretch)]


def marks(side: Side, last: Stretch, text: str, base: list[Stretch] = CALM) -> tuple[Mark, ...]:
    sound: Voice = voice([*base, last])
    heard = [*(calm_words() if base else []), *said(text, last)]
    if side is Side.AGENT:
        given = talk(heard, agent_voice=sound, caller_voice=voice())
    else:
        given = talk([], heard, caller_voice=sound, agent_voice=voice())
    return judge(RULES, given).marks


def test_louder_and_higher_than_oneself_is_upset() -> None:
    [mark] = marks(Side.CALLER, LOUD_AND_HIGH, "我的订单还没到")

    assert (mark.mood, mark.start_s, mark.end_s) == ("upset", 30.0, 32.0)
    assert [(sign.name, round(float(sign.value))) for sign in mark.signs] == [
        ("pitch", 5),
        ("level", 8),
    ]


def test_one_sign_of_the_voice_alone_marks_nothing() -> None:
    assert marks(Side.CALLER, Stretch(30.0, 32.0, 160.0, -26.0), "我的订单还没到") == ()


def test_loud_and_high_by_nature_is_no_mood() -> None:
    base = [Stretch(s.start_s, s.end_s, 160.0, -18.0) for s in CALM]

    assert marks(Side.CALLER, LOUD_AND_HIGH, "我的订单还没到", base) == ()


def test_callers_words_are_enough() -> None:
    calm = Stretch(30.0, 32.0, 120.0, -26.0)

    assert [mark.mood for mark in marks(Side.CALLER, calm, "我很生气")] == ["upset"]
    assert [mark.mood for mark in marks(Side.CALLER, calm, "太好了")] == ["pleased"]


def test_agents_words_are_not_enough_for_agents_speak_of_callers_feelings() -> None:
    calm = Stretch(30.0, 32.0, 120.0, -26.0)

    assert marks(Side.AGENT, calm, "您别生气") == ()
    assert [s.name for m in marks(Side.AGENT, LOUD_AND_HIGH, "我很生气") for s in m.signs] == [
        "words",
        "pitch",
        "level",
    ]


def test_without_a_base_line_voice_says_nothing() -> None:
    assert marks(Side.CALLER, LOUD_AND_HIGH, "我的订单", base=[]) == ()


def test_upset_agent_breaks_the_rule_and_an_upset_caller_does_not() -> None:
    sound = voice([*CALM, LOUD_AND_HIGH])
    heard = [*calm_words(), *said("我的订单还没到", LOUD_AND_HIGH)]

    agent = judge(RULES, talk(heard, agent_voice=sound, caller_voice=voice()))
    caller = judge(RULES, talk([], heard, agent_voice=voice(), caller_voice=sound))

    assert [(hit.rule, hit.penalty) for hit in agent.hits] == [("emotion", 8.0)]
    assert caller.hits == ()
    assert len(caller.marks) == 1


def test_outburst_over_two_stretches_is_one_mark() -> None:
    second = Stretch(32.5, 34.0, 170.0, -18.0)
    sound = voice([*CALM, LOUD_AND_HIGH, second])
    heard = [*calm_words(), *said("我的订单还没到", LOUD_AND_HIGH)]

    [mark] = judge(RULES, talk([], heard, agent_voice=voice(), caller_voice=sound)).marks

    assert (mark.start_s, mark.end_s) == (30.0, 34.0)
    assert round(float(mark.signs[0].value), 1) == 6.0
