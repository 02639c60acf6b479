"""Certificates for tests, made by the openssl command; no such file is kept in the project."""

import subprocess
from pathlib import Path

from telephony.sip.tls import TlsFiles
from tests.support.programs import need_program


def make_certificate(folder: Path, name: str = "hotline", days: int = 2) -> TlsFiles:
    """A self-signed pair for 127.0.0.1, ::1 and localhost."""
    openssl = need_program("openssl", "openssl")
    files = TlsFiles(folder / f"{name}.pem", folder / f"{name}.key")
    subprocess.run(
        [
            openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-days", str(days), "-subj", f"/CN={name}",
            "-addext", "subjectAltName=IP:127.0.0.1,IP:::1,DNS:localhost",
            "-keyout", files.key, "-out", files.certificate,
        ],
        check=True, capture_output=True, timeout=30,
    )  # fmt: skip
    return files
