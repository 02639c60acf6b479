"""ICE as a lite agent does it (RFC 8445): we have one address, the browser does the looking.

    check of the browser's, signed with our password ──▶ success, its address is known
                             with USE-CANDIDATE         ──▶ it is where we send from now on

We send no checks of our own. A browser goes on checking the pair that it chose, also when its
network changes: the last one that it nominated counts.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass, field

from foundation import stun
from telephony.media.packets.latch import Source

USE_CANDIDATE = 0x0025
PRIORITY = 0x0024
ICE_CONTROLLED = 0x8029
BAD_REQUEST, UNAUTHORISED, UNKNOWN, ROLE_CONFLICT = 400, 401, 420, 487
MOST_KNOWN = 16
"Addresses of one browser that passed a check; the oldest is forgotten."
_UNDERSTOOD = frozenset(
    (stun.USERNAME, stun.MESSAGE_INTEGRITY, PRIORITY, USE_CANDIDATE, 0x0014, 0x0015)
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """ice-ufrag and ice-pwd of one side. `repr` is without the password."""

    ufrag: str
    password: str

    def __repr__(self) -> str:
        return f"Credentials({self.ufrag!r})"


def our_credentials(secret: bytes, theirs: str) -> Credentials:
    """New ones whenever the peer's ufrag is (an ICE restart), the same again after ours.

    `theirs`: '' before it is known. 48 and 192 bits (section 5.3 asks for 24 and 128).
    """
    digest = hmac.digest(secret, b"ice " + theirs.encode(), hashlib.sha256)
    # ice-char is that of base64 (RFC 8839 section 5.4).
    text = base64.b64encode(digest[:30]).decode()
    return Credentials(text[:8], text[8:])


@dataclass(slots=True)
class IceLite:
    """The checks of one leg."""

    ours: Credentials
    theirs: Credentials
    nominated: Source | None = None
    "Where the browser wants to be sent to."
    known: list[Source] = field(default_factory=list)
    refused: int = 0

    def renew(self, ours: Credentials, theirs: Credentials) -> None:
        """A restart goes on with the old pair until the browser has nominated another."""
        self.ours, self.theirs = ours, theirs

    def feed(self, data: bytes, source: Source) -> bytes | None:
        """The answer to what came; None for what is no check."""
        asked = stun.Message.parse(data)
        if asked is None or asked.kind != stun.BINDING_REQUEST or asked.is_classic:
            return None
        refusal = self._refusal(asked)
        if refusal is not None:
            self.refused += 1
            return stun.build(stun.BINDING_ERROR, asked.transaction, refusal, self._key(asked))
        self._passed(source, nominates=asked.find(USE_CANDIDATE) is not None)
        seen = stun.xor_mapped_address(*source, asked.transaction)
        attributes = [(stun.XOR_MAPPED_ADDRESS, seen)]
        return stun.build(stun.BINDING_SUCCESS, asked.transaction, attributes, self._password)

    @property
    def _password(self) -> bytes:
        return self.ours.password.encode()

    def _key(self, asked: stun.Message) -> bytes:
        """Whoever does not know our password gets nothing that is signed with it."""
        return self._password if asked.is_signed_by(self._password) else b""

    def _refusal(self, asked: stun.Message) -> list[stun.Attribute] | None:
        username = asked.find(stun.USERNAME)
        if username is None or asked.find(stun.MESSAGE_INTEGRITY) is None:
            return [stun.error_code(BAD_REQUEST)]
        ours, _colon, _theirs = username.partition(b":")
        if ours != self.ours.ufrag.encode() or not asked.is_signed_by(self._password):
            return [stun.error_code(UNAUTHORISED)]
        unknown = asked.not_understood(_UNDERSTOOD)
        if unknown:
            return [stun.error_code(UNKNOWN), stun.unknown_attributes(unknown)]
        if asked.find(ICE_CONTROLLED) is not None:
            return [stun.error_code(ROLE_CONFLICT)]  # a lite agent never controls (section 6.1.1)
        return None

    def _passed(self, source: Source, *, nominates: bool) -> None:
        if source not in self.known:
            self.known = [*self.known[1 - MOST_KNOWN :], source]
        if nominates:
            self.nominated = source
