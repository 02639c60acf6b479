"""Who hears what, by all that media was asked: the bookkeeping of `telephony.media.protocol`."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from telephony.media import protocol as media


@dataclass
class Ears:
    """Follows the requests as a worker that grants them all would."""

    connected: dict[str, str] = field(default_factory=dict)
    mixed: dict[str, list[str]] = field(default_factory=dict)
    playing: dict[str, str] = field(default_factory=dict)
    "First item of what is played, by leg."

    def take(self, request: media.Request) -> None:
        match request:
            case media.Connect(a=a, b=b):
                for leg in (a, b):
                    if self.connected.get(leg) not in (None, a, b):
                        self._part(leg)
                self.connected[a], self.connected[b] = b, a
            case media.Disconnect(leg=leg):
                self._part(leg)
                self.mixed.pop(leg, None)
            case media.Hear(leg=leg, sources=sources):
                self.mixed[leg] = [source.leg for source in sources]
            case media.Play(leg=leg, items=items):
                self.playing[leg] = items[0]
            case media.Stop(leg=leg):
                self.playing.pop(leg, None)
            case media.Release(leg=leg):
                self._part(leg)
                self.mixed.pop(leg, None)
                self.playing.pop(leg, None)
                for heard in self.mixed.values():
                    heard[:] = [each for each in heard if each != leg]
            case _:
                pass

    def of(self, leg: str) -> list[str]:
        """What plays, or else the legs that are heard."""
        if leg in self.playing:
            return [self.playing[leg]]
        return self.reachable(leg)

    def reachable(self, leg: str) -> list[str]:
        """The legs that are heard when nothing plays."""
        if self.mixed.get(leg):
            return sorted(self.mixed[leg])
        return [self.connected[leg]] if leg in self.connected else []

    def _part(self, leg: str) -> None:
        other = self.connected.pop(leg, None)
        if other is not None and self.connected.get(other) == leg:
            del self.connected[other]


def ears(requests: Iterable[media.Request]) -> Ears:
    found = Ears()
    for request in requests:
        found.take(request)
    return found
