"""Core's verbs done by rtpengine: what each changes of its leg, then `Wiring.settle` does the rest.

A verb that names an unknown leg fails with 481, except `Release` and `Untap`. The verbs of a call
are done one after the other, each answered when rtpengine has done it (`Works`); time comes in by
`tick`, and what happens leaves by `tell` as numbered events, like a worker's.
"""

import os
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TypeAlias, assert_never

import msgspec

from foundation.clock import utc_now
from foundation.errors import CallCentreError, Overloaded
from telephony.media import protocol as p
from telephony.media.admission import Admission, committed_legs
from telephony.media.desired import Desired
from telephony.media.dtmf import is_digits
from telephony.media.errors import MediaRefused, NoRtpPort, UnknownLeg, VerbRefused
from telephony.media.mixing import check_gain
from telephony.media.negotiation import LocalEnd, Negotiation
from telephony.media.rtpengine.digits import DigitLine
from telephony.media.rtpengine.legs import Leg, Playing
from telephony.media.rtpengine.listing import listed, without_record
from telephony.media.rtpengine.ng import Command, NgClient, Reply
from telephony.media.rtpengine.watch import Watch, packets_by_tag
from telephony.media.rtpengine.wiring import Call, CallUnknown, Inner, Jukebox, Wiring
from telephony.media.rtpengine.works import Work, Works

ENDED_TAPS_KEPT = 100
DIGIT_S = 0.16
"A digit and the pause after it, as our own plane sends them."
DIALLING_SPARE_S = 0.3
PING = "ping"
"Stands for a call among those whose works are under way; calls' names have a dash."

Answer: TypeAlias = p.Done | p.Failed
_LegRequest: TypeAlias = (
    p.Keep | p.Play | p.Stop | p.Disconnect | p.Hear | p.Gain | p.Hold | p.SendDigits
)


