"""TLS on SIP's connections: contexts, and a certificate that changes without a restart.

The context of a listener lives as long as the listener; a new certificate is loaded into it and
serves the next handshake, while connections that are up keep the one they began with. Files that
can't be used leave the old certificate in place.
"""

import logging
import ssl
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from foundation.errors import ResourceError

log = logging.getLogger(__name__)

HANDSHAKE_ROUNDS = 8
"Two are enough for TLS 1.3, four for 1.2."
State = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Both PEM; the certificate's file holds the chain, our own first. The key has no password."""

    certificate: Path
    key: Path


class UnusableCertificate(ResourceError):
    """The files are not there, not PEM, or do not belong together."""


class ServerTls:
    """The context of all TLS listeners, kept up to date by `refresh`."""

    def __init__(self, files: TlsFiles) -> None:
        self._files = files
        self._seen: State | None = None
        self.context = _server_context()
        self.refresh()

    def refresh(self) -> bool:
        """Load the files if they have changed; True when a new certificate serves now.

        Call it every few seconds: it costs two `stat`.
        """
        state = _state_of(self._files)
        if state == self._seen:
            return False
        self._seen = state
        try:
            check_pair(self._files)
            self.context.load_cert_chain(self._files.certificate, self._files.key)
        except (UnusableCertificate, OSError) as error:
            log.error("sip.tls: %s; the certificate before stays", error)
            return False
        log.info("sip.tls: %s is loaded", self._files.certificate.name)
        return True


def check_pair(files: TlsFiles) -> None:
    """Raise `UnusableCertificate` unless a server could start with these files."""
    for file in (files.certificate, files.key):
        try:
            file.read_bytes()
        except OSError as error:
            raise UnusableCertificate(f"{file}: {error.strerror}") from None
    try:
        _server_context().load_cert_chain(files.certificate, files.key, password=_no_password)
    except ssl.SSLError as error:
        pair = f"{files.certificate} and {files.key}"
        raise UnusableCertificate(f"{pair} are no pair: {error.reason or error}") from None


def certificate_ends_at(files: TlsFiles) -> datetime:
    """When our certificate ends; `UnusableCertificate` when it has, or never serves.

    The standard library reads certificates of peers only, so we shake hands with ourselves. The
    certificate is its own authority there: whether others trust it cannot be told here.
    """
    check_pair(files)
    context = _server_context()
    context.load_cert_chain(files.certificate, files.key, password=_no_password)
    client = ssl.create_default_context(cafile=str(files.certificate))
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    client.check_hostname = False
    try:
        shown = _shake_hands(context, client)
    except ssl.SSLCertVerificationError as error:
        raise UnusableCertificate(f"{files.certificate}: {error.verify_message}") from None
    except ssl.SSLError as error:
        raise UnusableCertificate(f"{files.certificate}: {error.reason or error}") from None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(shown["notAfter"])), UTC)


def _shake_hands(server: ssl.SSLContext, client: ssl.SSLContext) -> dict[str, object]:
    """The certificate that the client sees, read; no socket is used."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    here = client.wrap_bio(to_client, to_server)
    there = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(HANDSHAKE_ROUNDS):
        with suppress(ssl.SSLWantReadError):
            here.do_handshake()
            break
        with suppress(ssl.SSLWantReadError):
            there.do_handshake()
    return dict(here.getpeercert() or {})


def client_context() -> ssl.SSLContext:
    """For connections that we open: the peer must show a certificate of its name."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _no_password() -> str:
    """OpenSSL would ask at the terminal otherwise."""
    return ""


def _state_of(files: TlsFiles) -> State:
    """What changes when a file is replaced or written anew."""
    return tuple(_stamp(file) for file in (files.certificate, files.key))


def _stamp(file: Path) -> tuple[int, int, int]:
    try:
        found = file.stat()
    except OSError:
        return 0, 0, 0
    return found.st_mtime_ns, found.st_ino, found.st_size
