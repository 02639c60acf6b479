"""What `callcenter check` and `serve` say about certificate files."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from callcenter.__main__ import command_line
from foundation.clock import utc_now
from telephony.sip.sockets.tls import ServerTls, TlsFiles, UnusableCertificate, certificate_ends_at
from tests.support.certificates import let_expire, make_certificate

pytestmark = pytest.mark.e2e

CENTRE = """\
sip: {listen: ["tls:127.0.0.1:5061"], tls: {certificate: hotline.pem, key: hotline.key}}
recordings: {transcribe: false}
"""


def check(folder: Path) -> str:
    (folder / "callcenter.yaml").write_text(CENTRE)
    result = CliRunner().invoke(command_line(["check"]), ["check", str(folder)])
    assert result.exit_code == (0 if "in order" in result.output else 1)
    return " ".join(result.output.split())


def test_the_end_of_a_good_certificate_is_told(tmp_path: Path) -> None:
    files = make_certificate(tmp_path, days=2)
    left = certificate_ends_at(files) - utc_now()
    assert timedelta(days=1, hours=23) < left <= timedelta(days=2)
    assert f"until {certificate_ends_at(files):%Y-%m-%d}" in check(tmp_path)


def test_files_that_are_not_there_are_named(tmp_path: Path) -> None:
    assert "hotline.pem: No such file or directory" in check(tmp_path)


def test_a_key_of_another_certificate_is_found(tmp_path: Path) -> None:
    make_certificate(tmp_path)
    other = make_certificate(tmp_path, "other")
    shutil.copy(other.key, tmp_path / "hotline.key")
    assert "are no pair: KEY_VALUES_MISMATCH" in check(tmp_path)


def test_what_is_no_certificate_is_found(tmp_path: Path) -> None:
    make_certificate(tmp_path)
    (tmp_path / "hotline.pem").write_text("no certificate")
    assert "are no pair: " in check(tmp_path)


def test_a_certificate_that_has_expired_is_found(tmp_path: Path) -> None:
    let_expire(make_certificate(tmp_path))
    assert "certificate has expired" in check(tmp_path)


def test_a_key_with_a_password_is_refused_and_asks_nobody(tmp_path: Path) -> None:
    files = make_certificate(tmp_path, password="secret")
    with pytest.raises(UnusableCertificate):
        certificate_ends_at(files)


def test_a_bad_pair_leaves_the_certificate_before_in_place(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = make_certificate(tmp_path)
    tls = ServerTls(files)
    assert not tls.refresh(), "nothing has changed"
    files.certificate.write_text("half a cert")
    assert not tls.refresh()
    assert "the certificate before stays" in caplog.text
    make_certificate(tmp_path)
    assert tls.refresh()


def test_files_that_come_later_are_taken_up(tmp_path: Path) -> None:
    tls = ServerTls(TlsFiles(tmp_path / "hotline.pem", tmp_path / "hotline.key"))
    make_certificate(tmp_path)
    assert tls.refresh()
