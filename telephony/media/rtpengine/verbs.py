"""What each verb of core's changes of its leg; `Wiring.settle` then makes it so.

A verb that names an unknown leg raises `UnknownLeg`, except `Release` and `Untap`: what is gone
already was released. All verbs may be repeated.
"""

import os
from contextlib import suppress
from dataclasses import replace
from typing import Protocol, TypeAlias, assert_never

import msgspec

from foundation.clock import utc_now
from foundation.errors import CallCentreError
from telephony.media import protocol as p
from telephony.media.agreeing.negotiation import DEFAULT_EVENT_TYPE, LocalEnd, Negotiation
from telephony.media.errors import MediaRefused, NoRtpPort, UnknownLeg, VerbRefused
from telephony.media.hiding import HIDDEN_TAIL_S
from telephony.media.mixing import check_gain
from telephony.media.rtpengine.legs import Leg, Playing
from telephony.media.rtpengine.watch import packets_by_tag
from telephony.media.rtpengine.wiring import Call, Inner, Jukebox, Wiring
from telephony.media.rtpengine.works import Work
from telephony.media.sound.dtmf import is_digits

DIGIT_S = 0.16
"A digit and the pause after it, as our own plane sends them."
DIALLING_SPARE_S = 0.3

_LegRequest: TypeAlias = (
    p.Keep | p.Play | p.Stop | p.Disconnect | p.Hear | p.Gain | p.Hold | p.Hide | p.SendDigits
)


class House(Protocol):
    """What the verbs need of the driver round them."""

    now: float

    def admit(self) -> None:
        """Raises `Overloaded` when there is no room for another caller."""

    def take_back(self, call: Call, leg: str) -> None:
        """A leg that could not be made is to be forgotten."""

    def play_ended(self, leg: str, play_id: str) -> None: ...

    def call_ended(self, name: str) -> None: ...


