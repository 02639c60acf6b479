"""What is fuzzed, and what must hold: any bytes give a value or the error meant for them.

A target's `take` raises when something else happened. It returns a short word for what did, so that
the fuzzer knows new behaviour when it sees it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tests.fuzz import media, sip_messages, streams


@dataclass(frozen=True, slots=True)
class Target:
    name: str
    take: Callable[[bytes], str]
    seeds: Callable[[], list[bytes]]


TARGETS = {
    target.name: target
    for target in (
        Target("sip", sip_messages.take_sip, sip_messages.torture),
        Target("dialog", sip_messages.take_in_dialog, sip_messages.of_a_dialog),
        Target("stream", streams.take_stream, streams.in_streams),
        Target("web-socket", streams.take_web_socket, streams.web_frames),
        Target("sdp", media.take_sdp, media.descriptions),
        Target("rtp", media.take_rtp, media.rtp_packets),
        Target("rtcp", media.take_rtcp, media.rtcp_packets),
        Target("stun", media.take_stun, media.stun_requests),
        Target("media-frames", streams.take_media_frames, streams.media_frames),
    )
}
