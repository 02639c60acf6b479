"""What core wants of the media worker, so that a restarted worker can be told again.

Each granted request is noted; `requests` gives the shortest list of requests that rebuilds it all:
the same ports and SSRCs, the last agreed descriptions, who hears whom, what plays, what is taped.
Core keeps one for each worker, and the worker keeps its own: whichever dies learns it of the other.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import msgspec

from telephony.media import protocol as p


@dataclass(slots=True)
class _WantedLeg:
    """One leg's part."""

    settled: list[p.Offer | p.Answer] = field(default_factory=list)
    "The exchange that the leg's audio rests on."
    pending: p.Offer | None = None
    "Our own offer that the peer has not answered yet."
    port: int = 0
    ssrc: int = 0
    began_at: float = 0.0
    srtp_key: bytes = b""
    kept_keys: bytes = b""
    record: bytes = b""
    playing: p.Play | None = None
    connected: p.Connect | None = None
    hears: p.Hear | None = None
    gain: p.Gain | None = None
    is_held: bool = False
    inband_dtmf: bool = False
    hidden: p.Hidden = p.Hidden.NOTHING

    def answered(self, request: p.Answer) -> None:
        self.record = request.record or self.record
        if self.pending is not None:
            self.settled, self.pending = [self.pending, request], None
        elif self.settled and isinstance(self.settled[-1], p.Answer):
            # To the same offer: first in a 183, then in the 200.
            self.settled[-1] = request


