"""What the audit calls an action has words in Chinese on its page."""

import re
from pathlib import Path

import pytest

import callcenter
import wallboard
from callcenter.actions.accounts import PLAIN
from wallboard.commands import RecordingVerb, TalkVerb

CODE = sorted(Path(callcenter.__file__).parent.rglob("*.py"))
PAGE = Path(wallboard.__file__).with_name("static") / "audit" / "audit.js"
BY = r"(?:(?:\w+\.)?by|terminal\(\))"
CALLED = re.compile(
    rf'ActionTaken\(\s*{BY}, "([a-z\' -]+)"'
    rf'|{BY}, "([a-z\' -]+)"'
    r'|^(?:ACTION|RESCORED) = "([a-z ]+)"$',
    re.MULTILINE,
)


def actions() -> set[str]:
    texts = [path.read_text(encoding="utf-8") for path in CODE]
    found = {"".join(match.groups("")) for text in texts for match in CALLED.finditer(text)}
    return found | {*RecordingVerb, *TalkVerb, *PLAIN.values()}


@pytest.mark.parametrize("action", sorted(actions()))
def test_action_has_its_chinese_words(action: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert re.search(rf'[ {{]"?{re.escape(action)}"?: "[\u4e00-\u9fff]+"', page)
