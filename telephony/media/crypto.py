"""Keys for SRTP in session descriptions (SDES, RFC 4568): the a=crypto attribute.

    a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:<30 bytes in base64>|2^31

What we cannot serve (another suite, several keys or an MKI, unencrypted variants) is passed over,
as section 7.1.2 demands; that no line is left is the business of whoever reads the media line.
"""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from telephony.media.sdp import Attribute, Media

KEY_BYTES = 30
"16 of the master key, 14 of the master salt."
SECURE = "RTP/SAVP"
SECURE_PROTOS = (SECURE, "RTP/SAVPF")
"With early feedback (RFC 5124), of which we ask nothing and need give none."


class Suite(StrEnum):
    """How packets are protected; the number is the length of the tag in bits."""

    HMAC_80 = "AES_CM_128_HMAC_SHA1_80"
    HMAC_32 = "AES_CM_128_HMAC_SHA1_32"


@dataclass(frozen=True, slots=True)
class Crypto:
    """One side's key. `repr` is without it: descriptions find their way into logs."""

    tag: int
    suite: Suite
    key: bytes

    def __repr__(self) -> str:
        return f"Crypto({self.tag}, {self.suite.value})"

    def protects_like(self, other: "Crypto") -> bool:
        """Whatever the tag: the same counts go on."""
        return (self.suite, self.key) == (other.suite, other.key)

    def attribute(self) -> Attribute:
        key = base64.b64encode(self.key).decode()
        return Attribute("crypto", f"{self.tag} {self.suite.value} inline:{key}")


def cryptos(line: Media) -> list[Crypto]:
    """Those of the line that we can serve, in its order of preference."""
    said = (_maybe_crypto(a.value or "") for a in line.attributes if a.name == "crypto")
    return [crypto for crypto in said if crypto is not None]


def _maybe_crypto(value: str) -> Crypto | None:
    tag, suite, key, *session = [*value.split(), "", "", ""]
    if not (tag.isascii() and tag.isdigit() and len(tag) <= 9 and suite in set(Suite)):
        return None
    material = _maybe_key(key)
    if material is None or not _can_be_served(parameter for parameter in session if parameter):
        return None
    return Crypto(int(tag), Suite(suite), material)


def _maybe_key(value: str) -> bytes | None:
    """`inline:KEY` or `inline:KEY|LIFETIME`; a third part would be an MKI (section 6.1)."""
    method, _colon, rest = value.partition(":")
    key, *others = rest.split("|")
    if method != "inline" or ";" in rest or any(":" in other for other in others):
        return None
    try:
        material = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        return None
    return material if len(material) == KEY_BYTES else None


def _can_be_served(parameters: Iterable[str]) -> bool:
    """A window size hint, or what may be ignored (section 6.3.7)."""
    return all(parameter.startswith(("WSH=", "-")) for parameter in parameters)
