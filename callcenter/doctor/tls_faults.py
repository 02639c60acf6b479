"""Certificates that `check` complains of, and with which `serve` does not start."""

from collections.abc import Iterable

from callcenter.configuration.settings import Settings
from telephony.sip.sockets.tls import UnusableCertificate, certificate_ends_at


def tls_faults(settings: Settings) -> Iterable[str]:
    """Certificate files that no phone would accept."""
    files = settings.tls_files()
    if files is None:
        return
    try:
        certificate_ends_at(files)
    except UnusableCertificate as error:
        yield f"sip.tls: {error}"
