"""STUN keep-alives on the SIP port (RFC 5626 3.5.2, RFC 5389): a binding request gets its answer.

A phone behind a NAT asks from which address it is seen; the question keeps the NAT's door open, and
a new answer tells the phone to register again. Nothing else of STUN is spoken here. Pure.
"""

from foundation import stun
from telephony.sip.events import HostPort

UNDERSTOOD = frozenset((0x0001, 0x0006, 0x0008, 0x0009, 0x000A, 0x0014, 0x0015, 0x0020))
"Of the attributes below 0x8000, which a server must understand; none of these changes our answer."
UNKNOWN = 420


def is_stun(data: bytes) -> bool:
    """RFC 5764 5.1.2: no SIP message starts with a byte below 4."""
    return data[0] < 4


def answer_stun(data: bytes, source: HostPort) -> bytes | None:
    """The answer to a binding request from `source`; None when there is nothing to answer."""
    asked = stun.Message.parse(data)
    if asked is None or asked.kind != stun.BINDING_REQUEST:
        return None
    transaction = asked.transaction
    unknown = asked.not_understood(UNDERSTOOD)
    if unknown and not asked.is_classic:
        refusal = [stun.error_code(UNKNOWN), stun.unknown_attributes(unknown)]
        return stun.build(stun.BINDING_ERROR, transaction, refusal)
    host = source.host.partition("%")[0]
    # RFC 5389 12.2: a client of RFC 3489 does not know the XORed form.
    if asked.is_classic:
        seen = stun.MAPPED_ADDRESS, stun.mapped_address(host, source.port)
    else:
        xored = stun.xor_mapped_address(host, source.port, transaction)
        seen = stun.XOR_MAPPED_ADDRESS, xored
    return stun.build(stun.BINDING_SUCCESS, transaction, [seen])
