"""Whether rtpengine answers, and whether the phones still send: it tells neither by itself.

Each call is asked about every `query_s`; a phone whose packets are not more than the last time is
silent, and a call that rtpengine does not know is lost.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from telephony.media.rtpengine.bencode import Value
from telephony.media.rtpengine.legs import Leg
from telephony.media.rtpengine.ng import Reply
from telephony.media.rtpengine.wiring import Call

MOST_QUERY_S = 5.0
PING_S = 1.0
GIVE_UP_S = 8.0
"A supervisor has started a daemon again by then; one that is not back has lost its calls anyway."


@dataclass(slots=True)
class Watch:
    """Keeps the times; in seconds of the monotonic clock."""

    lost_s: float
    "A phone that should send and is not heard for this long is lost."
    _next: dict[str, float] = field(default_factory=dict)
    _ping_at: float = 0.0
    _silent_since: float | None = None
    "rtpengine has answered nothing from then on."

    @property
    def query_s(self) -> float:
        return min(MOST_QUERY_S, self.lost_s / 3)

    def due(self, calls: Mapping[str, Call], now: float) -> list[str]:
        """The calls to be asked about now; new ones after one interval."""
        self._next = {name: self._next.get(name, now + self.query_s) for name in calls}
        due = [name for name, at in self._next.items() if at <= now]
        self._next |= dict.fromkeys(due, now + self.query_s)
        return due

    def hurry(self) -> None:
        """Ask about all of them at once."""
        self._next = dict.fromkeys(self._next, 0.0)

    def counted(self, call: Call, packets: Mapping[str, int], now: float) -> None:
        for leg in call.legs.values():
            if packets.get(leg.leg, 0) != leg.packets:
                leg.packets, leg.heard_at = packets.get(leg.leg, 0), now
                leg.is_lost_told = False

    def is_silent(self, leg: Leg, now: float) -> bool:
        return now - leg.heard_at >= self.lost_s and self._silent_since is None

    def answered(self, now: float, *, is_answer: bool) -> None:
        if is_answer:
            self._silent_since = None
        elif self._silent_since is None:
            self._silent_since = now

    def is_ping_due(self, now: float) -> bool:
        """So that it is known of an idle rtpengine, too, whether it is there."""
        if now < self._ping_at:
            return False
        self._ping_at = now + PING_S
        return True

    @property
    def is_away(self) -> bool:
        return self._silent_since is not None

    def is_given_up(self, now: float) -> bool:
        return self._silent_since is not None and now - self._silent_since >= GIVE_UP_S


def packets_by_tag(reply: Reply) -> dict[str, int]:
    """RTP and RTCP packets that came from each tag's phone, from the answer to `query`."""
    tags = reply.values.get("tags", {})
    if not isinstance(tags, dict):
        return {}
    return {tag: sum(_packets(about)) for tag, about in tags.items()}


def _packets(about: Value) -> Iterable[int]:
    for media in _each(about, "medias"):
        for stream in _each(media, "streams"):
            stats = stream.get("stats") if isinstance(stream, dict) else None
            packets = stats.get("packets") if isinstance(stats, dict) else None
            if isinstance(packets, int):
                yield packets


def _each(value: Value, key: str) -> list[Value]:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []
