"""Digits as rtpengine tells them: a JSON datagram at the end of each one (`--dtmf-log-dest`).

A leg that is copied (recorded, listened to) has several destinations, and rtpengine may tell a
digit once for each of them; those come in the same instant and count once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

SAME_S = 0.03
"Two datagrams nearer than this are one digit: nobody lets go of a key and is down again so soon."
_KEYS = "0123456789*#ABCD"


class _Told(msgspec.Struct, frozen=True, rename={"call": "callid"}):
    type: str
    call: str
    source_tag: str
    event: int
    duration: int = 0


@dataclass(frozen=True, slots=True)
class Digit:
    """A key that the phone with the tag `tag` of rtpengine's call `call` has pressed."""

    call: str
    tag: str
    key: str
    length_s: float


@dataclass(slots=True)
class DigitLine:
    """Reads the datagrams and leaves out what was told already."""

    _last: dict[tuple[str, str], tuple[str, float]] = field(default_factory=dict)

    def feed(self, data: bytes, now: float) -> Digit | None:
        """None: no digit, or the one that was told just now."""
        try:
            told = msgspec.json.decode(data, type=_Told)
        except msgspec.MsgspecError:
            return None
        if told.type != "DTMF" or not 0 <= told.event < len(_KEYS):
            return None
        digit = Digit(told.call, told.source_tag, _KEYS[told.event], told.duration / 1000)
        source = (digit.call, digit.tag)
        before, at = self._last.get(source, ("", now))
        self._last[source] = (digit.key, now)
        return None if before == digit.key and now - at < SAME_S else digit

    def forget(self, call: str) -> None:
        """The call is over."""
        self._last = without(self._last, call)


def without(
    last: Mapping[tuple[str, str], tuple[str, float]], call: str
) -> dict[tuple[str, str], tuple[str, float]]:
    return {source: digit for source, digit in last.items() if source[0] != call}
