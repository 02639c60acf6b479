"""What a leg hears: prompts before music, music only while held."""

from foundation.ids import LegId
from telephony.calls.effects import AskMedia
from telephony.calls.hearing import Bed, Hearing
from telephony.media import protocol as media

MUSIC, PROMPT = "music.wav", "prompt.wav"


def said(asks: list[AskMedia]) -> list[str]:
    return [ask.request.items[0] if isinstance(ask.request, media.Play) else "stop" for ask in asks]


def make() -> Hearing:
    return Hearing(LegId("l-1"), [MUSIC])


def play_id_of(asks: list[AskMedia]) -> str:
    request = asks[0].request
    assert isinstance(request, media.Play)
    return request.play_id


def test_hold_plays_music_and_resume_stops_it() -> None:
    hearing = make()
    assert said(hearing.rest_on(Bed.MUSIC)) == [MUSIC]
    assert said(hearing.rest_on(Bed.NOTHING)) == ["stop"]
    assert hearing.rest_on(Bed.NOTHING) == []


def test_prompt_during_hold_is_followed_by_music_again() -> None:
    hearing = make()
    hearing.rest_on(Bed.MUSIC)
    assert said(hearing.play([PROMPT], loop=False)) == [PROMPT]
    assert said(hearing.ended()) == [MUSIC]


def test_hold_during_a_prompt_waits_for_its_end() -> None:
    hearing = make()
    hearing.play([PROMPT], loop=False)
    assert hearing.rest_on(Bed.MUSIC) == []
    assert said(hearing.stop()) == [MUSIC]


def test_resume_during_a_prompt_lets_the_prompt_go_on() -> None:
    hearing = make()
    hearing.rest_on(Bed.MUSIC)
    current = play_id_of(hearing.play([PROMPT], loop=False))
    assert hearing.rest_on(Bed.NOTHING) == []
    assert hearing.is_current(current)
    assert hearing.ended() == []


def test_nothing_is_stopped_that_does_not_play() -> None:
    hearing = make()
    assert hearing.stop() == []
    assert hearing.quiet() == []


def test_bridge_cuts_prompt_and_music_alike() -> None:
    hearing = make()
    hearing.play([PROMPT], loop=True)
    assert said(hearing.quiet()) == ["stop"]
    hearing.rest_on(Bed.MUSIC)
    assert said(hearing.quiet()) == ["stop"]


def test_replaced_prompt_is_current_no_more() -> None:
    hearing = make()
    first = play_id_of(hearing.play([PROMPT], loop=False))
    second = play_id_of(hearing.play([PROMPT], loop=False))
    assert not hearing.is_current(first)
    assert hearing.is_current(second)


def test_failed_prompt_counts_as_ended_but_a_failed_loop_does_not() -> None:
    hearing = make()
    prompt = play_id_of(hearing.play([PROMPT], loop=False))
    assert hearing.failed(prompt)
    loop = play_id_of(hearing.play([PROMPT], loop=True))
    assert not hearing.failed(loop)


def test_music_that_media_cannot_play_is_silence_and_not_the_other_side() -> None:
    hearing = make()
    music = play_id_of(hearing.rest_on(Bed.MUSIC))
    assert said(hearing.bed_failed(music)) == ["silence:1000"]
    assert hearing.bed_failed(music) == []
    assert hearing.rest_on(Bed.MUSIC) == []
    assert said(hearing.rest_on(Bed.NOTHING)) == ["stop"]
