"""DTLS for SRTP's keys (RFC 5763, 5764): one handshake, then nothing more is said by it.

    NEW ── ClientHello, or our own ──▶ SHAKING ── Finished ──▶ DONE(keys)
                                          └── alert, another certificate ──▶ FAILED

OpenSSL does the work (`pyOpenSSL`), with datagrams in and out as bytes. It repeats its flights by
its own timer, whose end we are told and at which `tick` must come. The peer's certificate is worth
its fingerprint in the session description, and no more: there is nobody who signed it.
"""

import hashlib
import hmac
import os
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from foundation.clock import utc_now

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from OpenSSL.SSL import Connection, Context

IS_INSTALLED = find_spec("OpenSSL") is not None

PROFILE = b"SRTP_AES128_CM_SHA1_80"
"The one that every browser has."
EXPORTER = b"EXTRACTOR-dtls_srtp"
KEY_BYTES, SALT_BYTES = 16, 14
MTU = 1200
"Of what we send, the largest that passes any tunnel."
GIVE_UP_S = 30.0
_RECORD_HEADER = 13
_MOST_WAITING = 1 << 16
_VALID_FOR = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """a=fingerprint: a hash of a certificate (RFC 8122 section 5)."""

    algorithm: str
    digest: bytes

    @classmethod
    def parse(cls, value: str) -> "Fingerprint | None":
        """None for a hash that is not known here, or weak."""
        algorithm, _space, text = value.strip().partition(" ")
        algorithm = algorithm.lower()
        if algorithm not in _HASHES:
            return None
        try:
            digest = bytes.fromhex(text.replace(":", ""))
        except ValueError:
            return None
        is_whole = len(digest) == hashlib.new(_HASHES[algorithm]).digest_size
        return cls(algorithm, digest) if is_whole else None

    def __str__(self) -> str:
        return f"{self.algorithm} {self.digest.hex(':').upper()}"

    def is_of(self, der: bytes) -> bool:
        found = hashlib.new(_HASHES[self.algorithm], der).digest()
        return hmac.compare_digest(found, self.digest)


_HASHES = {"sha-256": "sha256", "sha-384": "sha384", "sha-512": "sha512"}


