"""Why an agent is paused or off is told in the reader's language, never by our own code word."""

import re
from pathlib import Path

import pytest

import wallboard
from acd.agent import AWAY, RONA, SIGNED_IN, UNREACHABLE
from callcenter.configuration.settings import Settings

STATIC = Path(wallboard.__file__).with_name("static")
OURS = (AWAY, RONA, SIGNED_IN, UNREACHABLE)


@pytest.mark.parametrize("file", ["texts.js", "console/texts.js"])
def test_every_reason_that_comes_with_us_has_words_in_both_languages(file: str) -> None:
    text = (STATIC / file).read_text(encoding="utf-8")
    for reason in (*OURS, *Settings().pause_reasons):
        said = re.findall(rf'[ {{](?:reason_)?{reason}: "([^"]+)"', text)
        is_chinese = [bool(re.search(r"[\u4e00-\u9fff]", words)) for words in said]
        assert set(is_chinese) == {False, True}, f"{reason}: {said}"
