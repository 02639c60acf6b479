"""A media worker's inside, made of an rtpengine: requests, datagrams and time in, facts out.

The verbs of a call are done one after the other, each answered when rtpengine has done it
(`Works`); time comes in by `tick`, and what happens leaves by `tell` as numbered events, like a
worker's.
"""

from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeAlias, assert_never

import msgspec

from foundation.errors import CallCentreError, Overloaded
from telephony.media import protocol as p
from telephony.media.admission import Admission, committed_legs
from telephony.media.desired import Desired
from telephony.media.last_words import LastWords
from telephony.media.rtpengine.digits import DigitLine
from telephony.media.rtpengine.legs import Leg
from telephony.media.rtpengine.listing import listed, without_record
from telephony.media.rtpengine.ng import Command, NgClient, Reply
from telephony.media.rtpengine.verbs import Verbs
from telephony.media.rtpengine.watch import Watch, packets_by_tag
from telephony.media.rtpengine.wiring import Call, CallUnknown, Inner, Jukebox, Wiring
from telephony.media.rtpengine.works import Work, Works

PING = "ping"
"Stands for a call among those whose works are under way; calls' names have a dash."

Answer: TypeAlias = p.Done | p.Failed


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
        is_listening: Callable[[str], bool],
    ) -> None:
        """`is_listening`: whether our own plane still streams for this `ListenIn`; no event tells
        its end."""
        self._wiring = wiring
        self._admission = admission
        self._watch = watch
        self._prefix = prefix
        self._tell = tell
        self._transmit = transmit
        self._ng = ng
        self._is_listening = is_listening
        self._works: Works[Answer] = Works(self._send)
        self._verbs = Verbs(wiring, inner, jukebox, self)
        self._digits = DigitLine()
        self._wanted = Desired()
        self._last = LastWords()
        self._given_up: deque[tuple[str, Reply]] = deque()
        "Commands that nobody has answered; after a fault over one the rest are settled next time."
        self.now = 0.0
        self._seq = 0

    # -- verbs ------------------------------------------------------------------------------------

    def handle(self, request: p.Request, now: float, on_reply: Callable[[Answer], None]) -> None:
        """`on_reply` is called exactly once, maybe before this returns."""
        self.now = now
        match request:
            case p.ListSessions():
                self._works.after_all(lambda: on_reply(self._list(request.rid)))
            case p.Drain():
                self._admission.is_draining = request.on
                self._wanted.granted(request, p.Done(rid=request.rid))
                on_reply(p.Done(rid=request.rid))
            case _:
                call = self._call_for(request)
                if isinstance(request, p.Release) and call:
                    self._last.released(request, call)
                self._works.begin(call, self._answered(call, request), on_reply)

    def _call_for(self, request: p.Request) -> str:
        match request:
            case p.Offer(leg=leg, call=call):
                return self._verbs.call_of.setdefault(leg, call)
            case p.Connect(a=leg) | p.Tap(left=leg):
                return self._verbs.call_of.get(leg, "")
            case p.Untap(tap_id=tap_id) | p.PauseTap(tap_id=tap_id):
                tapped = (name for name, call in self._verbs.calls.items() if tap_id in call.taps)
                return next(tapped, "")
            case p.Hello() | p.ListSessions() | p.Drain():
                return ""
            case _:
                return self._verbs.call_of.get(request.leg, "")

    def _answered(self, name: str, request: p.Request) -> Work[Answer]:
        try:
            done = yield from self._verbs.do(name, request)
        except CallUnknown as error:
            self._lose(name)
            return p.Failed(rid=request.rid, status=481, sentence=str(error))
        except CallCentreError as error:
            return p.Failed(rid=request.rid, status=error.sip_status, sentence=str(error))
        self._wanted.granted(request, done)
        return done

    # -- what the verbs need ----------------------------------------------------------------------

    def admit(self) -> None:
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

    def take_back(self, call: Call, name: str) -> None:
        """A leg that could not be made; core is not to wait for the end of it."""
        call.legs.pop(name, None)
        self._verbs.call_of.pop(name, None)
        self._works.begin(call.name, self._forgotten(call, name), lambda _: None)

    def _forgotten(self, call: Call, name: str) -> Work[Answer]:
        yield from self._verbs.forget(call, name)
        return p.Done(rid=0)

    def play_ended(self, leg: str, play_id: str) -> None:
        self._wanted.play_ended(leg, play_id)
        self._tell(p.PlayEnded(seq=self._next_seq(), leg=leg, play_id=play_id))

    def call_ended(self, name: str) -> None:
        self._digits.forget(self._prefix + name)

    # -- facts ------------------------------------------------------------------------------------

    def on_own_event(self, event: p.Event, now: float) -> None:
        """What our own plane tells of led legs, ears and recordings."""
        self.now = now
        match event:
            case p.DigitHeard(leg=name, digit=digit, at_s=at_s):
                leg = self._find(name, "~e")
                if leg is not None and leg.is_searched:
                    self._digit_heard(leg, digit, at_s)
            case p.PlayEnded(leg=name, play_id=play_id):
                leg = self._find(name, "~m")
                if leg is not None and _plays(leg, play_id):
                    self._end_playing(leg)
            case p.TapEnded():
                self._tap_ended(event)
            case p.TapTroubled():
                self._tell(msgspec.structs.replace(event, seq=self._next_seq()))
            case p.MediaLost() | p.Load() | p.Secured():
                # Whether a phone is silent only rtpengine knows; the load is the shell's; no
                # browser is led to our own plane.
                pass
            case _:
                assert_never(event)

    def _find(self, session: str, kind: str) -> Leg | None:
        name = session.removesuffix(kind)
        call = self._verbs.calls.get(self._verbs.call_of.get(name, ""))
        return None if call is None else call.legs.get(name)

    def _tap_ended(self, event: p.TapEnded) -> None:
        for call in self._verbs.calls.values():
            call.taps.pop(event.tap_id, None)
        self._wanted.tap_ended(event.tap_id)
        ended = msgspec.structs.replace(event, seq=self._next_seq())
        self._last.taps.append(ended)
        self._tell(ended)

    def _end_playing(self, leg: Leg) -> None:
        if leg.playing is not None:
            play_id = leg.playing.play.play_id
            leg.playing = None
            self.play_ended(leg.leg, play_id)
            self._settle_later(leg.call)

    def _settle_later(self, name: str) -> None:
        self._works.begin(name, self._answered_settling(name), lambda _: None)

    def _answered_settling(self, name: str) -> Work[Answer]:
        try:
            yield from self._verbs.settle(name)
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
        if leg is not None and self._prefix + leg.call == digit.call and not leg.is_searched:
            self._digit_heard(leg, digit.key, now - digit.length_s)

    def _digit_heard(self, leg: Leg, digit: str, at_s: float) -> None:
        self._tell(p.DigitHeard(seq=self._next_seq(), leg=leg.leg, digit=digit, at_s=at_s))

    def _next_seq(self) -> int:
        self._seq += 1
        return self._seq

    # -- rtpengine and time -----------------------------------------------------------------------

    def _send(self, command: Command) -> str:
        cookie, data = self._ng.send(command, self.now)
        self._transmit(data)
        return cookie

    def on_ng(self, data: bytes, now: float) -> None:
        """A datagram of rtpengine's ng port."""
        self.now = now
        settled = self._ng.receive(data)
        if settled is not None:
            self._settled(*settled)

    def _settled(self, cookie: str, reply: Reply) -> None:
        self._watch.answered(self.now, is_answer=not reply.is_unanswered)
        self._works.settle(cookie, reply)

    def due(self, now: float) -> Iterator[Callable[[], None]]:
        """What is to be done ten times a second, and at `deadline`; one by one, so that a fault
        over one call costs no other."""
        self.now = now
        yield self._ask_again
        for leg in self._legs():
            yield partial(self._tick_leg, leg)
        yield self._look_after_calls

    def _ask_again(self) -> None:
        again, given_up = self._ng.tick(self.now)
        for data in again:
            self._transmit(data)
        self._given_up.extend(given_up)
        while self._given_up:
            self._settled(*self._given_up.popleft())

    @property
    def deadline(self) -> float | None:
        plays = (leg.playing.ends_at for leg in self._legs() if leg.playing is not None)
        ends = [at for at in (*plays, self._ng.deadline) if at is not None]
        return min(ends, default=None)

    def _tick_leg(self, leg: Leg) -> None:
        ends_at = leg.playing.ends_at if leg.playing is not None else None
        if ends_at is not None and ends_at <= self.now:
            self._end_playing(leg)
        if leg.dialling_until and leg.dialling_until <= self.now:
            leg.dialling_until = 0.0
            self._settle_later(leg.call)
        over = [
            who
            for who, has_begun in leg.listened.items()
            if has_begun and not self._is_listening(who)
        ]
        if over:
            for who in over:
                del leg.listened[who]
            self._settle_later(leg.call)
        if leg.should_send and not leg.is_lost_told and self._watch.is_silent(leg, self.now):
            self._tell_lost(leg, is_silent=True)

    def _look_after_calls(self) -> None:
        if self._watch.is_ping_due(self.now) and not self._works.is_busy(PING):
            self._works.begin(PING, self._ping(), lambda _: None)
        for name in self._watch.due(self._verbs.calls, self.now):
            if not self._works.is_busy(name):
                self._works.begin(name, self._look_after(name), lambda _: None)
        if self._watch.is_given_up(self.now):
            for name in list(self._verbs.calls):
                self._lose(name)

    def _ping(self) -> Work[Answer]:
        yield Command("ping")
        return p.Done(rid=0)

    def _look_after(self, name: str) -> Work[Answer]:
        reply = yield self._wiring.command(name, "query")
        call = self._verbs.calls.get(name)
        if reply.is_unknown_call and call is not None:
            self._watch.hurry()  # the others are likely to be gone as well
            self._lose(name)
        elif reply.is_done and call is not None:
            self._watch.counted(call, packets_by_tag(reply), self.now)
        return p.Done(rid=0)

    def close(self, now: float) -> None:
        """The end of the process, in which no answer is waited for."""
        self.now = now
        for name in self._verbs.calls:
            self._send(self._wiring.command(name, "delete", delete_delay=0))

    def _lose(self, name: str) -> None:
        """rtpengine has nothing of the call any more."""
        call = self._verbs.calls.get(name)
        for leg in call.legs.values() if call is not None else ():
            leg.pairing = None
            if not leg.is_lost_told:
                self._tell_lost(leg)

    def _tell_lost(self, leg: Leg, *, is_silent: bool = False) -> None:
        leg.is_lost_told = True
        self._tell(p.MediaLost(seq=self._next_seq(), leg=leg.leg, is_silent=is_silent))

    def _legs(self) -> list[Leg]:
        return [leg for call in self._verbs.calls.values() for leg in call.legs.values()]

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
            sessions=[
                listed(leg, self._verbs.calls[leg.call], self._wanted) for leg in self._legs()
            ],
            wanted=[without_record(each) for each in self._wanted.requests()],
            ended_taps=list(self._last.taps),
            ended_calls=list(self._last.calls),
        )


def _plays(leg: Leg, play_id: str) -> bool:
    return leg.playing is not None and leg.playing.play.play_id == play_id