class Desired:
    """The state of all legs and taps as far as it was granted."""

    def __init__(self) -> None:
        self._legs: dict[str, _WantedLeg] = {}
        self._early_records: dict[str, bytes] = {}
        "Of legs whose first Offer is under way."
        self._taps: dict[str, p.Tap] = {}
        self._drain: p.Drain | None = None
        self._ending_taps: set[str] = set()
        "Untapped, and their file is not closed yet."

    def granted(self, request: p.Request, reply: p.Done) -> None:
        """The worker did what `request` asked for."""
        match request:
            case p.Keep(leg=leg, record=record):
                self.keep(leg, record)
            case p.Offer():
                self._offered(request, reply)
            case p.Tap() | p.PauseTap() | p.Untap():
                self._tapped(request)
            case p.Connect(a=a, b=b):
                self._connected(request, a, b)
            case p.Release(leg=leg):
                self.forget_leg(leg)
            case p.Disconnect(leg=leg):
                self._disconnected(leg)
                self._note(p.Hear(rid=0, leg=leg, sources=[]))
            case p.Drain():
                self._drain = request if request.on else None
            case p.Hello() | p.ListSessions() | p.SendDigits() | p.ListenIn():
                pass  # nothing to be repeated
            case _:
                self._note(request)

    def adopt(self, requests: Iterable[p.Request]) -> None:
        """Begin with what another's `requests` gave."""
        for request in requests:
            done = p.Done(rid=0)
            if isinstance(request, p.Offer):
                done = p.Done(
                    rid=0,
                    port=request.port,
                    ssrc=request.ssrc,
                    began_at=request.began_at,
                    srtp_key=request.srtp_key,
                )
            self.granted(request, done)

    def keep(self, leg: str, record: bytes) -> None:
        """`Keep` is not answered: it counts from the moment when it is told."""
        if leg in self._legs:
            self._legs[leg].record = record
        else:
            self._early_records[leg] = record

    def refused(self, leg: str) -> None:
        """An Offer was; of a leg that is there already it changes nothing."""
        self._early_records.pop(leg, None)

    def records(self) -> Iterator[p.Keep]:
        """For a worker that may have missed some."""
        for leg, wanted in self._legs.items():
            if wanted.record:
                yield p.Keep(rid=0, leg=leg, record=wanted.record)
        for leg, record in self._early_records.items():
            yield p.Keep(rid=0, leg=leg, record=record)

    def _tapped(self, request: p.Tap | p.PauseTap | p.Untap) -> None:
        running = self._taps.get(request.tap_id)
        if isinstance(request, p.PauseTap):
            if running is not None:
                self._taps[request.tap_id] = msgspec.structs.replace(running, paused=request.on)
        elif isinstance(request, p.Tap):
            # A tap that runs keeps its file and its pause, whatever a move to other legs says.
            kept = request if running is None else running
            self._taps[request.tap_id] = msgspec.structs.replace(
                request, file=kept.file, paused=kept.paused
            )
        elif self._taps.pop(request.tap_id, None) is not None:
            self._ending_taps.add(request.tap_id)

    def secured(self, leg: str, kept_keys: bytes) -> None:
        wanted = self._legs.get(leg)
        if wanted is not None:
            wanted.kept_keys = kept_keys

    def play_ended(self, leg: str, play_id: str) -> None:
        """What has been played to its end is not played again."""
        wanted = self._legs.get(leg)
        if wanted is None or wanted.playing is None:
            return
        if wanted.playing.play_id == play_id:
            wanted.playing = None

    def tap_ended(self, tap_id: str) -> None:
        self._taps.pop(tap_id, None)
        self._ending_taps.discard(tap_id)

    def is_offering(self, leg: str) -> bool:
        """Our own offer waits for the peer's answer."""
        wanted = self._legs.get(leg)
        return wanted is not None and wanted.pending is not None

    def is_taping(self, tap_id: str) -> bool:
        return tap_id in self._taps

    def knows_tap(self, tap_id: str) -> bool:
        """It is running or ending, so that its end is still to be told."""
        return tap_id in self._taps or tap_id in self._ending_taps

    def is_paused(self, tap_id: str) -> bool:
        tap = self._taps.get(tap_id)
        return tap is not None and tap.paused

    def has_leg(self, leg: str) -> bool:
        return leg in self._legs

    def ending_taps(self) -> list[str]:
        """Recordings whose end a worker that died has not told any more."""
        return list(self._ending_taps)

    def forget_leg(self, leg: str) -> None:
        """The leg was released or could not be rebuilt; nobody hears it any more."""
        self._disconnected(leg)
        self._legs.pop(leg, None)
        self._early_records.pop(leg, None)
        for wanted in self._legs.values():
            if wanted.hears is not None:
                wanted.hears = _without(wanted.hears, leg)

    def hears(self, leg: str) -> p.Hear | None:
        """Whom the leg hears by `Hear`, as it stands now."""
        wanted = self._legs.get(leg)
        return None if wanted is None else wanted.hears

    def exchange(self, leg: str) -> list[p.Request]:
        """What rebuilds the leg's session as it was agreed on."""
        wanted = self._legs.get(leg)
        return [] if wanted is None else list(self._exchange(wanted))

    def requests(self) -> Iterator[p.Request]:
        """In an order that a worker that knows nothing can follow; all with rid 0."""
        if self._drain is not None:
            yield self._drain
        for wanted in self._legs.values():
            yield from self._exchange(wanted)
        connects = {id(w.connected): w.connected for w in self._legs.values()}
        yield from (connect for connect in connects.values() if connect is not None)
        for wanted in self._legs.values():
            if wanted.gain is not None:
                yield wanted.gain
        hears = (wanted.hears for wanted in self._legs.values())
        yield from (hear for hear in hears if hear is not None)
        for leg, wanted in self._legs.items():
            if wanted.is_held:
                yield p.Hold(rid=0, leg=leg, on=True)
            if wanted.playing is not None:
                yield wanted.playing
        yield from self._taps.values()

    def _exchange(self, wanted: _WantedLeg) -> Iterator[p.Request]:
        pending = [] if wanted.pending is None else [wanted.pending]
        for request in [*wanted.settled, *pending]:
            if isinstance(request, p.Offer):
                # It was admitted once; a restart is no reason to ask again.
                request = msgspec.structs.replace(
                    request,
                    port=wanted.port,
                    ssrc=wanted.ssrc,
                    began_at=wanted.began_at,
                    srtp_key=wanted.srtp_key,
                    kept_keys=wanted.kept_keys,
                    reserve=False,
                    inband_dtmf=wanted.inband_dtmf,
                    hidden=wanted.hidden,
                )
            yield msgspec.structs.replace(request, record=wanted.record)

    def _offered(self, request: p.Offer, reply: p.Done) -> None:
        wanted = self._legs.setdefault(request.leg, _WantedLeg())
        wanted.port, wanted.ssrc = reply.port, reply.ssrc
        wanted.began_at, wanted.srtp_key = reply.began_at, reply.srtp_key
        wanted.kept_keys = request.kept_keys or wanted.kept_keys
        early = self._early_records.pop(request.leg, b"")
        wanted.record = early or request.record or wanted.record
        wanted.inband_dtmf = request.inband_dtmf or wanted.inband_dtmf
        if request.hidden is not p.Hidden.NOTHING:
            wanted.hidden = request.hidden
        if request.sdp:
            wanted.settled, wanted.pending = [request], None
        else:
            wanted.pending = request

    def _note(
        self,
        request: p.Answer | p.Play | p.Stop | p.Hold | p.Hear | p.Gain | p.Hide,
    ) -> None:
        wanted = self._legs.get(request.leg)
        if wanted is None:
            return
        match request:
            case p.Answer():
                wanted.answered(request)
            case p.Play():
                wanted.playing = request
            case p.Stop():
                wanted.playing = None
            case p.Hold():
                wanted.is_held = request.on
            case p.Hide():
                wanted.hidden = request.what
            case p.Gain():
                is_changed = bool(request.spoken_db or request.heard_db)
                wanted.gain = request if is_changed else None
            case p.Hear():
                wanted.hears = request if request.sources else None

    def _connected(self, request: p.Connect, a: str, b: str) -> None:
        self._disconnected(a)
        self._disconnected(b)
        for leg in (a, b):
            if leg in self._legs:
                self._legs[leg].connected = request

    def _disconnected(self, leg: str) -> None:
        wanted = self._legs.get(leg)
        if wanted is None or wanted.connected is None:
            return
        for other in (wanted.connected.a, wanted.connected.b):
            if other in self._legs:
                self._legs[other].connected = None


def _without(hear: p.Hear, leg: str) -> p.Hear | None:
    sources = [source for source in hear.sources if source.leg != leg]
    return msgspec.structs.replace(hear, sources=sources) if sources else None
