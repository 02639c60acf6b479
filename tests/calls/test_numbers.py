"""One caller, one number, however the trunk writes it."""

import pytest

from telephony.calls.numbers import ANONYMOUS, MAX_LENGTH, normalise


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("+8613900000001", "+8613900000001"),
        ("008613900000001", "+8613900000001"),
        ("8613900000001", "+8613900000001"),
        ("13900000001", "+8613900000001"),
        ("+86 139-0000-0001", "+8613900000001"),
        ("01012345678", "+861012345678"),
        ("0044 20 7946 0000", "+442079460000"),
        ("+442079460000;cpc=ordinary", "+442079460000"),
        ("anonymous", ANONYMOUS),
        ("Anonymous", ANONYMOUS),
        ("", ANONYMOUS),
        ("1001", "1001"),
        ("agent0001", "agent0001"),
    ],
)
def test_number_is_written_as_e164(raw: str, expected: str) -> None:
    assert normalise(raw, "86") == expected


def test_number_that_is_normal_stays_as_it_is() -> None:
    assert normalise(normalise("13900000001", "86"), "86") == "+8613900000001"


def test_what_no_database_could_keep_is_left_out() -> None:
    assert normalise("li\x00na\ud800\n", "86") == "lina"
    assert normalise("x" * 5000, "86") == "x" * MAX_LENGTH
    assert normalise("\x00", "86") == ANONYMOUS