@dataclass(frozen=True, slots=True)
class Identity:
    """Our certificate with its key, one for all legs; PEM, the key first."""

    pem: bytes = field(repr=False)

    @classmethod
    def make(cls) -> "Identity":
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec

        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "callcenter")])
        now = utc_now()
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + _VALID_FOR)
            .sign(key, hashes.SHA256())
        )
        encoding = serialization.Encoding.PEM
        private = key.private_bytes(
            encoding,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return cls(private + certificate.public_bytes(encoding))

    @classmethod
    def kept_in(cls, file: Path) -> "Identity":
        """Made by whoever comes first; descriptions of a leg must not change with a restart."""
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            own = file.with_name(f"{file.name}.{os.getpid()}")
            with os.fdopen(os.open(own, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as out:
                out.write(cls.make().pem)
            with suppress(FileExistsError):  # another worker was quicker
                os.link(own, file)
            own.unlink()
        return cls(file.read_bytes())

    @property
    def certificate(self) -> "Certificate":
        from cryptography import x509

        return x509.load_pem_x509_certificate(self.pem)

    @property
    def fingerprint(self) -> Fingerprint:
        return _fingerprint(self)


class Role(Enum):
    """Who begins the handshake (a=setup)."""

    CLIENT = "active"
    SERVER = "passive"


@dataclass(frozen=True, slots=True)
class SrtpKeys:
    """Master key and salt of either direction. `repr` is without them."""

    ours: bytes
    theirs: bytes

    def __repr__(self) -> str:
        return "SrtpKeys(…)"


class Handshake:
    """One association; datagrams in, datagrams out."""

    def __init__(self, identity: Identity, role: Role, expected: Fingerprint) -> None:
        from OpenSSL import SSL

        self.keys: SrtpKeys | None = None
        self.failure = ""
        "Why there will be no keys."
        self.deadline: float | None = None
        "None before anything was said: a call may ring for long before its peer begins."
        self.has_started = False
        self.expected = expected
        self.role = role
        self._give_up_at = 0.0
        self._ssl: Connection = SSL.Connection(_context(identity), None)
        self._ssl.set_ciphertext_mtu(MTU)
        if role is Role.CLIENT:
            self._ssl.set_connect_state()
        else:
            self._ssl.set_accept_state()

    @property
    def is_over(self) -> bool:
        return self.keys is not None or bool(self.failure)

    def is_spent(self, now: float) -> bool:
        """There are keys, and no peer repeats its flights any more."""
        return self.keys is not None and now >= self._give_up_at

    def start(self, now: float) -> list[bytes]:
        """Our ClientHello; a server waits for the peer's."""
        self.has_started = True
        return self._step(now) if self.role is Role.CLIENT else []

    def feed(self, datagram: bytes, now: float) -> list[bytes]:
        """After the end too: a peer that missed our last flight repeats its own."""
        if self.failure or not datagram:
            return []
        self._ssl.bio_write(datagram)
        return self._step(now)

    def tick(self, now: float) -> list[bytes]:
        """The deadline has come: a flight is repeated, or the waiting is over."""
        if self.is_over or self.deadline is None or now < self.deadline:
            return []
        if now >= self._give_up_at:
            self._fail("nobody has answered")
            return []
        from OpenSSL import SSL

        with suppress(SSL.Error):
            self._ssl.DTLSv1_handle_timeout()
        return self._sent(now)

    def _step(self, now: float) -> list[bytes]:
        from OpenSSL import SSL

        self._give_up_at = self._give_up_at or now + GIVE_UP_S
        try:
            if self.keys is None:
                self._ssl.do_handshake()
                self._finish()
            else:
                self._ssl.recv(1)  # nothing is said here, but repetitions are answered
        except SSL.WantReadError:
            pass
        except (SSL.ZeroReturnError, SSL.SysCallError):
            # The end of a call is told by SIP; until then a bye of DTLS changes nothing.
            if self.keys is None:
                self._fail("the peer has hung up")
        except SSL.Error as error:
            if self.keys is None:
                self._fail(f"refused: {error}")
        return self._sent(now)

    def _finish(self) -> None:
        peer = self._ssl.get_peer_certificate(as_cryptography=True)
        if peer is None or not self.expected.is_of(_der(peer)):
            self._fail("the certificate is not the one of the session description")
        elif self._ssl.get_selected_srtp_profile() != PROFILE:
            self._fail(f"the peer does not know {PROFILE.decode()}")
        else:
            self.keys = self._export()
            self.deadline = None

    def _export(self) -> SrtpKeys:
        """RFC 5764 section 4.2: both keys, then both salts, the client's first."""
        material = self._ssl.export_keying_material(EXPORTER, 2 * (KEY_BYTES + SALT_BYTES))
        salts = material[2 * KEY_BYTES :]
        client = material[:KEY_BYTES] + salts[:SALT_BYTES]
        server = material[KEY_BYTES : 2 * KEY_BYTES] + salts[SALT_BYTES:]
        return SrtpKeys(client, server) if self.role is Role.CLIENT else SrtpKeys(server, client)

    def _fail(self, failure: str) -> None:
        self.failure = failure
        self.deadline = None

    def _sent(self, now: float) -> list[bytes]:
        from OpenSSL import SSL

        try:
            flight = self._ssl.bio_read(_MOST_WAITING)
        except SSL.WantReadError:
            flight = b""
        if not self.is_over:
            repeat_s = self._ssl.DTLSv1_get_timeout()
            repeat_at = self._give_up_at if repeat_s is None else now + repeat_s
            self.deadline = min(repeat_at, self._give_up_at)
        return datagrams(flight)


def datagrams(flight: bytes) -> list[bytes]:
    """Whole records, as many as fit into one datagram: OpenSSL gives a flight as one piece."""
    sent: list[bytes] = []
    while flight:
        size = _RECORD_HEADER + int.from_bytes(flight[11:13], "big")
        record, flight = flight[:size], flight[size:]
        if sent and len(sent[-1]) + len(record) <= MTU:
            sent[-1] += record
        else:
            sent.append(record)
    return sent


def load() -> None:
    """Ahead of the first call: no talk should wait the 30 ms that the libraries take (and 8 MB)."""
    if IS_INSTALLED:
        import OpenSSL.SSL  # noqa: F401


def _der(certificate: "Certificate") -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.DER)


@cache
def _fingerprint(identity: Identity) -> Fingerprint:
    return Fingerprint("sha-256", hashlib.sha256(_der(identity.certificate)).digest())


@cache
def _context(identity: Identity) -> "Context":
    from cryptography.hazmat.primitives import serialization
    from OpenSSL import SSL

    context = SSL.Context(SSL.DTLS_METHOD)
    # Any certificate passes here: whether it is the right one is seen when it is there.
    context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_: True)
    context.set_options(SSL.OP_NO_QUERY_MTU | SSL.OP_NO_RENEGOTIATION)
    context.use_certificate(identity.certificate)
    key = serialization.load_pem_private_key(identity.pem, None)
    context.use_privatekey(key)  # type: ignore[arg-type]  # of a kind that we made ourselves
    context.set_tlsext_use_srtp(PROFILE)
    context.set_cipher_list(b"ECDHE+AESGCM:ECDHE+CHACHA20")
    return context
