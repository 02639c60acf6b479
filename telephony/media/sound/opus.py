"""Opus (RFC 6716, 7587) for legs whose phones speak it, mono and 20 ms.

Two legs that both speak it get each other's packets as they are. Where only one does, and for
recordings and mixing, it is coded at 8 kHz: the decoder gives that rate by itself, whatever the
peer encodes. A packet that was lost is taken from what its successor says of it (in-band FEC).

The library is libopus by ctypes: the system's own (Debian: `libopus0`), else that of the package
`opuslib-next-bundled` (the extra `hd`). Without either Opus is not served. Measured with speech,
for 20 ms: 11 us to decode; to encode 39 us with complexity 1, 65 with 2, 158 with 10.
"""

import ctypes
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from telephony.media.packets.rtcp import MAX_MISORDER
from telephony.media.packets.rtp import RtpPacket
from telephony.media.sound.g711 import SAMPLE_RATE_HZ, Law, decode, encode

NAME = "OPUS"
PAYLOAD_TYPE = 111
"In our own offers; it has no static one."
CLOCK_HZ = 48_000
"Of its timestamps, at whatever rate it is coded (RFC 7587 section 4.1)."
RTPMAP = "opus/48000/2"
"The 2 is part of the name (section 7); we send and ask for mono."
FORMAT = "minptime=10;useinbandfec=1"

BITS_PER_S = 28_000
"With less libopus puts no FEC beside complexity 1 and 5 % loss (measured: none at 24 000)."
COMPLEXITY = 1
_LOSS_PERCENT = 5
"What the encoder is told to expect: otherwise it puts no FEC into its packets."
_VOIP = 2048
_SET_BITRATE, _SET_COMPLEXITY, _SET_INBAND_FEC, _SET_LOSS = 4002, 4010, 4012, 4014
_LONGEST = SAMPLE_RATE_HZ * 120 // 1000
"Samples in the longest packet."
_MOST_BYTES = 1275 * 6
_PIECES = (160, 80, 40, 20)
"Lengths that may be encoded and put together to any multiple of 2.5 ms: 20, 10, 5 and 2.5 ms."
_MOST_RECOVERED = 5
"Packets: a longer gap is a pause or another beginning."
_NOTHING = -1
_SYSTEM = ("libopus.so.0", "libopus.0.dylib")


class _Failed(Exception):
    """libopus refused; what was lost is one packet."""


def is_installed() -> bool:
    return _library() is not None


def library_version() -> str:
    """For people; '' when there is no library."""
    library = _library()
    return "" if library is None else library.opus_get_version_string().decode()


@cache
def _library() -> ctypes.PyDLL | None:
    for path in (*_SYSTEM, *_bundled()):
        try:
            return _declared(ctypes.PyDLL(path))
        except OSError:
            continue
    return None


def _bundled() -> list[str]:
    # Found, not imported: the package's own wrapper is not needed.
    spec = find_spec("opuslib_next")
    if spec is None or spec.origin is None:
        return []
    return [str(path) for path in (Path(spec.origin).parent / "_native").glob("libopus.*")]


def _declared(library: ctypes.PyDLL) -> ctypes.PyDLL:
    """PyDLL: a call takes microseconds, and giving up the interpreter meanwhile would take more."""
    handle, number, data = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
    library.opus_get_version_string.restype = data
    for name in ("encoder", "decoder"):
        getattr(library, f"opus_{name}_create").restype = handle
        getattr(library, f"opus_{name}_destroy").argtypes = [handle]
        getattr(library, f"opus_{name}_destroy").restype = None
    library.opus_encode.argtypes = [handle, handle, number, handle, ctypes.c_int32]
    library.opus_decode.argtypes = [handle, data, ctypes.c_int32, handle, number, number]
    library.opus_packet_get_nb_samples.argtypes = [data, ctypes.c_int32, ctypes.c_int32]
    library.opus_repacketizer_create.restype = handle
    library.opus_repacketizer_destroy.argtypes = [handle]
    library.opus_repacketizer_destroy.restype = None
    library.opus_repacketizer_init.argtypes = [handle]
    library.opus_repacketizer_init.restype = handle
    library.opus_repacketizer_cat.argtypes = [handle, data, ctypes.c_int32]
    library.opus_repacketizer_out.argtypes = [handle, handle, ctypes.c_int32]
    return library


