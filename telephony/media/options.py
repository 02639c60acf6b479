"""What one media worker is told when it is started, as one JSON object on its command line."""

from typing import Literal

import msgspec


class WorkerOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All knobs of one worker process."""

    socket: str
    "Path of the Unix socket on which core is awaited."
    address: str = "127.0.0.1"
    "IPv4 address that the RTP ports are bound to."
    advertised: str = ""
    "Address written into SDP when it differs from `address` (NAT); empty: the same."
    ports: tuple[int, int] = (30000, 31999)
    "First and last UDP port; even ones carry RTP, the odd one above RTCP."
    codecs: tuple[str, ...] = ("PCMU", "PCMA")
    """Add 'G722' or 'OPUS' to serve it to phones that put it first; a leg that differs from its
    partner costs."""
    identity: str = ""
    """File of the certificate that browsers are shown, made when it is not there; it must outlive
    this process. Empty: one of this process alone."""
    max_legs: int = 1200
    busy_limit: float = 0.70
    "No new caller while the loop worked more than this share of the last second."
    late_ticks_limit: int = 3
    "No new caller when more playing-out ticks than this came over 20 ms late in the last second."
    media_lost_s: float = 30.0
    "A peer that should be sending and is not heard for this long is told as `MediaLost`."
    relock_s: float = 2.0
    "A leg listens to another source after the locked one was silent for this long."
    drain_s: float = 2.0
    "A released port pair rests for this long, so that no stray packet reaches the next call."
    rtcp_interval_s: float = 5.0
    writer_queue_blocks: int = 1000
    "Blocks of half a second that may wait for the disk, all recordings together (8 kB each)."
    prompt_cache_bytes: int = 128 * 1024 * 1024
    preload: list[str] = []
    "Folders whose WAV files are read into the cache at the start."
    loop: Literal["python", "c", "auto"] = "python"
    "'c' and 'auto': have usual packets dealt with in C, if that can be compiled."
    library_folder: str = ""
    "Where the compiled C loop is kept; only this user may write there."
    realtime: bool = True
    "Ask for SCHED_RR; without the right to it the worker runs as it is."

    @property
    def sdp_address(self) -> str:
        return self.advertised or self.address
