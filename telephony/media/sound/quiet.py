"""How long somebody has been silent: for messages that end when the caller has said all."""

import numpy as np

from telephony.media.sound.g711 import SAMPLE_RATE_HZ, Law, decode

QUIET_RMS = 300.0
"Of 16 bit, -41 dBFS: above the noise of a line, below a soft voice."


class Quiet:
    """Fed with what was said, piece by piece."""

    __slots__ = ("_samples", "_silence_s")

    def __init__(self, silence_s: float) -> None:
        self._silence_s = silence_s
        self._samples = 0

    def is_over(self, codes: bytes, law: Law) -> bool:
        """True once nothing was said for `silence_s`."""
        pcm = decode(codes, law).astype(np.float64)
        if len(pcm) and float(np.sqrt(np.mean(pcm**2))) >= QUIET_RMS:
            self._samples = 0
        else:
            self._samples += len(codes)
        return self._samples >= self._silence_s * SAMPLE_RATE_HZ
