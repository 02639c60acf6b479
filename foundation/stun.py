"""STUN on the wire (RFC 8489): what SIP's keep-alives and ICE's checks have in common. Pure.

Any bytes give a `Message` or None. Who may ask and what is answered is for those who listen:
`telephony.sip.wording.stun` and `telephony.media.agreeing.ice`.
"""

import hashlib
import hmac
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TypeAlias

MAGIC = 0x2112A442
HEADER_BYTES = 20
BINDING_REQUEST = 0x0001
BINDING_SUCCESS = 0x0101
BINDING_ERROR = 0x0111
MAPPED_ADDRESS = 0x0001
USERNAME = 0x0006
MESSAGE_INTEGRITY = 0x0008
ERROR_CODE = 0x0009
UNKNOWN_ATTRIBUTES = 0x000A
XOR_MAPPED_ADDRESS = 0x0020
FINGERPRINT = 0x8028
MAX_UNKNOWN = 8
_INTEGRITY_BYTES = 4 + 20
_FINGERPRINT_BYTES = 4 + 4
_FINGERPRINT_XOR = 0x5354554E

Attribute: TypeAlias = tuple[int, bytes]
"Kind and value."


@dataclass(frozen=True, slots=True)
class Message:
    """A message whose lengths add up; nothing is proved of who sent it."""

    kind: int
    transaction: bytes
    "With the magic cookie in front; another number there is a client of RFC 3489."
    attributes: tuple[Attribute, ...]
    data: bytes

    @classmethod
    def parse(cls, data: bytes) -> "Message | None":
        if len(data) < HEADER_BYTES or len(data) % 4 or data[0] > 3:
            return None
        kind, length = struct.unpack_from("!HH", data)
        attributes = _attributes(data)
        if attributes is None or length != len(data) - HEADER_BYTES:
            return None
        return cls(kind, data[4:HEADER_BYTES], attributes, data)

    @property
    def is_classic(self) -> bool:
        return not self.transaction.startswith(MAGIC.to_bytes(4, "big"))

    def find(self, kind: int) -> bytes | None:
        return next((value for name, value in self.attributes if name == kind), None)

    def not_understood(self, understood: frozenset[int]) -> list[int]:
        """Kinds below 0x8000, which must be understood and are not."""
        kinds = (kind for kind, _ in self.attributes)
        return [kind for kind in kinds if kind < 0x8000 and kind not in understood][:MAX_UNKNOWN]

    def is_signed_by(self, password: bytes) -> bool:
        """MESSAGE-INTEGRITY (section 14.5): all before it, as if it were the last."""
        at = HEADER_BYTES
        for kind, value in self.attributes:
            if kind == MESSAGE_INTEGRITY:
                return hmac.compare_digest(value, _signature(self.data[:at], password))
            at += 4 + _padded(len(value))
        return False


def _attributes(data: bytes) -> tuple[Attribute, ...] | None:
    """None when they do not add up."""
    found = []
    at = HEADER_BYTES
    while at < len(data):
        kind, length = struct.unpack_from("!HH", data, at)
        value_at, at = at + 4, at + 4 + _padded(length)
        if at > len(data):
            return None
        found.append((kind, data[value_at : value_at + length]))
    return tuple(found)


def build(
    kind: int, transaction: bytes, attributes: Sequence[Attribute], password: bytes = b""
) -> bytes:
    """With a password it is signed, and has the FINGERPRINT by which it is told from media."""
    body = b"".join(attribute(*each) for each in attributes)
    message = _headed(kind, transaction, body)
    if not password:
        return message
    body += attribute(MESSAGE_INTEGRITY, _signature(message, password))
    message = _headed(kind, transaction, body, more=_FINGERPRINT_BYTES)
    check = zlib.crc32(message) ^ _FINGERPRINT_XOR
    return message + attribute(FINGERPRINT, check.to_bytes(4, "big"))


def attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value.ljust(_padded(len(value)), b"\0")


def mapped_address(host: str, port: int) -> bytes:
    """The value of MAPPED-ADDRESS."""
    address = ip_address(host)
    return struct.pack("!BBH", 0, 1 if address.version == 4 else 2, port) + address.packed


def xor_mapped_address(host: str, port: int, transaction: bytes) -> bytes:
    """The value of XOR-MAPPED-ADDRESS (section 14.2)."""
    plain = mapped_address(host, port ^ (MAGIC >> 16))
    mixed = bytes(a ^ b for a, b in zip(plain[4:], transaction, strict=False))
    return plain[:4] + mixed


def error_code(status: int, reason: str = "") -> Attribute:
    value = struct.pack("!HBB", 0, status // 100, status % 100) + reason.encode()
    return ERROR_CODE, value


def unknown_attributes(kinds: Sequence[int]) -> Attribute:
    return UNKNOWN_ATTRIBUTES, struct.pack(f"!{len(kinds)}H", *kinds)


def _headed(kind: int, transaction: bytes, body: bytes, more: int = 0) -> bytes:
    return struct.pack("!HH", kind, len(body) + more) + transaction + body


def _signature(before: bytes, password: bytes) -> bytes:
    length = len(before) - HEADER_BYTES + _INTEGRITY_BYTES
    signed = before[:2] + struct.pack("!H", length) + before[4:]
    return hmac.new(password, signed, hashlib.sha1).digest()


def _padded(length: int) -> int:
    return (length + 3) // 4 * 4
