import pytest

from recordings.error_rate import ErrorRate, compare, edit_distance, micro_average


def test_punctuation_and_capitals_are_not_errors() -> None:
    assert compare("Hello, my name is O'Neil!", "hello my name is o'neil", "en") == ErrorRate(0, 5)


def test_chinese_is_counted_by_characters_however_words_are_cut() -> None:
    assert compare("您好，我要退款。", "您好 我 要 退货", "zh") == ErrorRate(1, 6)


@pytest.mark.parametrize(
    ("said", "heard", "errors"),
    [
        ("a b c", "a b c", 0),
        ("a b c", "a x c", 1),
        ("a b c", "a c", 1),
        ("a b c", "a b b c", 1),
        ("a b c", "", 3),
        ("kitten".replace("", " "), "sitting".replace("", " "), 3),
    ],
)
def test_errors_are_the_fewest_changes(said: str, heard: str, errors: int) -> None:
    assert compare(said, heard, "en").errors == errors
    assert edit_distance(heard.split(), said.split()) == errors


def test_words_heard_on_a_silent_side_count_in_the_average() -> None:
    caller = compare("one two three four", "one two three four", "en")
    agent = compare("", "yes no", "en")

    assert agent.rate == float("inf")
    assert micro_average([caller, agent]) == ErrorRate(2, 4)
    assert str(caller + agent) == "50.0 % (2/4)"


def test_silence_heard_as_silence_is_perfect() -> None:
    assert micro_average([]).rate == compare("", "", "zh").rate == 0.0
