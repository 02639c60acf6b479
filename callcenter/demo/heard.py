"""What a phone heard, on one time line."""

from telephony.media.packets.rtp import signed_ts

GAP_LIMIT = 16000
"A jump of the RTP clock beyond 2 s is a new source, not a gap to be filled."


class Heard:
    """16-bit PCM at 8 kHz; a lost packet is silence in its place, a doubled one is left out."""

    def __init__(self) -> None:
        self._pcm = bytearray()
        self._next_ts: int | None = None

    def put(self, rtp_ts: int, pcm_8k: bytes) -> None:
        gap = 0 if self._next_ts is None else signed_ts(rtp_ts - self._next_ts)
        if -GAP_LIMIT < gap < 0:
            return
        if 0 < gap < GAP_LIMIT:
            self._pcm += bytes(2 * gap)
        self._pcm += pcm_8k
        self._next_ts = rtp_ts + len(pcm_8k) // 2

    @property
    def seconds(self) -> float:
        return len(self._pcm) / 16000

    def pcm(self) -> bytes:
        return bytes(self._pcm)
