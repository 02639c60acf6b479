"""One key is one digit, even from a phone that reports it both in RTP and by SIP INFO."""

from enum import Enum

from foundation.ids import LegId


class DigitWay(Enum):
    RTP = "rtp"
    INFO = "info"


class DigitFilter:
    """Remembers the last key of each leg."""

    def __init__(self, double_digit_s: float) -> None:
        self._double_digit_s = double_digit_s
        self._last: dict[LegId, tuple[str, float, DigitWay]] = {}

    def is_new(self, leg_id: LegId, digit: str, at_s: float, way: DigitWay) -> bool:
        """False when this is the other way's report of a key that was already told."""
        last = self._last.get(leg_id)
        if last is not None:
            last_digit, last_at_s, last_way = last
            near = abs(at_s - last_at_s) <= self._double_digit_s
            if digit == last_digit and near and way is not last_way:
                # Forgotten, so that a quick second press by the same way still counts.
                del self._last[leg_id]
                return False
        self._last[leg_id] = (digit, at_s, way)
        return True