class Verbs:
    """The calls of one rtpengine and what core does with them."""

    def __init__(self, wiring: Wiring, inner: Inner, jukebox: Jukebox, house: House) -> None:
        self.calls: dict[str, Call] = {}
        self.call_of: dict[str, str] = {}
        "By leg, from the moment that it is asked for."
        self._wiring = wiring
        self._inner = inner
        self._jukebox = jukebox
        self._house = house

    def do(self, name: str, request: p.Request) -> Work[p.Done]:
        match request:
            case p.Offer():
                return (yield from self._offer(request))
            case p.Answer():
                return (yield from self._answer(request))
            case p.Release():
                return (yield from self._release(request))
            case p.Tap():
                yield from self._tap(request)
            case p.Untap():
                yield from self._untap(name, request)
            case p.PauseTap():
                self._own(request)
            case p.Connect():
                yield from self._connect(self._get(request.a), self._get(request.b))
            case p.ListenIn():
                yield from self._listen_in(self._get(request.leg), request)
            case p.Hello() | p.ListSessions() | p.Drain():
                raise VerbRefused(f"{type(request).__name__} is not for a call")
            case _:
                yield from self._do_with(self._get(request.leg), request)
        return p.Done(rid=request.rid)

    def _do_with(self, leg: Leg, request: _LegRequest) -> Work[None]:
        match request:
            case p.Keep():
                leg.record = request.record
                return
            case p.Play():
                yield from self._play(leg, request)
            case p.Stop():
                yield from self._stop(leg)
            case p.Disconnect():
                self._part(leg)
                leg.hears = []
            case p.Hear():
                self._hear(leg, request)
            case p.Gain() | p.Hold() | p.Hide():
                self._change(leg, request)
            case p.SendDigits():
                yield from self._send_digits(leg, request)
            case _:
                assert_never(request)
        yield from self.settle(leg.call)

    def _change(self, leg: Leg, request: p.Gain | p.Hold | p.Hide) -> None:
        match request:
            case p.Gain():
                check_gain(request.spoken_db)
                check_gain(request.heard_db)
                leg.spoken_db, leg.heard_db = request.spoken_db, request.heard_db
            case p.Hold():
                leg.is_held = request.on
                self._expect(leg)
            case p.Hide():
                if request.what is p.Hidden.KEYS:
                    raise VerbRefused("behind rtpengine keys can't be held back by themselves")
                if leg.hidden is not p.Hidden.NOTHING:
                    # It stays led until our own plane has let the last key go by.
                    leg.dialling_until = self._house.now + HIDDEN_TAIL_S + DIALLING_SPARE_S
                leg.hidden = request.what

    def _get(self, name: str) -> Leg:
        call = self.calls.get(self.call_of.get(name, ""))
        if call is None or name not in call.legs:
            raise UnknownLeg(f"there is no session for the leg {name}")
        return call.legs[name]

    def settle(self, name: str) -> Work[None]:
        if name in self.calls:
            yield from self._wiring.settle(self.calls[name], lambda: self._house.now)

    def _offer(self, request: p.Offer) -> Work[p.Done]:
        call = self.calls.setdefault(request.call, Call(request.call, {}, {}, {}))
        leg = call.legs.get(request.leg)
        is_new = leg is None
        try:
            if leg is None:
                leg = yield from self._open(call, request)
            sdp = self._describe(leg, request)
            leg.record = request.record or leg.record
            leg.inband_dtmf = leg.inband_dtmf or request.inband_dtmf
            if is_new:
                leg.hidden = request.hidden
            yield from self.settle(call.name)
        except CallCentreError:
            if is_new:
                self._house.take_back(call, request.leg)
            raise
        return _described(request.rid, leg, sdp)

    def _open(self, call: Call, request: p.Offer) -> Work[Leg]:
        if request.reserve:
            self._house.admit()
        ssrc = request.ssrc or int.from_bytes(os.urandom(4), "big") or 1
        version = int(utc_now().timestamp())
        negotiation = Negotiation(LocalEnd(ssrc, version, "", 0))
        began_at = request.began_at or self._house.now
        leg = Leg(request.leg, request.call, negotiation, ssrc, began_at, request.reserve)
        address, port = yield from self._wiring.open(leg)
        if request.port and port != request.port:
            raise NoRtpPort(f"rtpengine has not kept the port {request.port} of {request.leg}")
        if request.port:  # it may still do what a driver before us asked of it
            yield from self._wiring.silence(leg)
            yield from self._wiring.deafen(leg)
        negotiation.local = replace(negotiation.local, address=address, port=port)
        call.legs[leg.leg] = leg
        self.call_of[leg.leg] = call.name
        self._expect(leg)
        return leg

    def _describe(self, leg: Leg, request: p.Offer) -> str:
        if not request.sdp:
            event_type = self._event_type_beside(leg)
            return leg.negotiation.offer(
                request.prefer, request.srtp, webrtc=request.webrtc, event_type=event_type
            )
        sdp = leg.negotiation.answer(request.sdp, request.srtp)
        self._expect(leg)
        return sdp

    def _event_type_beside(self, leg: Leg) -> int:
        """That of whom the leg will talk with, so that rtpengine can relay them directly."""
        others = (other.event_type for other in self.calls[leg.call].legs.values())
        return next((each for each in others if each is not None), DEFAULT_EVENT_TYPE)

    def _answer(self, request: p.Answer) -> Work[p.Done]:
        leg = self._get(request.leg)
        leg.negotiation.accept(request.sdp)
        leg.record = request.record or leg.record
        self._expect(leg)
        yield from self.settle(leg.call)
        return _described(request.rid, leg, "")

    def _release(self, request: p.Release) -> Work[p.Done]:
        call = self.calls.get(self.call_of.pop(request.leg, ""))
        leg = None if call is None else call.legs.get(request.leg)
        if call is None or leg is None:
            return p.Done(rid=request.rid)
        reply = yield self._wiring.command(call.name, "query", from_tag=leg.leg)
        self._part(leg)
        del call.legs[leg.leg]
        for other in call.legs.values():
            other.hears = [source for source in other.hears if source.leg != leg.leg]
        with suppress(CallCentreError):  # of the others: whoever asks for them next is told
            yield from self.settle(call.name)
        heard = self._end_in_own_plane(call, leg)
        yield from self.forget(call, leg.leg)
        count = packets_by_tag(reply).get(leg.leg, 0)
        return p.Done(rid=request.rid, stats=_figures(count, heard))

    def _end_in_own_plane(self, call: Call, leg: Leg) -> p.LegStats | None:
        """Gives what was measured of the copy of what the phone said, if there was one."""
        call.ears.pop(leg.leg, None)
        self._inner(p.Release(rid=0, leg=leg.led_name))
        ended = self._inner(p.Release(rid=0, leg=leg.ear_name))
        return ended.stats if isinstance(ended, p.Done) else None

    def forget(self, call: Call, leg: str) -> Work[None]:
        """At rtpengine; with its last leg the whole call. It is no matter if it was gone."""
        if leg in call.legs:
            return  # made after all, by a repeated offer
        if call.legs:
            yield self._wiring.command(call.name, "delete", from_tag=leg, delete_delay=0)
            return
        yield self._wiring.command(call.name, "delete", delete_delay=0)
        if not call.legs and self.calls.get(call.name) is call:
            del self.calls[call.name]
            self._house.call_ended(call.name)

    def _connect(self, a: Leg, b: Leg) -> Work[None]:
        if a.call != b.call:
            raise VerbRefused(f"{a.leg} and {b.leg} are legs of two calls")
        for leg, other in ((a, b), (b, a)):
            if leg.connected and leg.connected != other.leg:
                self._part(leg)
        a.connected, b.connected = b.leg, a.leg
        yield from self.settle(a.call)

    def _part(self, leg: Leg) -> None:
        other = self.calls[leg.call].legs.get(leg.connected)
        leg.connected = ""
        if other is not None:
            other.connected = ""

    def _hear(self, leg: Leg, request: p.Hear) -> None:
        for source in request.sources:
            if self._get(source.leg).call != leg.call:
                raise VerbRefused(f"{source.leg} and {leg.leg} are legs of two calls")
            if source.leg == leg.leg:
                raise VerbRefused(f"the leg {leg.leg} cannot be mixed with itself")
            check_gain(source.gain_db)
        leg.hears = list(request.sources)

    def _send_digits(self, leg: Leg, request: p.SendDigits) -> Work[None]:
        terms = leg.negotiation.terms
        if not is_digits(request.digits):
            raise VerbRefused(f"{request.digits!r} are not telephone digits")
        if terms is None or terms.event_type is None:
            raise VerbRefused(f"the peer of the leg {leg.leg} takes no digits")
        begins_at = max(leg.dialling_until, self._house.now + DIALLING_SPARE_S)
        leg.dialling_until = begins_at + DIGIT_S * len(request.digits)
        yield from self.settle(leg.call)
        reply = self._inner(p.SendDigits(rid=0, leg=leg.led_name, digits=request.digits))
        if isinstance(reply, p.Failed):
            raise MediaRefused(reply.sentence, reply.status)

    def _play(self, leg: Leg, request: p.Play) -> Work[None]:
        self._jukebox.file(request.items)  # what cannot be played is refused before anything stops
        if leg.playing is not None and leg.playing.play.play_id == request.play_id:
            return
        yield from self._stop(leg)
        if request.items:
            leg.playing = Playing(request)
        else:
            self._house.play_ended(leg.leg, request.play_id)

    def _stop(self, leg: Leg) -> Work[None]:
        if leg.playing is not None and leg.playing.is_begun:
            yield from self._wiring.silence(leg)
        leg.playing = None

    def _tap(self, request: p.Tap) -> Work[None]:
        left, right = self._get(request.left), self._get(request.right)
        taps = self.calls[left.call].taps
        before = taps.get(request.tap_id)
        taps[request.tap_id] = request
        try:
            yield from self.settle(left.call)
            ears = [self._get(leg).ear_name for leg in request.beside]
            own = msgspec.structs.replace(
                request, left=left.ear_name, right=right.ear_name, beside=ears
            )
            self._own(own)
        except CallCentreError:
            taps.pop(request.tap_id, None)
            if before is not None:
                taps[request.tap_id] = before
            raise

    def _listen_in(self, leg: Leg, request: p.ListenIn) -> Work[None]:
        leg.listened.setdefault(request.listen_id, False)
        try:
            yield from self.settle(leg.call)
            self._own(msgspec.structs.replace(request, leg=leg.ear_name))
        except CallCentreError:
            del leg.listened[request.listen_id]
            with suppress(CallCentreError):
                yield from self.settle(leg.call)
            raise
        leg.listened[request.listen_id] = True

    def _own(self, request: p.Request) -> None:
        reply = self._inner(request)
        if isinstance(reply, p.Failed):
            raise MediaRefused(reply.sentence, reply.status)

    def _untap(self, name: str, request: p.Untap) -> Work[None]:
        self._inner(request)
        call = self.calls.get(name)
        if call is not None:
            call.taps.pop(request.tap_id, None)
            yield from self.settle(name)

    def _expect(self, leg: Leg) -> None:
        leg.heard_at, leg.is_lost_told = self._house.now, False


def _described(rid: int, leg: Leg, sdp: str) -> p.Done:
    terms = leg.negotiation.terms
    return p.Done(
        rid=rid,
        sdp=sdp,
        codec=terms.codec if terms else "",
        peer_direction=terms.direction.value if terms else "sendrecv",
        port=leg.negotiation.local.port,
        ssrc=leg.ssrc,
        began_at=leg.began_at,
    )


def _figures(packets: int, heard: p.LegStats | None) -> p.LegStats:
    """rtpengine counts packets; loss and jitter are known of what was copied for a recording."""
    if heard is None:
        return p.LegStats(packets_received=packets)
    return p.LegStats(
        packets_received=packets,
        packets_lost=heard.packets_lost,
        jitter_ms=heard.jitter_ms,
        mos=heard.mos,
    )