class Driver:
    """All calls of one rtpengine."""

    def __init__(
        self,
        wiring: Wiring,
        inner: Inner,
        jukebox: Jukebox,
        admission: Admission,
        watch: Watch,
        prefix: str,
        tell: Callable[[p.Event], None],
        transmit: Callable[[bytes], None],
        ng: NgClient,
    ) -> None:
        self._wiring = wiring
        self._inner = inner
        self._jukebox = jukebox
        self._admission = admission
        self._watch = watch
        self._prefix = prefix
        self._tell = tell
        self._transmit = transmit
        self._ng = ng
        self._works: Works[Answer] = Works(self._send)
        self._calls: dict[str, Call] = {}
        self._call_of: dict[str, str] = {}
        "By leg, from the moment that it is asked for."
        self._digits = DigitLine()
        self._wanted = Desired()
        self._ended_taps: deque[p.TapEnded] = deque(maxlen=ENDED_TAPS_KEPT)
        self._now = 0.0
        self._seq = 0

    # -- verbs ------------------------------------------------------------------------------------

    def handle(self, request: p.Request, now: float, on_reply: Callable[[Answer], None]) -> None:
        """`on_reply` is called exactly once, maybe before this returns."""
        self._now = now
        match request:
            case p.ListSessions():
                self._works.after_all(lambda: on_reply(self._list(request.rid)))
            case p.Drain():
                self._admission.is_draining = request.on
                self._wanted.granted(request, p.Done(rid=request.rid))
                on_reply(p.Done(rid=request.rid))
            case _:
                call = self._call_for(request)
                self._works.begin(call, self._answered(call, request), on_reply)

    def _call_for(self, request: p.Request) -> str:
        match request:
            case p.Offer(leg=leg, call=call):
                return self._call_of.setdefault(leg, call)
            case p.Connect(a=leg) | p.Tap(left=leg):
                return self._call_of.get(leg, "")
            case p.Untap(tap_id=tap_id):
                tapped = (name for name, call in self._calls.items() if tap_id in call.taps)
                return next(tapped, "")
            case p.Hello() | p.ListSessions() | p.Drain():
                return ""
            case _:
                return self._call_of.get(request.leg, "")

    def _answered(self, name: str, request: p.Request) -> Work[Answer]:
        try:
            done = yield from self._do(name, request)
        except CallUnknown as error:
            self._lose(name)
            return p.Failed(rid=request.rid, status=481, sentence=str(error))
        except CallCentreError as error:
            return p.Failed(rid=request.rid, status=error.sip_status, sentence=str(error))
        self._wanted.granted(request, done)
        return done

    def _do(self, name: str, request: p.Request) -> Work[p.Done]:
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
            case p.Connect():
                yield from self._connect(self._get(request.a), self._get(request.b))
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
            case p.Gain():
                check_gain(request.spoken_db)
                check_gain(request.heard_db)
                leg.spoken_db, leg.heard_db = request.spoken_db, request.heard_db
            case p.Hold():
                leg.is_held = request.on
                self._expect(leg)
            case p.SendDigits():
                yield from self._send_digits(leg, request)
            case _:
                assert_never(request)
        yield from self._settle(leg.call)

    def _get(self, name: str) -> Leg:
        call = self._calls.get(self._call_of.get(name, ""))
        if call is None or name not in call.legs:
            raise UnknownLeg(f"there is no session for the leg {name}")
        return call.legs[name]

    def _settle(self, name: str) -> Work[None]:
        if name in self._calls:
            yield from self._wiring.settle(self._calls[name], self._now)

    # -- legs -------------------------------------------------------------------------------------

    def _offer(self, request: p.Offer) -> Work[p.Done]:
        call = self._calls.setdefault(request.call, Call(request.call, {}, {}, {}))
        leg = call.legs.get(request.leg)
        is_new = leg is None
        try:
            if leg is None:
                leg = yield from self._open(call, request)
            sdp = self._describe(leg, request)
            leg.record = request.record or leg.record
            leg.inband_dtmf = leg.inband_dtmf or request.inband_dtmf
            yield from self._settle(call.name)
        except CallCentreError:
            if is_new:
                self._take_back(call, request.leg)
            raise
        return _described(request.rid, leg, sdp)

    def _open(self, call: Call, request: p.Offer) -> Work[Leg]:
        if request.reserve:
            self._admit()
        ssrc = request.ssrc or int.from_bytes(os.urandom(4), "big") or 1
        version = int(utc_now().timestamp())
        negotiation = Negotiation(LocalEnd(ssrc, version, "", 0))
        began_at = request.began_at or self._now
        leg = Leg(request.leg, request.call, negotiation, ssrc, began_at, request.reserve)
        address, port = yield from self._wiring.open(leg)
        if request.port and port != request.port:
            raise NoRtpPort(f"rtpengine has not kept the port {request.port} of {request.leg}")
        if request.port:  # it may still do what a driver before us asked of it
            yield from self._wiring.silence(leg)
            yield from self._wiring.deafen(leg)
        negotiation.local = replace(negotiation.local, address=address, port=port)
        call.legs[leg.leg] = leg
        self._expect(leg)
        return leg

    def _admit(self) -> None:
        refusal = self.refusal()
        if refusal is not None:
            raise Overloaded(refusal)
        self._admission.admitted()

    def refusal(self) -> str | None:
        """Why no new caller is taken; None: there is room."""
        if self._watch.is_away:
            return "rtpengine does not answer"
        legs = [(leg.call, leg.is_reserving) for leg in self._legs()]
        return self._admission.refusal(committed_legs(legs))

    def _describe(self, leg: Leg, request: p.Offer) -> str:
        if not request.sdp:
            return leg.negotiation.offer(request.prefer, secure=request.srtp)
        sdp = leg.negotiation.answer(request.sdp)
        self._expect(leg)
        return sdp

    def _take_back(self, call: Call, name: str) -> None:
        """A leg that could not be made; core is not to wait for the end of it."""
        call.legs.pop(name, None)
        self._call_of.pop(name, None)
        self._works.begin(call.name, self._forgotten(call, name), lambda _: None)

    def _forgotten(self, call: Call, name: str) -> Work[Answer]:
        yield from self._forget(call, name)
        return p.Done(rid=0)

    def _answer(self, request: p.Answer) -> Work[p.Done]:
        leg = self._get(request.leg)
        leg.negotiation.accept(request.sdp)
        leg.record = request.record or leg.record
        self._expect(leg)
        yield from self._settle(leg.call)
        return _described(request.rid, leg, "")

    def _release(self, request: p.Release) -> Work[p.Done]:
        call = self._calls.get(self._call_of.pop(request.leg, ""))
        leg = None if call is None else call.legs.get(request.leg)
        if call is None or leg is None:
            return p.Done(rid=request.rid)
        reply = yield self._wiring.command(call.name, "query", from_tag=leg.leg)
        self._part(leg)
        del call.legs[leg.leg]
        for other in call.legs.values():
            other.hears = [source for source in other.hears if source.leg != leg.leg]
        with suppress(CallCentreError):  # of the others: whoever asks for them next is told
            yield from self._settle(call.name)
        heard = self._end_in_own_plane(call, leg)
        yield from self._forget(call, leg.leg)
        count = packets_by_tag(reply).get(leg.leg, 0)
        return p.Done(rid=request.rid, stats=_figures(count, heard))

    def _end_in_own_plane(self, call: Call, leg: Leg) -> p.LegStats | None:
        """Gives what was measured of the copy of what the phone said, if there was one."""
        call.ears.pop(leg.leg, None)
        self._inner(p.Release(rid=0, leg=leg.led_name))
        ended = self._inner(p.Release(rid=0, leg=leg.ear_name))
        return ended.stats if isinstance(ended, p.Done) else None

    def _forget(self, call: Call, leg: str) -> Work[None]:
        """At rtpengine; with its last leg the whole call. It is no matter if it was gone."""
        if call.legs:
            yield self._wiring.command(call.name, "delete", from_tag=leg, delete_delay=0)
            return
        yield self._wiring.command(call.name, "delete", delete_delay=0)
        if not call.legs and self._calls.get(call.name) is call:
            del self._calls[call.name]
            self._digits.forget(self._prefix + call.name)

    def _connect(self, a: Leg, b: Leg) -> Work[None]:
        if a.call != b.call:
            raise VerbRefused(f"{a.leg} and {b.leg} are legs of two calls")
        for leg, other in ((a, b), (b, a)):
            if leg.connected and leg.connected != other.leg:
                self._part(leg)
        a.connected, b.connected = b.leg, a.leg
        yield from self._settle(a.call)

    def _part(self, leg: Leg) -> None:
        other = self._calls[leg.call].legs.get(leg.connected)
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
        leg.dialling_until = self._now + DIGIT_S * len(request.digits) + DIALLING_SPARE_S
        yield from self._settle(leg.call)
        reply = self._inner(p.SendDigits(rid=0, leg=leg.led_name, digits=request.digits))
        if isinstance(reply, p.Failed):
            raise MediaRefused(reply.sentence, reply.status)

    # -- playing ----------------------------------------------------------------------------------

    def _play(self, leg: Leg, request: p.Play) -> Work[None]:
        self._jukebox.file(request.items)  # what cannot be played is refused before anything stops
        if leg.playing is not None and leg.playing.play.play_id == request.play_id:
            return
        yield from self._stop(leg)
        if request.items:
            leg.playing = Playing(request)
        else:
            self._play_ended(leg.leg, request.play_id)

    def _stop(self, leg: Leg) -> Work[None]:
        if leg.playing is not None and leg.playing.is_begun:
            yield from self._wiring.silence(leg)
        leg.playing = None

    def _play_ended(self, leg: str, play_id: str) -> None:
        self._wanted.play_ended(leg, play_id)
        self._tell(p.PlayEnded(seq=self._next_seq(), leg=leg, play_id=play_id))

    # -- taps -------------------------------------------------------------------------------------

    def _tap(self, request: p.Tap) -> Work[None]:
        left, right = self._get(request.left), self._get(request.right)
        taps = self._calls[left.call].taps
        if request.tap_id in taps:
            return
        taps[request.tap_id] = request
        try:
            yield from self._settle(left.call)
            self._own(msgspec.structs.replace(request, left=left.ear_name, right=right.ear_name))
        except CallCentreError:
            taps.pop(request.tap_id, None)
            raise

    def _own(self, request: p.Request) -> None:
        reply = self._inner(request)
        if isinstance(reply, p.Failed):
            raise MediaRefused(reply.sentence, reply.status)

    def _untap(self, name: str, request: p.Untap) -> Work[None]:
        self._inner(request)
        call = self._calls.get(name)
        if call is not None:
            call.taps.pop(request.tap_id, None)
            yield from self._settle(name)

    # -- facts ------------------------------------------------------------------------------------

    def on_own_event(self, event: p.Event, now: float) -> None:
        """What our own plane tells of led legs, ears and recordings."""
        self._now = now
        match event:
            case p.DigitHeard(leg=name, digit=digit, at_s=at_s):
                leg = self._find(name, "~e")
                if leg is not None and leg.inband_dtmf:
                    self._digit_heard(leg, digit, at_s)
            case p.PlayEnded(leg=name, play_id=play_id):
                leg = self._find(name, "~m")
                if leg is not None and _plays(leg, play_id):
                    self._end_playing(leg)
            case p.TapEnded():
                self._tap_ended(event)
            case p.TapTroubled():
                self._tell(msgspec.structs.replace(event, seq=self._next_seq()))
            case p.MediaLost() | p.Load():
                pass  # whether a phone is silent only rtpengine knows; the load is the shell's
            case _:
                assert_never(event)

    def _find(self, session: str, kind: str) -> Leg | None:
        name = session.removesuffix(kind)
        call = self._calls.get(self._call_of.get(name, ""))
        return None if call is None else call.legs.get(name)

    def _tap_ended(self, event: p.TapEnded) -> None:
        for call in self._calls.values():
            call.taps.pop(event.tap_id, None)
        self._wanted.tap_ended(event.tap_id)
        ended = msgspec.structs.replace(event, seq=self._next_seq())
        self._ended_taps.append(ended)
        self._tell(ended)

    def _end_playing(self, leg: Leg) -> None:
        if leg.playing is not None:
            play_id = leg.playing.play.play_id
            leg.playing = None
            self._play_ended(leg.leg, play_id)
            self._settle_later(leg.call)

    def _settle_later(self, name: str) -> None:
        self._works.begin(name, self._answered_settling(name), lambda _: None)

    def _answered_settling(self, name: str) -> Work[Answer]:
        try:
            yield from self._settle(name)
        except CallUnknown:
            self._lose(name)
        except CallCentreError as error:
            return p.Failed(rid=0, status=error.sip_status, sentence=str(error))
        return p.Done(rid=0)

    def on_digit(self, data: bytes, now: float) -> None:
        """A datagram of rtpengine's `--dtmf-log-dest`."""
        digit = self._digits.feed(data, now)
        if digit is None or not digit.call.startswith(self._prefix):
            return
        leg = self._find(digit.tag, "")
        # Where the audio is searched for digits, those that come as events are found there too.
        if leg is not None and self._prefix + leg.call == digit.call and not leg.inband_dtmf:
            self._digit_heard(leg, digit.key, now - digit.length_s)

    def _digit_heard(self, leg: Leg, digit: str, at_s: float) -> None:
        self._tell(p.DigitHeard(seq=self._next_seq(), leg=leg.leg, digit=digit, at_s=at_s))

    def _next_seq(self) -> int:
        self._seq += 1
        return self._seq

    # -- rtpengine and time -----------------------------------------------------------------------

    def _send(self, command: Command) -> str:
        cookie, data = self._ng.send(command, self._now)
        self._transmit(data)
        return cookie

    def on_ng(self, data: bytes, now: float) -> None:
        """A datagram of rtpengine's ng port."""
        self._now = now
        settled = self._ng.receive(data)
        if settled is not None:
            self._settled(*settled)

    def _settled(self, cookie: str, reply: Reply) -> None:
        self._watch.answered(self._now, is_answer=not reply.is_unanswered)
        self._works.settle(cookie, reply)

    def tick(self, now: float) -> None:
        """Ten times a second, and at `deadline`."""
        self._now = now
        again, given_up = self._ng.tick(now)
        for data in again:
            self._transmit(data)
        for cookie, reply in given_up:
            self._settled(cookie, reply)
        for leg in self._legs():
            self._tick_leg(leg)
        self._look_after_calls()

    @property
    def deadline(self) -> float | None:
        plays = (leg.playing.ends_at for leg in self._legs() if leg.playing is not None)
        ends = [at for at in (*plays, self._ng.deadline) if at is not None]
        return min(ends, default=None)

    def _tick_leg(self, leg: Leg) -> None:
        ends_at = leg.playing.ends_at if leg.playing is not None else None
        if ends_at is not None and ends_at <= self._now:
            self._end_playing(leg)
        if leg.dialling_until and leg.dialling_until <= self._now:
            leg.dialling_until = 0.0
            self._settle_later(leg.call)
        if leg.should_send and not leg.is_lost_told and self._watch.is_silent(leg, self._now):
            self._tell_lost(leg)

    def _look_after_calls(self) -> None:
        if self._watch.is_ping_due(self._now) and not self._works.is_busy(PING):
            self._works.begin(PING, self._ping(), lambda _: None)
        for name in self._watch.due(self._calls, self._now):
            if not self._works.is_busy(name):
                self._works.begin(name, self._look_after(name), lambda _: None)
        if self._watch.is_given_up(self._now):
            for name in list(self._calls):
                self._lose(name)

    def _ping(self) -> Work[Answer]:
        yield Command("ping")
        return p.Done(rid=0)

    def _look_after(self, name: str) -> Work[Answer]:
        reply = yield self._wiring.command(name, "query")
        call = self._calls.get(name)
        if reply.is_unknown_call and call is not None:
            self._watch.hurry()  # the others are likely to be gone as well
            self._lose(name)
        elif reply.is_done and call is not None:
            self._watch.counted(call, packets_by_tag(reply), self._now)
        return p.Done(rid=0)

    def close(self, now: float) -> None:
        """The end of the process, in which no answer is waited for."""
        self._now = now
        for name in self._calls:
            self._send(self._wiring.command(name, "delete", delete_delay=0))

    def _expect(self, leg: Leg) -> None:
        leg.heard_at, leg.is_lost_told = self._now, False

    def _lose(self, name: str) -> None:
        """rtpengine has nothing of the call any more."""
        call = self._calls.get(name)
        for leg in call.legs.values() if call is not None else ():
            leg.pairing = None
            if not leg.is_lost_told:
                self._tell_lost(leg)

    def _tell_lost(self, leg: Leg) -> None:
        leg.is_lost_told = True
        self._tell(p.MediaLost(seq=self._next_seq(), leg=leg.leg))

    def _legs(self) -> list[Leg]:
        return [leg for call in self._calls.values() for leg in call.legs.values()]

    def tell_load(self) -> None:
        self._tell(
            p.Load(
                seq=self._next_seq(),
                legs=len(self._legs()),
                busy=round(self._admission.busy, 3),
                late_ticks=self._admission.late_ticks,
                admitting=self.refusal() is None,
            )
        )

    def _list(self, rid: int) -> p.Done:
        return p.Done(
            rid=rid,
            sessions=[listed(leg, self._calls[leg.call], self._wanted) for leg in self._legs()],
            wanted=[without_record(each) for each in self._wanted.requests()],
            ended_taps=list(self._ended_taps),
        )


def _plays(leg: Leg, play_id: str) -> bool:
    return leg.playing is not None and leg.playing.play.play_id == play_id


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
