"""Digits as tones in the audio (ITU-T Q.23, Q.24), for trunks that send no telephone events.

Windows of 20 ms, 10 ms apart, are measured at the eight frequencies and their doubles (Goertzel's
sums, written as one product of matrices: 16 us for a packet). Three windows in a row that show the
same digit begin it, three that do not end it: 40 ms are enough and 20 ms are not, and a lost packet
makes no second digit.

Voices contain the frequencies too. They are told from digits by what else is there: a digit's two
tones are most of the sound, similarly strong, alone in their groups and without overtones. (Five
minutes of synthetic speech in six voices held none.)
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from telephony.media.packets.rtp import signed_ts
from telephony.media.sound.g711 import SAMPLE_RATE_HZ, Law, decode

_LOW_HZ = (697, 770, 852, 941)
_HIGH_HZ = (1209, 1336, 1477, 1633)
_KEYS = ("123A", "456B", "789C", "*0#D")
_WINDOW = SAMPLE_RATE_HZ * 20 // 1000
_STEP = _WINDOW // 2
_HITS_TO_BEGIN = 3
_MISSES_TO_END = 3
_MOST_GAP = SAMPLE_RATE_HZ // 10

_LEAST_POWER = 32768.0**2 / 2 * 10 ** (-40 / 10)
"-40 dB below the loudest tone, for each of the two."
_LEAST_SHARE = 0.56
"Of the window's power. 1.5 % off its frequency a tone seems to have as little as this."
_MOST_TWIST_HIGH = 10 ** (5 / 10)
_MOST_TWIST_LOW = 10 ** (9.5 / 10)
"Q.24 allows the higher tone 4 dB and the lower one 8 dB more; the window adds its own error."
_LEAST_LEAD = 10 ** (6 / 10)
"Over each other tone of the group."
_MOST_OVERTONE = 10 ** (-8 / 10)

_HZ = np.array([*_LOW_HZ, *_HIGH_HZ])
_ALL_HZ = np.concatenate([_HZ, 2 * _HZ])
_TURNS = np.exp(-2j * np.pi * _ALL_HZ[:, None] * np.arange(_WINDOW)[None, :] / SAMPLE_RATE_HZ)
_SUMS = np.concatenate([_TURNS.real, _TURNS.imag]).astype(np.float32) * np.float32(2 / _WINDOW)


def digit_in(window: npt.NDArray[np.float32]) -> str | None:
    """The digit that 20 ms of samples show, as one window alone."""
    parts = _SUMS @ window
    strength = parts[:16] ** 2 + parts[16:] ** 2
    power = strength[:8] / 2
    low, high = int(power[:4].argmax()), 4 + int(power[4:].argmax())
    lower, higher = float(power[low]), float(power[high])
    if min(lower, higher) < _LEAST_POWER:
        return None
    if higher > _MOST_TWIST_HIGH * lower or lower > _MOST_TWIST_LOW * higher:
        return None
    if lower + higher < _LEAST_SHARE * float(window @ window) / _WINDOW:
        return None
    if not (_is_alone(power[:4]) and _is_alone(power[4:])):
        return None
    overtones = strength[8 + low] + strength[8 + high]
    if overtones / 2 > _MOST_OVERTONE * (lower + higher):
        return None
    return _KEYS[low][high - 4]


def _is_alone(group: npt.NDArray[np.floating]) -> bool:
    second, first = np.sort(group)[-2:]
    return bool(first > _LEAST_LEAD * second)


class ToneListener:
    """One of a leg's `sinks`: its packets in, each digit told once, when it begins."""

    __slots__ = ("_digit", "_hits", "_last", "_misses", "_next_ts", "_rest", "_tell")

    def __init__(self, tell: Callable[[str, float], None]) -> None:
        self._tell = tell
        self._rest = np.zeros(0, np.float32)
        self._next_ts: int | None = None
        self._digit: str | None = None
        "What is being pressed."
        self._last: str | None = None
        self._hits = 0
        self._misses = 0

    @property
    def is_pressed(self) -> bool:
        """A key is down, or may just have gone down."""
        return self._digit is not None or self._hits > 0

    def take(self, payload: bytes, rtp_ts: int, law: Law, now: float) -> None:
        gap = 0 if self._next_ts is None else signed_ts(rtp_ts - self._next_ts)
        if -_MOST_GAP < gap < 0:
            return  # overtaken: its place is gone
        if abs(gap) >= _MOST_GAP:
            self._digit, self._hits = None, 0
        # A smaller gap is left out: the digit that it lies in is one all the same.
        self._next_ts = (rtp_ts + len(payload)) & 0xFFFFFFFF
        pcm = np.concatenate([self._rest, decode(payload, law).astype(np.float32)])
        at = 0
        while at + _WINDOW <= len(pcm):
            self._look_at(digit_in(pcm[at : at + _WINDOW]), now)
            at += _STEP
        self._rest = pcm[at:]

    def _look_at(self, seen: str | None, now: float) -> None:
        self._hits = self._hits + 1 if seen is not None and seen == self._last else int(bool(seen))
        self._last = seen
        self._misses = 0 if seen == self._digit else self._misses + 1
        if self._misses >= _MISSES_TO_END:
            self._digit = None
        if self._hits == _HITS_TO_BEGIN and seen is not None and seen != self._digit:
            self._digit, self._misses = seen, 0
            self._tell(seen, now)
