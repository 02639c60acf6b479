"""The session descriptions that pass between the driver and rtpengine: one audio line each."""

from collections.abc import Sequence
from typing import TypeAlias

from telephony.media.agreeing.sdp import SessionDescription
from telephony.media.errors import SdpRejected

Format: TypeAlias = tuple[int, str]
"Payload type and name; the clock is 8000 Hz."


def described(
    address: str, port: int, formats: Sequence[Format], rtcp_port: int | None = None
) -> str:
    """RFC 8866 as far as rtpengine needs it; RTCP is on the next port if nothing else is said."""
    lines = [
        "v=0",
        f"o=- 1 1 IN IP4 {address}",
        "s=-",
        f"c=IN IP4 {address}",
        "t=0 0",
        f"m=audio {port} RTP/AVP {' '.join(str(number) for number, _ in formats)}",
        *(f"a=rtpmap:{number} {name}/8000" for number, name in formats),
        "a=sendrecv",
    ]
    if rtcp_port is not None and rtcp_port != port + 1:
        lines.append(f"a=rtcp:{rtcp_port}")
    return "\r\n".join(lines) + "\r\n"


def end_of(text: str) -> tuple[str, int]:
    """Address and port that a description of rtpengine's names."""
    description = SessionDescription.parse(text)
    if not description.media or not description.media[0].port:
        raise SdpRejected("rtpengine described no audio line", 500)
    line = description.media[0]
    return description.address_of(line) or "", line.port
