"""When an answer begins and ends; blocks of 100 ms as lists of levels."""

import math

import numpy as np
import pytest

from recordings.following.endpoint import Endpoint, EndpointOptions, State, level_dbov

QUIET, LOUD = -58.0, -28.0
OPTIONS = EndpointOptions(wait_s=3.0, limit_s=5.0, pause_s=0.7)


def hear(levels: list[float], words_from: int | None = None) -> tuple[State, float]:
    """State and time at the end, or when it is decided."""
    endpoint = Endpoint(OPTIONS)
    for number, level in enumerate(levels):
        has_words = words_from is not None and number >= words_from
        if endpoint.feed(level, 0.1, has_words=has_words) in (State.OVER, State.SILENT):
            return endpoint.state, round(0.1 * (number + 1), 1)
    return endpoint.state, round(0.1 * len(levels), 1)


def test_answer_is_over_when_it_was_quiet_for_the_pause() -> None:
    levels = [QUIET] * 10 + [LOUD] * 10 + [QUIET] * 20
    assert hear(levels, words_from=14) == (State.OVER, 2.7)


def test_breath_between_two_words_is_no_end() -> None:
    levels = [QUIET] * 5 + ([LOUD] * 5 + [QUIET] * 5) * 3
    assert hear(levels, words_from=8)[0] is State.SPEAKING


def test_nothing_said_is_silence_after_the_wait() -> None:
    assert hear([QUIET] * 50) == (State.SILENT, 3.0)


def test_digital_silence_is_silence_too() -> None:
    assert hear([-math.inf] * 50) == (State.SILENT, 3.0)


def test_cough_is_waited_out() -> None:
    levels = [QUIET] * 5 + [LOUD] * 3 + [QUIET] * 50
    assert hear(levels) == (State.SILENT, 3.0)


def test_cough_at_the_end_of_the_wait_does_not_prolong_it_for_ever() -> None:
    levels = [QUIET] * 28 + [LOUD] * 3 + [QUIET] * 50
    assert hear(levels) == (State.SILENT, 3.8)


def test_soft_voice_is_heard_by_its_words() -> None:
    levels = [QUIET] * 40
    assert hear(levels, words_from=10)[0] is State.OVER


def test_who_never_stops_is_cut_at_the_limit() -> None:
    assert hear([QUIET] * 5 + [LOUD, LOUD, QUIET] * 30, words_from=8) == (State.OVER, 5.8)


def test_hum_of_the_line_is_learnt_and_is_no_voice() -> None:
    hum = -45.0
    assert hear([hum] * 60)[0] is State.SILENT
    assert hear([hum] * 20 + [LOUD] * 5 + [hum] * 20, words_from=23)[0] is State.OVER


@pytest.mark.parametrize(("amplitude", "expected"), [(32767, -3.01), (327, -43.0), (0, -math.inf)])
def test_level_of_samples(amplitude: int, expected: float) -> None:
    tone = (amplitude * np.sin(np.arange(800) * np.pi / 4)).astype(np.int16)
    assert level_dbov(tone) == pytest.approx(expected, abs=0.1)
    assert level_dbov(tone[:0]) == -math.inf


# -- over the question -----------------------------------------------------------------------------

ECHO = -44.0


def over_prompt() -> Endpoint:
    return Endpoint(EndpointOptions(wait_s=3.0, limit_s=5.0, over_prompt=True))


def feed(endpoint: Endpoint, levels: list[float], *, has_words: bool = False) -> State:
    for level in levels:
        endpoint.feed(level, 0.1, has_words=has_words)
    return endpoint.state


def test_who_speaks_over_the_question_has_begun_after_two_tenths_of_a_second() -> None:
    endpoint = over_prompt()
    assert feed(endpoint, [QUIET] * 20 + [LOUD]) is State.WAITING
    assert feed(endpoint, [LOUD]) is State.SPEAKING


def test_echo_of_the_question_is_no_answer() -> None:
    endpoint = over_prompt()
    assert feed(endpoint, [QUIET, ECHO, ECHO] * 20) is State.WAITING
    assert feed(endpoint, [QUIET, ECHO, ECHO] * 20, has_words=True) is State.WAITING


def test_nobody_is_waited_for_before_the_question_is_over() -> None:
    endpoint = over_prompt()
    assert feed(endpoint, [QUIET] * 100) is State.WAITING
    endpoint.prompt_over()
    assert feed(endpoint, [QUIET] * 29) is State.WAITING
    assert feed(endpoint, [QUIET] * 2) is State.SILENT


def test_soft_voice_is_heard_when_the_question_is_over() -> None:
    endpoint = over_prompt()
    endpoint.prompt_over()
    assert feed(endpoint, [QUIET, ECHO], has_words=True) is State.SPEAKING


def test_cough_that_cut_the_question_gives_the_whole_time_to_answer() -> None:
    endpoint = over_prompt()
    assert feed(endpoint, [QUIET] * 50 + [LOUD] * 3) is State.SPEAKING
    endpoint.prompt_over()
    assert feed(endpoint, [QUIET] * 28) is State.WAITING
    assert feed(endpoint, [QUIET] * 3) is State.SILENT