class Coder:
    """Both directions of one leg; either keeps the state of its own stream."""

    def __init__(self) -> None:
        library = _library()
        if library is None:
            raise ImportError("libopus is not installed")
        self._lib = library
        error = ctypes.c_int()
        self._encoder = ctypes.c_void_p(
            library.opus_encoder_create(SAMPLE_RATE_HZ, 1, _VOIP, ctypes.byref(error))
        )
        self._decoder = ctypes.c_void_p(
            library.opus_decoder_create(SAMPLE_RATE_HZ, 1, ctypes.byref(error))
        )
        self._joiner = ctypes.c_void_p(library.opus_repacketizer_create())
        self._pcm = np.zeros(_LONGEST, np.int16)
        self._pcm_at = self._pcm.ctypes.data
        self._packet = ctypes.create_string_buffer(_MOST_BYTES)
        self._ssrc = self._seq = _NOTHING
        for setting, value in (
            (_SET_BITRATE, BITS_PER_S),
            (_SET_COMPLEXITY, COMPLEXITY),
            (_SET_INBAND_FEC, 1),
            (_SET_LOSS, _LOSS_PERCENT),
        ):
            library.opus_encoder_ctl(self._encoder, ctypes.c_int(setting), ctypes.c_int(value))

    def __del__(self) -> None:
        if hasattr(self, "_joiner"):
            self._lib.opus_encoder_destroy(self._encoder)
            self._lib.opus_decoder_destroy(self._decoder)
            self._lib.opus_repacketizer_destroy(self._joiner)

    def samples(self, payload: bytes) -> int:
        """How long the packet is, in samples of 8 kHz; 0 for what is no packet of Opus."""
        count: int = self._lib.opus_packet_get_nb_samples(payload, len(payload), SAMPLE_RATE_HZ)
        return max(0, count)

    def heard(self, packet: RtpPacket) -> list[RtpPacket]:
        """The packet, and before it the one that was lost, as mu-law.

        One that comes too late for the decoder counts as lost. Another source, or the same one from
        a new beginning, is heard from its first packet on.
        """
        samples = self.samples(packet.payload)
        step = (packet.seq - self._seq) & 0xFFFF
        if packet.ssrc != self._ssrc or 0x8000 <= step < 0x10000 - MAX_MISORDER:
            step = 1
        if not samples or step == 0 or step >= 0x8000:
            return []
        self._ssrc, self._seq = packet.ssrc, packet.seq
        heard = []
        try:
            if 1 < step <= _MOST_RECOVERED:
                for _ in range(step - 2):
                    self._decode(b"", samples)
                codes = self._decode(packet.payload, samples, recover=True)
                heard.append(_before(packet, codes))
            codes = self._decode(packet.payload, _LONGEST)
        except _Failed:
            return heard
        return [*heard, replace(packet, payload=codes)]

    def from_ulaw(self, codes: bytes) -> bytes:
        """A packet of the same length; b'' for what is too short or too long for any."""
        size = next((size for size in _PIECES if len(codes) % size == 0), 0)
        if not size or not 0 < len(codes) <= _LONGEST:
            return b""
        pcm = np.asarray(decode(codes, Law.PCMU), np.int16).tobytes()
        pieces = [self._encode(pcm[at : at + 2 * size]) for at in range(0, len(pcm), 2 * size)]
        return pieces[0] if len(pieces) == 1 else self._joined(pieces)

    def _encode(self, pcm: bytes) -> bytes:
        size = self._lib.opus_encode(
            self._encoder, pcm, len(pcm) // 2, self._packet, len(self._packet)
        )
        return self._packet.raw[: max(0, size)]

    def _joined(self, pieces: list[bytes]) -> bytes:
        """Several frames in one packet, as with peers that send 30 ms."""
        self._lib.opus_repacketizer_init(self._joiner)
        for piece in pieces:
            self._lib.opus_repacketizer_cat(self._joiner, piece, len(piece))
        size = self._lib.opus_repacketizer_out(self._joiner, self._packet, len(self._packet))
        return self._packet.raw[: max(0, size)]

    def _decode(self, payload: bytes, samples: int, *, recover: bool = False) -> bytes:
        """An empty payload is a loss that nothing is known of."""
        count = self._lib.opus_decode(
            self._decoder, payload or None, len(payload), self._pcm_at, samples, int(recover)
        )
        if count <= 0:
            raise _Failed
        return encode(self._pcm[:count], Law.PCMU)


def _before(packet: RtpPacket, codes: bytes) -> RtpPacket:
    return replace(
        packet,
        seq=(packet.seq - 1) & 0xFFFF,
        rtp_ts=(packet.rtp_ts - len(codes)) & 0xFFFFFFFF,
        payload=codes,
        marker=False,
    )
