"""Codes of authenticator apps: RFC 6238's own vectors, the window, each code once."""

import base64

import pytest

from foundation.web import totp

RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("at_s", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_are_those_of_rfc_6238_appendix_b(at_s: int, code: str) -> None:
    assert totp.code_at(RFC_SECRET, at_s // 30) == code


@pytest.mark.parametrize(("off_s", "fits"), [(-60, False), (-30, True), (0, True), (30, True)])
def test_code_is_taken_one_step_early_or_late(off_s: int, fits: bool) -> None:
    now_s = 1_234_567_890.0
    code = totp.code_at(RFC_SECRET, int(now_s + off_s) // 30)
    assert (totp.matching_step(RFC_SECRET, f" {code[:3]} {code[3:]} ", now_s) is not None) is fits
    assert totp.matching_step(RFC_SECRET, "nonsense", now_s) is None


def test_each_code_opens_once_and_none_that_is_older() -> None:
    used = totp.UsedSteps(begun_s=3000.0)
    assert not used.take("ann", 100), "a process before this one may have taken it"
    assert used.take("ann", 101)
    assert not used.take("ann", 101)
    assert not used.take("ann", 100)
    assert used.take("bob", 101)


def test_secrets_are_long_and_of_ours_only() -> None:
    assert totp.is_secret(totp.new_secret())
    assert totp.new_secret() != totp.new_secret()
    for other in ("", "AAAA", "not base32!", base64.b32encode(b"short").decode()):
        assert not totp.is_secret(other)


def test_recovery_codes_differ_and_are_known_by_their_hash_however_typed() -> None:
    codes = totp.new_recovery_codes()
    assert len(set(codes)) == totp.RECOVERY_CODES
    assert totp.hash_recovery(f" {codes[0].upper()} ") == totp.hash_recovery(codes[0])


def test_uri_is_what_apps_read() -> None:
    assert totp.uri("ABC", "li na", "my centre") == (
        "otpauth://totp/my%20centre:li%20na?secret=ABC&issuer=my%20centre"
    )
