"""Reading once what comes again, and forgetting what is too long to be a phone's."""

import pytest

from telephony.sip.wording.errors import SipParseError
from telephony.sip.wording.headers import NameAddr
from telephony.sip.wording.remembered import LONGEST, remembered


@pytest.fixture
def read() -> list[str]:
    return []


def test_a_text_is_read_once_and_a_long_one_each_time(read: list[str]) -> None:
    @remembered(2)
    def length(text: str) -> int:
        read.append(text)
        return len(text)

    short, long = "a" * LONGEST, "b" * (LONGEST + 1)
    assert [length(short), length(short)] == [LONGEST] * 2
    assert [length(long), length(long)] == [LONGEST + 1] * 2
    assert read == [short, long, long]


def test_of_many_texts_the_latest_are_known(read: list[str]) -> None:
    @remembered(2)
    def itself(text: str) -> str:
        read.append(text)
        return text

    for text in ("a", "b", "a", "c", "b"):
        itself(text)
    assert read == ["a", "b", "c", "b"]


def test_what_cannot_be_read_is_refused_each_time() -> None:
    for _ in range(2):
        with pytest.raises(SipParseError, match="closing angle bracket"):
            NameAddr.parse("<sip:8000@192.0.2.1")
