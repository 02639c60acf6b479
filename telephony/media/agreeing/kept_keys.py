"""What a browser's leg needs to go on in a worker that was started again.

It travels as bytes with `Secured` to core and comes back in `Offer`, and is a secret of the leg.
"""

import msgspec


class KeptKeys(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A finished association of DTLS and the pair of addresses that it runs on."""

    our_key: bytes
    their_key: bytes
    "Master key and salt of either direction."
    fingerprint: str
    "Of the peer's certificate: with another one the keys are worth nothing."
    ufrag: str
    password: str
    "Ours."
    their_ufrag: str
    host: str
    port: int

    def __repr__(self) -> str:
        return f"KeptKeys(…, {self.host}:{self.port})"


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(KeptKeys)


def write_keys(keys: KeptKeys) -> bytes:
    return _encoder.encode(keys)


def read_keys(data: bytes) -> KeptKeys | None:
    """None for what is none of this version."""
    try:
        return _decoder.decode(data) if data else None
    except msgspec.MsgspecError:
        return None
