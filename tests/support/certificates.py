"""Certificates for tests, made by the openssl command; no such file is kept in the project."""

import subprocess
from pathlib import Path

from telephony.sip.sockets.tls import TlsFiles
from tests.support.programs import need_program


def make_certificate(
    folder: Path, name: str = "hotline", days: int = 2, password: str = ""
) -> TlsFiles:
    """A self-signed pair for 127.0.0.1, ::1 and localhost."""
    openssl = need_program("openssl", "openssl")
    files = TlsFiles(folder / f"{name}.pem", folder / f"{name}.key")
    subprocess.run(
        [
            openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            *(["-passout", f"pass:{password}"] if password else ["-nodes"]),
            "-days", str(days), "-subj", f"/CN={name}",
            "-addext", "subjectAltName=IP:127.0.0.1,IP:::1,DNS:localhost",
            "-keyout", files.key, "-out", files.certificate,
        ],
        check=True, capture_output=True, timeout=30,
    )  # fmt: skip
    return files


def let_expire(files: TlsFiles) -> None:
    """Sign the certificate again, for a day that is over."""
    openssl = need_program("openssl", "openssl")
    subprocess.run(
        [
            openssl, "x509", "-in", files.certificate, "-signkey", files.key, "-days", "-1",
            "-out", files.certificate.with_suffix(".old"),
        ],
        check=True, capture_output=True, timeout=30,
    )  # fmt: skip
    files.certificate.with_suffix(".old").replace(files.certificate)
