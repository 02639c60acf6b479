"""The form's file: ours is right, mistakes are told, a spoilt one changes nothing."""

from pathlib import Path

import pytest

from foundation.errors import ConfigurationError
from recordings.inspection.form import OURS, PLACE, FormBook, parse_form, read_form

ONE = "items: [{id: a, points: 5, en: A, zh: 甲}]"


def test_ours_has_a_hundred_points() -> None:
    assert parse_form(OURS.read_text(encoding="utf-8"), "ours").most == 100


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("items: []", "items: "),
        ("items: [{id: a, points: 0, en: A, zh: 甲}]", "items.0.points"),
        ("items: [{id: a, points: 5, en: A}]", "items.0.zh"),
        ("items: [{id: 1a, points: 5, en: A, zh: 甲}]", "items.0.id"),
        ("what: 1", "items: Field required"),
        ("items: [", "rules"),
        (ONE + "\nfatal: [{id: a, en: A, zh: 甲}]", "'a' is there twice"),
    ],
)
def test_mistakes_are_told_with_their_place(text: str, problem: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        parse_form(text, str(PLACE))
    assert problem in str(error.value)


def test_a_centres_own_form_goes_first_and_a_spoilt_one_leaves_it(tmp_path: Path) -> None:
    assert read_form(tmp_path).version == parse_form(OURS.read_text(encoding="utf-8"), "").version
    book = FormBook(tmp_path)
    file = tmp_path / PLACE
    file.parent.mkdir()
    file.write_text(ONE, encoding="utf-8")
    assert [item.id for item in book.form().written.items] == ["a"]
    file.write_text("items: [", encoding="utf-8")
    assert [item.id for item in book.form().written.items] == ["a"]


def test_words_change_the_version() -> None:
    assert parse_form(ONE, "").version != parse_form(ONE.replace("en: A", "en: B"), "").version
