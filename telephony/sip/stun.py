"""STUN keep-alives on the SIP port (RFC 5626 3.5.2, RFC 5389): a binding request gets its answer.

A phone behind a NAT asks from which address it is seen; the question keeps the NAT's door open, and
a new answer tells the phone to register again. Nothing else of STUN is spoken here. Pure.
"""

import struct
from ipaddress import ip_address

from telephony.sip.events import HostPort

MAGIC = 0x2112A442
HEADER_BYTES = 20
BINDING_REQUEST = 0x0001
BINDING_SUCCESS = 0x0101
BINDING_ERROR = 0x0111
MAPPED_ADDRESS = 0x0001
ERROR_CODE = 0x0009
UNKNOWN_ATTRIBUTES = 0x000A
XOR_MAPPED_ADDRESS = 0x0020
UNDERSTOOD = frozenset((0x0001, 0x0006, 0x0008, 0x0009, 0x000A, 0x0014, 0x0015, 0x0020))
"Of the attributes below 0x8000, which a server must understand; none of these changes our answer."
MAX_UNKNOWN = 8


def is_stun(data: bytes) -> bool:
    """RFC 5764 5.1.2: no SIP message starts with a byte below 4."""
    return data[0] < 4


def answer_stun(data: bytes, source: HostPort) -> bytes | None:
    """The answer to a binding request from `source`; None when there is nothing to answer."""
    if len(data) < HEADER_BYTES or len(data) % 4:
        return None
    kind, length, magic = struct.unpack_from("!HHI", data)
    if kind != BINDING_REQUEST or length != len(data) - HEADER_BYTES:
        return None
    transaction = data[4:HEADER_BYTES]
    unknown = _unknown_attributes(data)
    if unknown is None:
        return None
    if unknown and magic == MAGIC:
        return _refuse(transaction, unknown)
    is_classic = magic != MAGIC
    # RFC 5389 12.2: a client of RFC 3489 does not know the XORed form.
    attribute = _address(source, transaction, xored=not is_classic)
    return struct.pack("!HH", BINDING_SUCCESS, len(attribute)) + transaction + attribute


def _unknown_attributes(data: bytes) -> list[int] | None:
    """Those that we would have to understand; None when the attributes do not add up."""
    unknown = []
    at = HEADER_BYTES
    while at < len(data):
        kind, length = struct.unpack_from("!HH", data, at)
        at += 4 + (length + 3) // 4 * 4
        if at > len(data):
            return None
        if kind < 0x8000 and kind not in UNDERSTOOD:
            unknown.append(kind)
    return unknown[:MAX_UNKNOWN]


def _refuse(transaction: bytes, unknown: list[int]) -> bytes:
    code = struct.pack("!HHHBB", ERROR_CODE, 4, 0, 4, 20)
    kinds = struct.pack(f"!{len(unknown)}H", *unknown)
    padding = b"\0" * (-len(kinds) % 4)
    listed = struct.pack("!HH", UNKNOWN_ATTRIBUTES, len(kinds)) + kinds + padding
    body = code + listed
    return struct.pack("!HH", BINDING_ERROR, len(body)) + transaction + body


def _address(source: HostPort, transaction: bytes, *, xored: bool) -> bytes:
    """MAPPED-ADDRESS or XOR-MAPPED-ADDRESS (RFC 5389 15.1, 15.2)."""
    address = ip_address(source.host.partition("%")[0])
    host, port = address.packed, source.port
    if xored:
        port ^= MAGIC >> 16
        host = bytes(a ^ b for a, b in zip(host, transaction, strict=False))
    family = 1 if address.version == 4 else 2
    kind = XOR_MAPPED_ADDRESS if xored else MAPPED_ADDRESS
    return struct.pack("!HHBBH", kind, 4 + len(host), 0, family, port) + host
